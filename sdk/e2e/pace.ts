/** How much of a core this machine gives us: limits in seconds mean an idle machine. */

const BUSY_MS = 150;

/** 1 on an idle machine; 0.25 where four others want every core that we want. */
export function shareOfCore(): number {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  while (process.cpuUsage(cpu).user < BUSY_MS * 1000) {
    // Working, so that the scheduler has to decide.
  }
  return Math.min(1, BUSY_MS / (performance.now() - began));
}

/** A limit for an idle machine, stretched to this one, or to the share that it gave us at its busiest. */
export function limitMs(idleMs: number, share = shareOfCore()): number {
  return idleMs / share ** 1.5;
}
