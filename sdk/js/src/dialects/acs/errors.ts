import { SideroomError } from '../../errors.js';

/** The categories of errors, as the calling SDK sorts them. */
export type ResultCategories = 'Success' | 'ExpectedError' | 'UnexpectedClientError' | 'UnexpectedServerError';

/** The code and subcode of one failure. */
export type Codes = readonly [code: number, subCode: number];

/** The documented failures of breakout rooms. */
export const CODES = {
  notSupported: [400, 46250],
  disabled: [405, 46251],
  joinFailed: [500, 46254],
  holdFailed: [500, 46255],
  closed: [412, 46256],
  resumeFailed: [412, 46257],
  unreadable: [412, 46258],
  hangUpFailed: [500, 46259],
  notAssigned: [412, 46260],
  /** For misuse without a documented code: a call without that method, a listener for an unknown event. */
  misuse: [400, 0],
  /** A moderator muted this participant. */
  mutedByOthers: [403, 0],
} as const satisfies Record<string, Codes>;

const EXPECTED = new Set([46250, 46251, 46256]);
const CLIENT = new Set([46258, 46260]);
const SERVER = new Set([46254, 46255, 46257, 46259]);

/** The category of a failure; codes that the product does not document are sorted by their HTTP class. */
function categoryOf(code: number, subCode: number): ResultCategories {
  if (EXPECTED.has(subCode) || code === 403) return 'ExpectedError';
  if (CLIENT.has(subCode)) return 'UnexpectedClientError';
  return SERVER.has(subCode) || code >= 500 ? 'UnexpectedServerError' : 'UnexpectedClientError';
}

/** A failure with the code, the subcode and the result category of the calling SDK. */
export class CommunicationError extends Error {
  override readonly name = 'CommunicationError';
  /** One category, in an array as the calling SDK has it. */
  readonly resultCategories: ResultCategories[];

  constructor(
    message: string,
    readonly code: number,
    readonly subCode: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.resultCategories = [categoryOf(code, subCode)];
  }
}

/** The name of {@link CommunicationError} in the calling SDK. */
export type CommunicationServicesError = CommunicationError;

/** An error of this dialect. */
export function failure(message: string, [code, subCode]: Codes, cause?: unknown): CommunicationError {
  return new CommunicationError(message, code, subCode, { cause });
}

/** Errors that the server gives no ACS code for get the one of the operation. */
export async function mapped<T>(result: Promise<T>, codes: Codes): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof SideroomError)) throw error;
    throw failure(error.message, error.acs ? [error.acs.code, error.acs.subCode] : codes, error);
  }
}

/**
 * Published samples call `hangUp()` and `resume()` without awaiting them: a caller who awaits sees the
 * failure, and for one who does not it is no unhandled rejection.
 */
export function unawaited<T>(result: Promise<T>): Promise<T> {
  result.catch(() => {});
  return result;
}
