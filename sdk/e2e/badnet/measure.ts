/** Evaluates readings: shares, rates and times over a stretch of a scenario. */
import type { Link } from './link.ts';
import type { Reading, Sent } from './page.ts';
import { FRAMES_PER_SECOND, type Belief, type Subscriber } from './stage.ts';

/** From when to when, by the wall clock. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** Figures of a subscriber's sound and picture over a stretch. */
export interface Heard {
  seconds: number;
  /** Made-up sound of all sound, from 0 to 1. */
  concealed: number;
  /** Share of the time in which the picture stood still. */
  frozen: number;
  longestFreezeS: number;
  framesPerSecond: number;
  receivedBps: number;
  heights: number[];
  keyframes: number;
  plis: number;
  nacks: number;
  repaired: number;
  audioBufferMs: number;
  videoBufferMs: number;
}

/** The readings of a stretch, with the one before it. */
export function within<T extends { atMs: number }>(all: T[], { fromMs, toMs }: Stretch): T[] {
  const first = Math.max(0, all.findIndex(({ atMs }) => atMs >= fromMs) - 1);
  return all.slice(first).filter(({ atMs }) => atMs <= toMs);
}

export function heard(all: Reading[], stretch: Stretch): Heard {
  const readings = within(all, stretch);
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last || first === last) throw new Error('Nothing was measured.');
  const seconds = (last.atMs - first.atMs) / 1000;
  const audio = (field: keyof Reading['audio']): number => last.audio[field] - first.audio[field];
  const video = (field: keyof Reading['video']): number => last.video[field] - first.video[field];
  return {
    seconds,
    concealed: share(audio('concealed'), audio('samples')),
    frozen: video('frozenS') / seconds,
    longestFreezeS: longestFreeze(readings),
    framesPerSecond: video('frames') / seconds,
    receivedBps: ((audio('bytes') + video('bytes')) * 8) / seconds,
    heights: [...new Set(readings.map(({ video: { height } }) => height))],
    keyframes: video('keyframes'),
    plis: video('plis'),
    nacks: video('nacks'),
    repaired: video('repaired'),
    audioBufferMs: share(audio('bufferS'), audio('emitted')) * 1000,
    videoBufferMs: share(video('bufferS'), video('emitted')) * 1000,
  };
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

/** The browser counts a freeze when it ends; one that has not ended shows as readings without frames. */
function longestFreeze(readings: Reading[]): number {
  let longest = 0;
  let stoodSince = readings[0]?.atMs ?? 0;
  readings.forEach((reading, index) => {
    const before = readings[index - 1];
    if (!before) return;
    const freezes = reading.video.freezes - before.video.freezes;
    if (freezes > 0) longest = Math.max(longest, (reading.video.frozenS - before.video.frozenS) / freezes);
    if (reading.video.frames > before.video.frames) stoodSince = reading.atMs;
    // Less than a second tells nothing: readings are coarse, and come late on a busy machine.
    else if (reading.atMs - stoodSince > 1_000) longest = Math.max(longest, (reading.atMs - stoodSince) / 1000);
  });
  return longest;
}

/** How long after `fromMs` something was first so and stayed so for `forMs`; infinity if never. */
export function settledAfter<T extends { atMs: number }>(all: T[], fromMs: number, toMs: number, so: (one: T) => boolean, forMs = 0): number {
  let since = Infinity;
  for (const one of all) {
    if (one.atMs < fromMs || one.atMs > toMs) continue;
    if (!so(one)) since = Infinity;
    else if (since === Infinity) since = one.atMs;
    if (since !== Infinity && one.atMs - since >= forMs) return since - fromMs;
  }
  return Infinity;
}

/** The median of the server's estimates over a stretch. */
export function believedBps(beliefs: Belief[], { fromMs, toMs }: Stretch): number {
  const all = beliefs.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ bps }) => bps);
  return all.sort((one, other) => one - other)[all.length >> 1] ?? 0;
}

/** Rate of a publisher's camera over a stretch. */
export function sentBps(all: Sent[], stretch: Stretch): number {
  const readings = within(all, stretch);
  const [first, last] = [readings[0], readings.at(-1)];
  return first && last && first !== last ? ((last.bytes - first.bytes) * 8_000) / (last.atMs - first.atMs) : 0;
}

/** How many of the frames that the camera makes were encoded in the smallest layer, which is always sent. */
export function encodedShare(all: Sent[]): number {
  const [first, last] = [all[0], all.at(-1)];
  const frames = (sent?: Sent): number => Math.max(0, ...(sent?.layers ?? []).map((layer) => layer.frames));
  if (!first || !last || first === last) return 0;
  return share((frames(last) - frames(first)) * 1000, FRAMES_PER_SECOND * (last.atMs - first.atMs));
}

/** Keyframes requested of the publisher, and made, over a stretch. */
export function asked(all: Sent[], stretch: Stretch): { requests: number; keyframes: number } {
  const readings = within(all, stretch);
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) return { requests: 0, keyframes: 0 };
  return { requests: last.plis + last.firs - first.plis - first.firs, keyframes: last.keyframes - first.keyframes };
}

/** The requests of the layer that was asked most. */
export function askedOfOneLayer(all: Sent[], stretch: Stretch): number {
  const readings = within(all, stretch);
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) return 0;
  return Math.max(0, ...last.layers.map(({ rid, plis }) => plis - (first.layers.find((layer) => layer.rid === rid)?.plis ?? 0)));
}

/** The queue before a link's bottleneck over a stretch, in milliseconds. */
export async function queuesMs(link: Link, stretch: Stretch): Promise<{ mostly: number; longest: number }> {
  const { samples } = await link.report();
  const at = (sample: { at_ms: number }): number => link.beganMs + sample.at_ms;
  const during = samples.filter((sample) => at(sample) >= stretch.fromMs && at(sample) <= stretch.toMs);
  const queues = during.map(({ down_queue_ms }) => down_queue_ms).sort((one, other) => one - other);
  return { mostly: queues[queues.length >> 1] ?? 0, longest: queues.at(-1) ?? 0 };
}

/** Everything over time, for plots. */
export interface Series {
  name: string;
  /** In seconds since the scenario began. */
  at: number[];
  values: number[];
}

/** Rates of a subscriber: carried by the link, estimated by the server, queued, concealed. */
export async function seriesOf(subscriber: Subscriber, fromMs: number): Promise<Record<'received' | 'believed' | 'queue' | 'concealed' | 'height', Series>> {
  const { link, readings, beliefs, name } = subscriber;
  const { samples } = await link.report();
  const at = (ms: number): number => Math.round(ms - fromMs) / 1000;
  const passed = samples.filter((sample) => link.beganMs + sample.at_ms >= fromMs);
  const known = beliefs.filter((belief) => belief.atMs >= fromMs);
  const pairs = readings.flatMap((reading, index) => {
    const before = readings[index - 5];
    return before && before.atMs >= fromMs ? [{ reading, before }] : [];
  });
  const series = (times: number[], values: number[]): Series => ({ name, at: times, values: values.map((value) => Math.round(value * 1000) / 1000) });
  return {
    received: series(passed.map(({ at_ms }) => at(link.beganMs + at_ms)), passed.map(({ down_bps }) => down_bps)),
    queue: series(passed.map(({ at_ms }) => at(link.beganMs + at_ms)), passed.map(({ down_queue_ms }) => down_queue_ms)),
    believed: series(known.map(({ atMs }) => at(atMs)), known.map(({ bps }) => bps)),
    concealed: series(pairs.map(({ reading }) => at(reading.atMs)), pairs.map(({ reading, before }) => 100 * share(reading.audio.concealed - before.audio.concealed, reading.audio.samples - before.audio.samples))),
    height: series(pairs.map(({ reading }) => at(reading.atMs)), pairs.map(({ reading }) => reading.video.height)),
  };
}
