/** The bad networks, one function each: impairments of the path, and bounds that must hold. */
import type { Link } from './link.ts';
import { asked, askedOfOneLayer, believedBps, encodedShare, heard, queuesMs, sentBps, seriesOf, settledAfter, type Stretch } from './measure.ts';
import { svg, type Plot } from './plot.ts';
import { openStage, pass, type Stage, type Subscriber } from './stage.ts';
import { cores, working, type Work } from './work.ts';

/** One bound, with the measured value. */
export interface Bound {
  what: string;
  /** The bound as it is written: `< 2 %`. */
  wanted: string;
  seen: string;
  holds: boolean;
  /** It takes a machine that encodes and decodes in time, and says little about the network on another. */
  needsIdleMachine?: boolean;
}

/** The outcome of a scenario. */
export interface Outcome {
  name: string;
  /** A sentence that describes the impairments. */
  story: string;
  bounds: Bound[];
  /** Plots, ready to be written. */
  svg: string;
  /** Everything that was measured besides, for the JSON. */
  figures: Record<string, unknown>;
}

/** An outcome, with the load of the machine. */
export interface Measured extends Outcome {
  /** Share of the camera's frames that the publisher encoded: below 1 the machine was too busy, not the network too bad. */
  encoded: number;
}

/** How a scenario is run. */
export interface Setting {
  /** Seed of the link's random numbers. */
  seed: number;
  /** How much longer things may take than on an idle machine: 1 is the published bound. */
  patience: number;
  /** A name for the room, so that scenarios do not meet. */
  room: string;
}

/** From the subscriber's join until estimates and layers have settled. */
const WARM_MS = 12_000;

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const milliseconds = (ms: number): string => (ms === Infinity ? 'never' : `${Math.round(ms)} ms`);
const rate = (bps: number): string => `${Math.round(bps / 1000)} kb/s`;

/** `seen` has to stay below `limit`. */
function below(what: string, seen: number, limit: number, write: (value: number) => string): Bound {
  return { what, wanted: `< ${write(limit)}`, seen: write(seen), holds: seen < limit };
}

/** A bound that only an idle machine can be held to. */
const idle = (bound: Bound): Bound => ({ ...bound, needsIdleMachine: true });

function between(what: string, seen: number, least: number, most: number, write: (value: number) => string): Bound {
  return { what, wanted: `${write(least)} to ${write(most)}`, seen: write(seen), holds: seen >= least && seen <= most };
}

/** Opens a stage, runs a story on it, and closes it whatever happens. */
async function on(setting: Setting, story: (stage: Stage) => Promise<Outcome>): Promise<Measured> {
  const stage = await openStage(setting.room);
  try {
    const outcome = await story(stage);
    return { ...outcome, encoded: encodedShare(await stage.publisher.read()) };
  } finally {
    await stage.close();
  }
}

async function settled(stage: Stage, link: Link, name: string): Promise<Subscriber> {
  const subscriber = await stage.subscriber(name, link);
  await pass(WARM_MS);
  return subscriber;
}

async function stretch(subscribers: Subscriber[], stage: Stage, ms: number): Promise<Stretch> {
  const fromMs = Date.now();
  await pass(ms);
  await Promise.all([stage.publisher.read(), ...subscribers.map((each) => each.read())]);
  return { fromMs, toMs: Date.now() };
}

async function plots(subscriber: Subscriber, beganMs: number, limit?: Plot['steps']): Promise<string> {
  const series = await seriesOf(subscriber, beganMs);
  return svg([
    { title: 'Rate', unit: 'kb/s', scale: 1000, series: [{ ...series.received, name: 'carried' }, { ...series.believed, name: 'estimate' }], ...(limit && { steps: limit }) },
    { title: 'Queue', unit: 'ms', scale: 1, series: [{ ...series.queue, name: 'before the bottleneck' }] },
    { title: 'Concealed in one second', unit: '%', scale: 1, series: [{ ...series.concealed, name: 'of the sound' }] },
    { title: 'Picture', unit: 'lines', scale: 1, series: [{ ...series.height, name: 'decoded height' }] },
  ]);
}

/** 3 Mb/s, then 500 kb/s, then 3 Mb/s again. */
export function drop(setting: Setting, lowMs = 15_000, backMs = 15_000): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link('rate=3m,delay=30ms,queue=400ms', 'delay=30ms', setting.seed);
    const bob = await settled(stage, link, 'bob');
    const fell = await link.command('down rate=500k');
    const low = await stretch([bob], stage, lowMs);
    const rose = await link.command('down rate=3m');
    const back = await stretch([bob], stage, backMs);
    const all = { fromMs: fell, toMs: back.toMs };
    const ears = heard(bob.readings, all);
    const down = settledAfter(bob.beliefs, fell, rose, ({ bps }) => bps <= 600_000, 1_000);
    const before = believedBps(bob.beliefs, { fromMs: fell - 4_000, toMs: fell });
    const up = settledAfter(bob.beliefs, rose, back.toMs, ({ bps }) => bps >= 0.6 * before);
    const large = settledAfter(bob.readings, rose, back.toMs, ({ video: { height } }) => height === 720, 1_000);
    const queue = await queuesMs(link, { fromMs: fell + 2_000, toMs: rose });
    return {
      name: 'drop',
      story: 'A path of 3 Mb/s falls to 500 kb/s and comes back; 60 ms round trip, 400 ms of queue.',
      bounds: [
        below('sound concealed', ears.concealed, 0.02 * setting.patience, percent),
        below('the estimate is below 600 kb/s after', down, 2_000 * setting.patience, milliseconds),
        below(`and above ${rate(0.6 * before)}, 60 % of what it was, after`, up, 8_000 * setting.patience, milliseconds),
        idle(below('the picture has its 720 lines again after', large, 10_000, milliseconds)),
        below('queue, from 2 s after the fall, mostly', queue.mostly, 150, milliseconds),
        idle(below('queue, from 2 s after the fall, at most', queue.longest, 150, milliseconds)),
        idle(below('longest freeze', ears.longestFreezeS * 1000, 1_000, milliseconds)),
      ],
      svg: await plots(bob, beganMs, { name: 'the path', at: [[0, 3e6], [(fell - beganMs) / 1000, 5e5], [(rose - beganMs) / 1000, 3e6]] }),
      figures: { low: heard(bob.readings, low), back: heard(bob.readings, back), asked: asked(stage.publisher.sent, all) },
    };
  });
}

/**
 * Random loss on both ways, for a subscriber that only watches, or one that `speaks` as well and so knows
 * the round trip.
 */
export function loss(setting: Setting, share: number, bound: number, forMs = 30_000, speaks = false): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link(`rate=5m,delay=30ms,loss=${share}`, `delay=30ms,loss=${share}`, setting.seed);
    const bob = await stage.subscriber('bob', link);
    if (speaks) await bob.page.evaluate(() => badnet.speak());
    await pass(WARM_MS);
    const time = await stretch([bob], stage, forMs);
    const ears = heard(bob.readings, time);
    const { down } = await link.report();
    const bounds = [below('sound concealed', ears.concealed, bound * setting.patience, percent)];
    if (share <= 0.05) bounds.push(idle(below('time with a frozen picture', ears.frozen, 0.01, percent)));
    return {
      name: `loss-${Math.round(share * 100)}${speaks ? '-speaking' : ''}`,
      story: `${Math.round(share * 100)} % of all packets are lost, both ways, at random; 60 ms round trip. Who watches ${speaks ? 'speaks as well' : 'sends nothing'}.`,
      bounds,
      svg: await plots(bob, beganMs),
      figures: { ears, lostByTheLink: down.lost / down.offered, asked: asked(stage.publisher.sent, time), believedBps: believedBps(bob.beliefs, time) },
    };
  });
}

/** An outage of two seconds. */
export function outage(setting: Setting): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link('rate=3m,delay=30ms', 'delay=30ms', setting.seed);
    const bob = await settled(stage, link, 'bob');
    const gone = await link.command('both down=yes');
    await pass(2_000);
    const returned = await link.command('both down=no');
    await stretch([bob], stage, 8_000);
    // A picture that moves once and stands again does not count.
    const sees = settledAfter(moving(bob), returned, returned + 8_000, ({ frames }) => frames > 0, 1_000);
    const hears = settledAfter(moving(bob), returned, returned + 8_000, ({ concealed }) => concealed < 0.1);
    // Later ones bring the large picture back.
    const time = { fromMs: gone, toMs: returned + 1_500 };
    return {
      name: 'outage',
      story: 'Nothing passes for two seconds, either way.',
      bounds: [
        below('sound is whole again after', hears, 1_500 * setting.patience, milliseconds),
        idle(below('the picture moves again for good after', sees, 1_500, milliseconds)),
        between('keyframe requests for the layer asked most', askedOfOneLayer(stage.publisher.sent, time), 0, 2, String),
      ],
      svg: await plots(bob, beganMs),
      figures: { after: heard(bob.readings, { fromMs: returned, toMs: returned + 8_000 }), asked: asked(stage.publisher.sent, time) },
    };
  });
}

/** The changes between two readings: a reading of nothing but news. */
function moving(subscriber: Subscriber): { atMs: number; frames: number; concealed: number }[] {
  return subscriber.readings.flatMap((reading, index) => {
    const before = subscriber.readings[index - 1];
    if (!before) return [];
    const samples = reading.audio.samples - before.audio.samples;
    const concealed = samples > 0 ? (reading.audio.concealed - before.audio.concealed) / samples : 1;
    return [{ atMs: reading.atMs, frames: reading.video.frames - before.video.frames, concealed }];
  });
}

/** The path holds everything back now and then, and reorders. */
export function jitter(setting: Setting, forMs = 30_000): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link('rate=5m,delay=30ms', 'delay=30ms', setting.seed);
    const bob = await settled(stage, link, 'bob');
    const began = await link.command('down stall=200ms,stall-every=3s,jitter=20ms,reorder=5%');
    await stretch([bob], stage, forMs);
    const ended = await link.command('down stall=0,jitter=0,reorder=0');
    await stretch([bob], stage, 5_000);
    const time = { fromMs: began, toMs: ended };
    const ears = heard(bob.readings, time);
    const requests = askedOfOneLayer(stage.publisher.sent, time);
    const whole = settledAfter(moving(bob), ended, ended + 5_000, ({ frames, concealed }) => frames > 0 && concealed < 0.02, 400);
    return {
      name: 'jitter',
      story: 'Every three seconds everything is held back for 200 ms; 20 ms of jitter, every twentieth packet out of order.',
      bounds: [
        below('sound concealed', ears.concealed, 0.05 * setting.patience, percent),
        idle(below('longest freeze', ears.longestFreezeS * 1000, 1_000, milliseconds)),
        below('all is well again after', whole, 1_500 * setting.patience, milliseconds),
        between('keyframe requests for the layer asked most', requests, 0, 3, String),
      ],
      svg: await plots(bob, beganMs),
      figures: { ears, believedBps: believedBps(bob.beliefs, time) },
    };
  });
}

/** Three paths on one publisher, and then the small one alone. */
export function layers(setting: Setting, forMs = 15_000): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const paths: [string, number, number[]][] = [['small', 300_000, [180]], ['middle', 1_000_000, [360]], ['large', 5_000_000, [720]]];
    const people: Subscriber[] = [];
    for (const [name, bps] of paths) {
      const link = await stage.link(`rate=${bps},delay=20ms,queue=300ms`, 'delay=20ms', setting.seed);
      people.push(await stage.subscriber(name, link));
    }
    await pass(WARM_MS);
    const [time, worked] = await working(stage, () => stretch(people, stage, forMs));
    const ears = people.map((each) => heard(each.readings, time));
    const bounds = paths.flatMap(([name, bps, heights], index) => {
      const seen = ears[index]!;
      const shown = heightMostly(people[index]!, time);
      return [
        { what: `${name} (${rate(bps)}): the picture, mostly`, wanted: `${heights.join()} lines`, seen: `${shown} lines`, holds: heights.includes(shown) },
        below(`${name}: sound concealed`, seen.concealed, 0.02 * setting.patience, percent),
      ];
    });
    const before = sentBps(stage.publisher.sent, time);
    await Promise.all(people.slice(1).map((each) => each.leave()));
    await pass(6_000);
    const [alone, works] = await working(stage, () => stretch(people.slice(0, 1), stage, 6_000));
    const after = sentBps(stage.publisher.sent, alone);
    await stage.publisher.page.evaluate(() => badnet.rest());
    await pass(2_000);
    const [, camera] = await cores(stage, () => pass(6_000));
    const ofBefore = (work: (from: Work) => number): number => work(works) / work(worked);
    bounds.push(
      below('the publisher sends, of before, once only the small one watches', after / before, 0.25, percent),
      below('its CPU, of before, without what the camera itself takes', ofBefore(({ cpu }) => Math.max(0, cpu - camera)), 0.4, percent),
      below('its time spent on encoding, of before', ofBefore(({ encoding }) => encoding), 0.3, percent),
    );
    return {
      name: 'layers',
      story: 'Three subscribers with 300 kb/s, 1 Mb/s and 5 Mb/s on one publisher; then the first alone.',
      bounds,
      svg: svg([
        { title: 'Carried to each', unit: 'kb/s', scale: 1000, series: await Promise.all(people.map(async (each) => (await seriesOf(each, beganMs)).received)) },
        { title: 'Decoded height', unit: 'lines', scale: 1, series: await Promise.all(people.map(async (each) => (await seriesOf(each, beganMs)).height)) },
        { title: 'The publisher sends', unit: 'kb/s', scale: 1000, series: [sending(stage, beganMs)] },
      ]),
      figures: { ears, before, after, cores: { before: worked, after: works, camera }, layers: stage.publisher.sent.at(-1)?.layers },
    };
  });
}

function heightMostly(subscriber: Subscriber, { fromMs, toMs }: Stretch): number {
  const heights = subscriber.readings.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ video }) => video.height);
  return heights.sort((one, other) => one - other)[heights.length >> 1] ?? 0;
}

function sending(stage: Stage, beganMs: number): { name: string; at: number[]; values: number[] } {
  const { sent } = stage.publisher;
  const pairs = sent.flatMap((reading, index) => {
    const before = sent[index - 5];
    return before && before.atMs >= beganMs ? [{ at: (reading.atMs - beganMs) / 1000, bps: ((reading.bytes - before.bytes) * 8_000) / (reading.atMs - before.atMs) }] : [];
  });
  return { name: 'camera', at: pairs.map(({ at }) => at), values: pairs.map(({ bps }) => bps) };
}

/** Two subscribers behind one bottleneck. */
export function share(setting: Setting, forMs = 30_000): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link('rate=2m,delay=30ms,queue=300ms', 'delay=30ms', setting.seed);
    const ann = await stage.subscriber('ann', link);
    await pass(6_000);
    const bob = await settled(stage, link, 'bob');
    const time = await stretch([ann, bob], stage, forMs);
    const [first, second] = [heard(ann.readings, time), heard(bob.readings, time)];
    const part = first.receivedBps / (first.receivedBps + second.receivedBps);
    return {
      name: 'share',
      story: 'Two subscribers behind one bottleneck of 2 Mb/s, the second 6 s after the first.',
      bounds: [
        between('the first has, of what both have', part, 0.3, 0.7, percent),
        below('sound concealed, the worse of both', Math.max(first.concealed, second.concealed), 0.02 * setting.patience, percent),
      ],
      svg: svg([
        { title: 'Estimates', unit: 'kb/s', scale: 1000, series: [(await seriesOf(ann, beganMs)).believed, (await seriesOf(bob, beganMs)).believed] },
        { title: 'Queue', unit: 'ms', scale: 1, series: [{ ...(await seriesOf(ann, beganMs)).queue, name: 'before the bottleneck' }] },
      ]),
      figures: { first, second },
    };
  });
}

/** A download on the same path. */
export function tcp(setting: Setting, forMs = 30_000): Promise<Measured> {
  return on(setting, async (stage) => {
    const beganMs = Date.now();
    const link = await stage.link('rate=2m,delay=30ms,queue=150ms', 'delay=30ms', setting.seed);
    const bob = await settled(stage, link, 'bob');
    await link.command('tcp down start');
    await pass(5_000);
    const time = await stretch([bob], stage, forMs);
    const { samples } = await link.report();
    const during = samples.filter(({ at_ms }) => link.beganMs + at_ms >= time.fromMs && link.beganMs + at_ms <= time.toMs);
    const mean = (of: (sample: (typeof samples)[number]) => number): number => during.reduce((sum, sample) => sum + of(sample), 0) / during.length;
    const [ours, theirs] = [mean(({ down_bps }) => down_bps), mean(({ down_tcp_bps }) => down_tcp_bps)];
    const ears = heard(bob.readings, time);
    const times = samples.map(({ at_ms }) => (link.beganMs + at_ms - beganMs) / 1000);
    return {
      name: 'tcp',
      story: 'A bulk TCP flow (Reno, with selective acknowledgements) on the same path of 2 Mb/s, 150 ms of queue.',
      bounds: [
        between('we have, of what both have', ours / (ours + theirs), 0.15, 0.85, percent),
        below('sound concealed', ears.concealed, 0.05 * setting.patience, percent),
      ],
      svg: svg([
        { title: 'Carried', unit: 'kb/s', scale: 1000, series: [{ name: 'us', at: times, values: samples.map(({ down_bps }) => down_bps) }, { name: 'TCP', at: times, values: samples.map(({ down_tcp_bps }) => down_tcp_bps) }, { ...(await seriesOf(bob, beganMs)).believed, name: 'estimate' }] },
        { title: 'Queue', unit: 'ms', scale: 1, series: [{ name: 'before the bottleneck', at: times, values: samples.map(({ down_queue_ms }) => down_queue_ms) }] },
      ]),
      figures: { ours, theirs, ears },
    };
  });
}
