/** How much of a reference core this machine gives us: limits in seconds mean an idle core where the limits were set. */

/** The work takes so long on the reference core. */
const WORK_MS = 150;
const STEPS = 90_000_000;

/** 1 on the reference core; 0.25 where a core is four times slower, or four others want every core that we want. */
export function shareOfCore(): number {
  const began = performance.now();
  work(STEPS);
  return Math.min(1, WORK_MS / (performance.now() - began));
}

/** A generator of numbers: nothing but arithmetic, so that it measures the core. */
function work(steps: number): number {
  let state = 123_456_789;
  for (let step = 0; step < steps; step += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

/** A limit for an idle machine, stretched to this one, or to the share that it gave us at its busiest. */
export function limitMs(idleMs: number, share = shareOfCore()): number {
  return idleMs / share ** 1.5;
}
