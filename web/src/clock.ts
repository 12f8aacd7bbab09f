/** The server's time, and how long the breakouts still last. */
import type { Room } from '@sideroom/client';

/** How far this machine's clock is behind the server's, told by events as they arrive. */
let behindMs = 0;

/** Learns the server's time from the events of a room. */
export function followClock(room: Room): void {
  room.on('event', ({ atMs }) => {
    if (atMs) behindMs = atMs - Date.now();
  });
}

/** The server's time now, in milliseconds since the Unix epoch. */
export const serverNow = (): number => Date.now() + behindMs;

/** How long something lasts. */
export interface Countdown {
  leftMs: number;
  /** The end was reached: everybody returns when nothing is left. */
  inGrace: boolean;
}

/** Time left of the breakouts, or of the grace after them; undefined without a timer. */
export function countdown(timer: { endsAtMs: number; endGraceMs: number }, nowMs: number): Countdown | undefined {
  if (!timer.endsAtMs) return undefined;
  const left = timer.endsAtMs - nowMs;
  return left > 0 ? { leftMs: left, inGrace: false } : { leftMs: Math.max(0, left + timer.endGraceMs), inGrace: true };
}

/** Time until everybody returns, once the server says that time is up: this clock may be a little behind. */
export function graceLeftMs(timer: { endsAtMs: number; endGraceMs: number }, nowMs: number): number {
  return countdown(timer, Math.max(nowMs, timer.endsAtMs))?.leftMs ?? 0;
}

/** `4:05`. */
export function minutes(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `2 minutes`, `40 seconds`: for sentences. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [count, unit] = seconds >= 100 ? [Math.round(seconds / 60), 'minute'] : [seconds, 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
