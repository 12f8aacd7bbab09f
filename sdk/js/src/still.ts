import type { TrackKind } from './kinds.js';

/** @internal What is sent of one kind. */
export interface StillSource {
  readonly track: MediaStreamTrack;
  readonly sender: RTCRtpSender;
  /** Hands the track to the sender once more: a screen sends its picture to a sender that it is new to. */
  again(): Promise<void>;
}

/** Kinds whose picture may stand still for minutes. */
const KINDS = ['screen', 'canvas'] as const satisfies readonly TrackKind[];
const LOOK_MS = 100;
/** A source that sent nothing for so long sends its picture once more: keyframe requests may get lost. */
const SILENT_MS = 1_000;
/** After a change of who may see it, a source sends for so long. */
const SHOWN_MS = 500;

/** What was read of a sender, and when its picture was asked for. */
interface Reading {
  requests: number;
  keyframes: number;
  frames: number;
  framesAt: number;
  /** A keyframe was asked for, and none has been sent since. */
  wanted: boolean;
}

/**
 * @internal Makes sources that stand still send a picture when somebody needs one. A browser encodes a keyframe
 * that is asked for with the next frame of the source, and a canvas that nobody draws on has no next frame.
 */
export class StillSources {
  readonly #readings = new Map<MediaStreamTrack, Reading>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shownUntil = 0;

  constructor(private readonly source: (kind: TrackKind) => StillSource | undefined) {}

  /** Looks after what is published from now on; called whenever that changes. */
  update(): void {
    if (this.#timer === undefined) this.#schedule();
  }

  /** Somebody came, or is elsewhere now: they may need a picture. */
  show(): void {
    this.#shownUntil = performance.now() + SHOWN_MS;
    for (const each of this.#sources()) renew(each).catch(() => {});
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#readings.clear();
  }

  #sources(): StillSource[] {
    return KINDS.flatMap((kind) => this.source(kind) ?? []).filter(({ track }) => track.enabled && track.readyState === 'live');
  }

  #schedule(): void {
    if (KINDS.every((kind) => !this.source(kind))) return this.stop();
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #look(): Promise<void> {
    const sources = this.#sources();
    for (const track of [...this.#readings.keys()]) if (!sources.some((each) => each.track === track)) this.#readings.delete(track);
    await Promise.all(sources.map((each) => this.#renewIfNeeded(each).catch(() => {})));
    if (this.#timer !== undefined) this.#schedule();
  }

  async #renewIfNeeded(source: StillSource): Promise<void> {
    const { track, sender } = source;
    const now = performance.now();
    const next = read([...(await sender.getStats()).values()] as Record<string, unknown>[]);
    const before = this.#readings.get(track) ?? { requests: 0, keyframes: 0, frames: -1, framesAt: now, wanted: true };
    const asked = next.requests > before.requests;
    const wanted = (before.wanted || asked) && next.keyframes <= before.keyframes;
    const framesAt = next.frames > before.frames ? now : before.framesAt;
    this.#readings.set(track, { ...next, framesAt, wanted });
    if (wanted || now < this.#shownUntil || now - framesAt > SILENT_MS) await renew(source);
  }
}

function read(stats: readonly Record<string, unknown>[]): { requests: number; keyframes: number; frames: number } {
  const sum = (...names: string[]): number =>
    stats.filter(({ type }) => type === 'outbound-rtp').reduce((all, entry) => all + names.reduce((part, name) => part + Number(entry[name] ?? 0), 0), 0);
  return { requests: sum('pliCount', 'firCount'), keyframes: sum('keyFramesEncoded'), frames: sum('framesEncoded') };
}

/** Makes a source send its picture once more. */
async function renew({ track, again }: StillSource): Promise<void> {
  const { canvas } = track as CanvasCaptureMediaStreamTrack;
  if (!canvas || !redraw(canvas)) await again();
}

/** Draws nothing on a canvas, which counts as a change; says whether that was possible. */
function redraw(canvas: HTMLCanvasElement): boolean {
  const paper = context(canvas);
  if (!paper) return false;
  paper.save();
  paper.setTransform(1, 0, 0, 1, 0, 0);
  paper.globalCompositeOperation = 'source-over';
  paper.filter = 'none';
  paper.shadowColor = paper.fillStyle = 'rgba(0,0,0,0)';
  paper.fillRect(0, 0, 1, 1);
  paper.restore();
  return true;
}

/** The canvas may have a context of another kind, or none of its own any more. */
function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  try {
    return canvas.getContext('2d');
  } catch {
    return null;
  }
}
