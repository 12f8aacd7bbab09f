/** The CPU that publishing costs the publisher's machine. */
import { within, type Stretch } from './measure.ts';
import type { Sent } from './page.ts';
import type { Stage } from './stage.ts';

/** A publisher's work over a stretch, in cores. */
export interface Work {
  /** CPU of its page, with everything in it. */
  cpu: number;
  /** Time spent on encoding, as the browser counts it: waits for a busy machine are in it. */
  encoding: number;
}

/** The publisher's work during `go`, which reads the sent statistics. */
export async function working(stage: Stage, go: () => Promise<Stretch>): Promise<[Stretch, Work]> {
  const [time, cpu] = await cores(stage, go);
  return [time, { cpu, encoding: encoding(stage.publisher.sent, time) }];
}

/** The cores that the publisher's page takes during `go`. */
export async function cores<T>({ publisher }: Stage, go: () => Promise<T>): Promise<[T, number]> {
  const [before, beganMs] = [await publisher.cpuS(), Date.now()];
  const done = await go();
  const [after, endedMs] = [await publisher.cpuS(), Date.now()];
  return [done, ((after - before) * 1_000) / (endedMs - beganMs)];
}

/** Seconds in each second, of the layer that took most: one call of the encoder makes them all. */
function encoding(all: Sent[], stretch: Stretch): number {
  const readings = within(all, stretch);
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last || first === last) return 0;
  const before = (rid: string): number => first.layers.find((layer) => layer.rid === rid)?.encodingS ?? 0;
  const spent = last.layers.map(({ rid, encodingS }) => encodingS - before(rid));
  return (Math.max(0, ...spent) * 1_000) / (last.atMs - first.atMs);
}
