/** @internal Where sound or pictures arrive, as far as it matters here. */
export interface Arrival {
  readonly media: string;
  readonly receiver: Pick<RTCRtpReceiver, 'jitterBufferTarget'>;
}

/** @internal What `getStats` reports. */
export type StatsEntries = Iterable<[string, Record<string, unknown>]>;

const EVERY_MS = 1_000;
/** Number of readings whose median counts: a single burst, or a network that was gone, moves nothing. */
const MEDIAN_OF = 5;
/** The largest need of this many last readings is kept up: losses come and go. */
const KEPT_FOR = 15;
/** Fewer packets between two readings say nothing about losses. */
const MIN_PACKETS = 20;
/** Below this loss the browser's own buffer does. */
const LOSSY = 0.01;
/** Sent again as often as it takes until so few are still missing. */
const STILL_MISSING = 0.001;
/** A browser that only receives does not know its round trip: it asks again after this. */
const ASKS_AGAIN_MS = 100;
/** A gap at the end of a picture shows when the next one comes; and its parts have to be put together. */
const MARGIN_MS = 80;
/** Sound this far ahead of the picture is not noticed yet. */
const SOUND_AHEAD_MS = 80;

/** @internal How long pictures wait by default, at most. */
export const LONGEST_MS = 400;

/**
 * @internal How long a picture has to wait for its lost packets to be sent again. Both the request and the
 * answer can be lost.
 */
export function waitFor(loss: number, roundTripMs: number): number {
  if (loss < LOSSY) return 0;
  let attempts = 0;
  for (let missing = loss; missing > STILL_MISSING && attempts < 4; attempts += 1) missing *= Math.min(1, 2 * loss);
  return roundTripMs + (attempts - 1) * Math.max(roundTripMs, ASKS_AGAIN_MS) + MARGIN_MS;
}

/**
 * @internal Lets pictures wait for retransmissions, on lossy paths. By itself a browser shows the packets it
 * has and skips late ones, because a browser that sends nothing does not know how long a retransmission
 * takes. The wait follows from the loss and the round trip, and ends some time after the losses do. Sound
 * follows the picture, so that lips stay with it.
 */
export class Playout {
  #packets = 0;
  #lost = 0;
  #pictures = 0;
  #roundTripMs = ASKS_AGAIN_MS;
  #readings: number[] = [];
  #medians: number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly report: () => Promise<StatsEntries>,
    private readonly arrivals: () => readonly Arrival[],
    private readonly longestMs = LONGEST_MS,
  ) {}

  start(): void {
    if (this.#timer !== undefined || this.longestMs <= 0) return;
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const entries = await this.report().catch(() => undefined);
    if (entries) this.read(entries);
  }

  /** Takes one report, and sets the buffers. */
  read(entries: StatsEntries): void {
    const needed = this.#needed(entries);
    if (needed === undefined) return;
    keep(this.#readings, needed, MEDIAN_OF);
    keep(this.#medians, median(this.#readings), KEPT_FOR);
    const pictureMs = Math.min(this.longestMs, Math.max(...this.#medians));
    const soundMs = pictureMs - SOUND_AHEAD_MS;
    for (const { media, receiver } of this.arrivals()) {
      if (!('jitterBufferTarget' in receiver)) continue;
      const ms = media === 'video' ? pictureMs : soundMs;
      const target = ms > 0 ? ms : null;
      if (receiver.jitterBufferTarget !== target) receiver.jitterBufferTarget = target;
    }
  }

  /** The wait that this reading asks for, in milliseconds; undefined if too little arrived to tell. */
  #needed(entries: StatsEntries): number | undefined {
    let [packets, lost, pictures] = [0, 0, 0];
    for (const [, entry] of entries) {
      const number = (field: string): number => Number(entry[field] ?? 0);
      if (entry['type'] === 'inbound-rtp') {
        packets += number('packetsReceived');
        lost += number('packetsLost');
        if (entry['kind'] === 'video') pictures += number('packetsReceived');
      } else if (entry['type'] === 'candidate-pair' && entry['nominated'] && entry['currentRoundTripTime'] !== undefined) {
        this.#roundTripMs = number('currentRoundTripTime') * 1000;
      }
    }
    const came = packets - this.#packets;
    const missed = Math.max(0, lost - this.#lost);
    if (came >= 0 && came + missed < MIN_PACKETS) return undefined;
    const watches = pictures > this.#pictures;
    [this.#packets, this.#lost, this.#pictures] = [packets, lost, pictures];
    // Counters that fall are those of streams that are gone: the next reading tells.
    if (came < 0) return undefined;
    // A picture that does not come needs no wait.
    return watches ? stepped(waitFor(missed / (came + missed), this.#roundTripMs)) : 0;
  }
}

function keep(values: number[], value: number, most: number): void {
  values.push(value);
  if (values.length > most) values.shift();
}

/** The middle one; with fewer than asked for, those missing count as 0. */
function median(values: readonly number[]): number {
  const filled = [...values, ...Array<number>(MEDIAN_OF - values.length).fill(0)];
  return filled.sort((one, other) => one - other)[MEDIAN_OF >> 1] ?? 0;
}

/** Upwards, in steps of 20 ms: a buffer that follows every millisecond of the round trip never rests. */
function stepped(ms: number): number {
  return Math.ceil(ms / 20) * 20;
}
