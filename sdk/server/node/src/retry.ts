/** Which errors are worth another try, and when. */
import type { SideroomError } from './errors.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
/** For one try: the server answers each call within 10 seconds, if only that it is overloaded. */
export const ATTEMPT_MS = 15_000;

/**
 * The server says so, or no answer came. Calls that change something carry a request id, so that one which did happen
 * is answered again and not done twice.
 */
export function mayBeRepeated(error: SideroomError): boolean {
  return error.code === 'UNAVAILABLE' || error.reason === 'RateLimited';
}

/** Waits that grow, each drawn at random so that callers do not come back together. */
export class Backoff {
  #bound = FIRST_WAIT_MS;

  reset(): void {
    this.#bound = FIRST_WAIT_MS;
  }

  nextWaitMs(error?: SideroomError): number {
    const wait = this.#bound * (0.5 + Math.random() / 2);
    this.#bound = Math.min(this.#bound * 2, LONGEST_WAIT_MS);
    return Math.max(wait, error?.retryAfterMs ?? 0);
  }
}

/** Waits, or throws the signal's reason when it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const wake = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', wake);
      resolve();
    }, ms);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
