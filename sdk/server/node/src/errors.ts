/** Errors. Every failed call throws a `SideroomError`; those of the server carry the server's codes. */
import type { Reason } from './types.js';

/** The fields of an error besides the message. */
export interface ErrorDetails {
  /** The gRPC code by name, such as `FAILED_PRECONDITION`. */
  readonly code: string;
  /** The stable name: programs look at this. `NoAnswer` and `BadAnswer` are the SDK's own. */
  readonly reason: Reason | 'NoAnswer' | 'BadAnswer' | (string & {});
  /** Of HTTP; 0: no answer came. */
  readonly status: number;
  readonly enablexCode?: number;
  readonly acsCode?: number;
  readonly acsSubcode?: number;
  /** With `EpochMismatch`: where the room is by now. */
  readonly currentEpoch?: number;
  /** With `BadOffer`: the line of the offer. */
  readonly line?: number;
  /** With `RateLimited`: when to try again. */
  readonly retryAfterMs?: number;
}

/** A call that failed. If the server answered it, it has changed nothing. */
export class SideroomError extends Error implements ErrorDetails {
  override readonly name = 'SideroomError';
  readonly code!: string;
  readonly reason!: ErrorDetails['reason'];
  readonly status!: number;
  readonly enablexCode?: number;
  readonly acsCode?: number;
  readonly acsSubcode?: number;
  readonly currentEpoch?: number;
  readonly line?: number;
  readonly retryAfterMs?: number;

  constructor(
    /** Such as `RoomService/CreateRoom`. */
    readonly method: string,
    message: string,
    details: ErrorDetails,
    cause?: unknown,
  ) {
    super(`${method}: ${message} (${details.reason})`, cause === undefined ? {} : { cause });
    Object.assign(this, details);
  }
}

/** No answer came. Whether the call took effect is not known; the same call with its `requestId` finds out. */
export function noAnswer(method: string, cause: unknown): SideroomError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const said = inner instanceof Error ? inner.message || inner.name : String(inner);
  return new SideroomError(method, `no answer: ${said}`, { code: 'UNAVAILABLE', reason: 'NoAnswer', status: 0 }, cause);
}

/** An answer that is not one of Sideroom's: check the URL, and what is in between. */
export function badAnswer(method: string, status: number, said: string, cause?: unknown): SideroomError {
  return new SideroomError(method, said, { code: 'UNKNOWN', reason: 'BadAnswer', status }, cause);
}

/** The error that an answer says. A proxy's 502, 503 or 504 is one that can be repeated. */
export function errorFrom(method: string, status: number, body: unknown): SideroomError {
  const said = (body as { error?: Record<string, unknown> } | undefined)?.error;
  if (typeof said !== 'object' || said === null) {
    const message = `HTTP ${status} without an error of Sideroom's`;
    if (![502, 503, 504].includes(status)) return badAnswer(method, status, message);
    return new SideroomError(method, message, { code: 'UNAVAILABLE', reason: 'BadAnswer', status });
  }
  const details: Record<string, unknown> = { code: String(said['code']), reason: String(said['reason']), status };
  for (const name of ['enablexCode', 'acsCode', 'acsSubcode', 'currentEpoch', 'line', 'retryAfterMs']) {
    if (said[name] !== undefined) details[name] = Number(said[name]);
  }
  return new SideroomError(method, String(said['message']), details as unknown as ErrorDetails);
}
