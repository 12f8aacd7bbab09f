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

/** A limit for an idle machine, stretched to this one. */
export function limitMs(idleMs: number): number {
  return idleMs / shareOfCore() ** 1.5;
}
