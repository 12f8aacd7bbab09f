import type { TrackKind } from './kinds.js';

/** @internal A track and the sender that it is sent by. */
export interface StillSource {
  readonly kind: TrackKind;
  readonly track: MediaStreamTrack;
  readonly sender: RTCRtpSender;
}

/** Kinds whose picture may stand still for minutes. */
const KINDS = ['screen', 'canvas'] as const satisfies readonly TrackKind[];
const LOOK_MS = 100;
/** Browsers answer with the same statistics for so long. */
const CACHED_MS = 50;
/** A moving source answers keyframe requests itself, so it is looked at less often. */
const LOOK_MOVING_MS = 300;
/** A source that sent nothing for so long sends its picture once more: keyframe requests may get lost. */
const SILENT_MS = 1_000;
/** After a change of who may see it, a still source sends for so long: the keyframe request is on its way. */
const SHOWN_MS = 500;
/** A refreshed source delivers its picture well within this time. */
const ATTACHED_MS = 100;

/** Counters from the statistics of a sender. */
interface Counts {
  requests: number;
  keyframes: number;
  frames: number;
}

interface Reading extends Counts {
  sender: RTCRtpSender;
  /** When `frames` last grew. */
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
  /** One for each kind: a screen and a canvas may need a picture at the same moment. */
  readonly #refreshers = new Map<TrackKind, Refresher>(KINDS.map((kind) => [kind, new Refresher()]));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shownUntil = 0;
  #lookedAt = 0;

  constructor(
    private readonly source: (kind: TrackKind) => StillSource | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Looks after what is published from now on; called whenever that changes. */
  update(): void {
    if (this.#timer === undefined) this.#schedule(0);
  }

  /** Shows the picture again: somebody joined or moved, and may need a keyframe. */
  show(): void {
    if (this.#timer === undefined) return;
    this.#shownUntil = this.now() + SHOWN_MS;
    // At once: timers of a hidden page wait up to a second, and people who share a screen look at another page.
    if (this.now() - this.#lookedAt >= CACHED_MS) void this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#readings.clear();
    for (const each of this.#refreshers.values()) each.release();
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (KINDS.every((kind) => !this.source(kind))) return this.stop();
    this.#timer = setTimeout(() => void this.#run(), ms);
  }

  async #run(): Promise<void> {
    const timer = this.#timer;
    const next = await this.#look();
    // Otherwise stopped, or scheduled anew in between.
    if (timer !== undefined && this.#timer === timer) this.#schedule(next);
  }

  /** Reads every sender, refreshes the sources that need it, and says when to look again. */
  async #look(): Promise<number> {
    this.#lookedAt = this.now();
    const sources = KINDS.flatMap((kind) => this.source(kind) ?? []).filter(({ track }) => track.enabled && track.readyState === 'live');
    for (const track of [...this.#readings.keys()]) if (!sources.some((each) => each.track === track)) this.#readings.delete(track);
    const moving = await Promise.all(sources.map((each) => this.#refreshIfNeeded(each).catch(() => false)));
    return moving.every(Boolean) ? LOOK_MOVING_MS : LOOK_MS;
  }

  /** Says whether the source moves by itself. */
  async #refreshIfNeeded({ kind, track, sender }: StillSource): Promise<boolean> {
    const counts = count([...(await sender.getStats()).values()] as Record<string, unknown>[]);
    const now = this.now();
    const before = this.#readings.get(track);
    if (before?.sender !== sender) {
      this.#readings.set(track, { ...counts, sender, framesAt: now, wanted: true });
      this.#refreshers.get(kind)?.refresh(track);
      return false;
    }
    const wanted = (before.wanted || counts.requests > before.requests) && counts.keyframes <= before.keyframes;
    const moving = counts.frames > before.frames + 1;
    const framesAt = counts.frames > before.frames ? now : before.framesAt;
    this.#readings.set(track, { ...counts, sender, framesAt, wanted });
    if (!moving && (wanted || now < this.#shownUntil || now - framesAt >= SILENT_MS)) this.#refreshers.get(kind)?.refresh(track);
    return moving;
  }
}

function count(stats: readonly Record<string, unknown>[]): Counts {
  const sum = (...names: string[]): number =>
    stats.filter(({ type }) => type === 'outbound-rtp').reduce((all, entry) => all + names.reduce((part, name) => part + Number(entry[name] ?? 0), 0), 0);
  return { requests: sum('pliCount', 'firCount'), keyframes: sum('keyFramesEncoded'), frames: sum('framesEncoded') };
}

/**
 * Makes a source deliver its present picture to everything that is attached to it, the sender too: browsers do so
 * when a video element is attached. That works for a screen and for a canvas with any kind of context, without
 * drawing on what belongs to the app.
 */
class Refresher {
  /** Created when first needed. */
  #video: HTMLVideoElement | undefined;
  #detach: ReturnType<typeof setTimeout> | undefined;

  refresh(track: MediaStreamTrack): void {
    if (typeof document === 'undefined') return;
    this.#video ??= Object.assign(document.createElement('video'), { muted: true });
    this.#video.srcObject = new MediaStream([track]);
    clearTimeout(this.#detach);
    this.#detach = setTimeout(() => this.release(), ATTACHED_MS);
  }

  release(): void {
    clearTimeout(this.#detach);
    if (this.#video) this.#video.srcObject = null;
  }
}
