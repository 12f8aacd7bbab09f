import type { TrackKind } from './kinds.js';

/** @internal The source of a slot: a participant's track, or nothing. */
export interface SlotSource {
  participantId: string;
  kind: TrackKind;
}

/** @internal Called when the content of a stream begins or ends. */
export type StreamListener = (participantId: string, kind: TrackKind, receiving: boolean) => void;

/**
 * @internal Ready-made streams, one for each person and kind. The server switches sources between slots; here
 * the slot's track moves to the stream of its present source. An app that has put a stream on an element
 * never sees any of it.
 */
export class Streams {
  readonly #streams = new Map<string, MediaStream>();
  readonly #sources = new Map<string, SlotSource>();
  /** The track that each slot put on its stream: after a new peer connection `trackOf` knows only its own. */
  readonly #placed = new Map<string, MediaStreamTrack>();

  constructor(
    private readonly trackOf: (mid: string) => MediaStreamTrack | undefined,
    private readonly changed: StreamListener,
  ) {}

  /** The stream of a person and kind: always the same object, empty while nothing is received. */
  of(participantId: string, kind: TrackKind): MediaStream {
    const key = `${kind} ${participantId}`;
    const stream = this.#streams.get(key) ?? new MediaStream();
    this.#streams.set(key, stream);
    return stream;
  }

  /** True while a slot carries that track. */
  receives(participantId: string, kind: TrackKind): boolean {
    return [...this.#sources.values()].some(
      (source) => source.participantId === participantId && source.kind === kind,
    );
  }

  /** The present source of a slot. */
  source(mid: string): SlotSource | undefined {
    return this.#sources.get(mid);
  }

  /** From now on slot `mid` carries `next`. */
  assign(mid: string, next: SlotSource | undefined): void {
    const before = this.#sources.get(mid);
    if (before?.participantId === next?.participantId && before?.kind === next?.kind) return this.#place(mid, next);
    if (before) this.#clear(mid, before);
    if (!next) return;
    this.#sources.set(mid, next);
    this.#place(mid, next);
    this.changed(next.participantId, next.kind, true);
  }

  /** Puts the slot's present track on the stream of its source, in the place of an older one. */
  #place(mid: string, source: SlotSource | undefined): void {
    const track = this.trackOf(mid);
    const before = this.#placed.get(mid);
    if (!source || !track || track === before) return;
    const stream = this.of(source.participantId, source.kind);
    if (before) stream.removeTrack(before);
    stream.addTrack(track);
    this.#placed.set(mid, track);
  }

  #clear(mid: string, source: SlotSource): void {
    const { participantId, kind } = source;
    const track = this.#placed.get(mid);
    if (track) this.of(participantId, kind).removeTrack(track);
    this.#placed.delete(mid);
    this.#sources.delete(mid);
    if (!this.receives(participantId, kind)) this.changed(participantId, kind, false);
  }

  /** Takes a full list of the slots' sources; slots that it does not name are empty. */
  assignAll(sources: ReadonlyMap<string, SlotSource>): void {
    for (const mid of [...this.#sources.keys()]) if (!sources.has(mid)) this.assign(mid, undefined);
    for (const [mid, source] of sources) this.assign(mid, source);
  }

  /** Drops the streams of a person who left. */
  forget(participantId: string): void {
    for (const [mid, source] of [...this.#sources]) {
      if (source.participantId === participantId) this.assign(mid, undefined);
    }
    for (const key of [...this.#streams.keys()]) {
      if (key.endsWith(` ${participantId}`)) this.#streams.delete(key);
    }
  }
}
