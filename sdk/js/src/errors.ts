/** The code of Azure Communication Services that an error maps to. */
export interface AcsCode {
  readonly code: number;
  readonly subCode: number;
}

/** The name of an error. It never changes between releases. */
export type ErrorName =
  // Answers of the server to a command.
  | 'ParticipantCountInvalid'
  | 'ParticipantCountTooLarge'
  | 'ParticipantCountMissing'
  | 'BreakoutLimitReached'
  | 'TokenFailed'
  | 'CreateFailed'
  | 'LectureMode'
  | 'Internal'
  | 'NotSupported'
  | 'Disabled'
  | 'JoinFailed'
  | 'HoldFailed'
  | 'BreakoutClosed'
  | 'ResumeFailed'
  | 'DetailsUnreadable'
  | 'LeaveFailed'
  | 'NotAssigned'
  | 'NotFound'
  | 'NotModerator'
  | 'NotInParent'
  | 'AlreadyInBreakout'
  | 'BreakoutFull'
  | 'ReturnNotAllowed'
  | 'VideoNotAllowed'
  | 'InvalidArgument'
  | 'Unauthenticated'
  | 'PermissionDenied'
  | 'RateLimited'
  | 'Draining'
  | 'RoomFull'
  | 'BadOffer'
  | 'OutOfRange'
  | 'VersionMismatch'
  | 'EpochMismatch'
  | 'Removed'
  | 'Banned'
  | 'Replaced'
  | 'RoomClosed'
  | 'SessionGone'
  | 'BreakoutsExist'
  | 'BreakoutLocked'
  | 'ScheduleFailed'
  | 'Fenced'
  // Errors of the browser.
  | 'MicrophoneRefused'
  | 'MicrophoneMissing'
  | 'CameraRefused'
  | 'CameraMissing'
  | 'ScreenRefused'
  | 'DeviceBusy'
  | 'DeviceFailed'
  | 'WebRtcMissing'
  | 'MediaPathFailed'
  | 'ServerUnreachable'
  | 'ConnectionLost'
  | 'Closed'
  | 'TimedOut'
  // Names that a newer server may send.
  | (string & {});

/** A line of a list that cannot be read, counted from 1, and why. */
export interface LineFault {
  readonly line: number;
  /** A sentence for a person. */
  readonly problem: string;
}

/**
 * A failure of the SDK: a stable `code` to branch on and, as `message`, a sentence for a person that says
 * what to do. Failures that the server answered carry the codes of both dialects.
 */
export class SideroomError extends Error {
  override readonly name = 'SideroomError';
  /** The lines of a pasted list that cannot be read. */
  readonly lines: readonly LineFault[];

  constructor(
    /** The stable name of the error. */
    readonly code: ErrorName,
    sentence: string,
    /** The EnableX code, where the error has one. */
    readonly enablex?: number,
    /** The ACS code and subcode, where the error has them. */
    readonly acs?: AcsCode,
    options: { cause?: unknown; lines?: readonly LineFault[] } = {},
  ) {
    super(sentence, options);
    this.lines = options.lines ?? [];
  }
}

const SENTENCES = {
  MicrophoneRefused:
    'The microphone is blocked for this page. Allow it in the address bar of the browser, then try again.',
  MicrophoneMissing: 'No microphone was found. Plug one in, or join without sound and listen.',
  CameraRefused:
    'The camera is blocked for this page. Allow it in the address bar of the browser, then try again.',
  CameraMissing: 'No camera was found. Plug one in, or join with sound only.',
  ScreenRefused: 'The screen was not shared. Choose a window or a screen when the browser asks.',
  DeviceBusy: 'Another program is using the device. Close that program, then try again.',
  DeviceFailed: 'The device did not start. Unplug it and plug it in again, or choose another one.',
  WebRtcMissing:
    'This browser cannot make calls, or the page is not served over https. Open it in a current browser over https.',
  MediaPathFailed:
    'Sound and video cannot get through this network. Try another network, or ask its administrator to allow UDP.',
  ServerUnreachable: 'The server cannot be reached. Check the connection; it is tried again by itself.',
  ConnectionLost: 'The connection to the server was lost. It is restored by itself when the network is back.',
  Closed: 'The room was left already. Connect again to go on.',
  TimedOut: 'The server did not answer in time. Check the connection, then try again.',
} as const;

/** @internal An error that arises in the browser. */
export function localError(code: keyof typeof SENTENCES, cause?: unknown): SideroomError {
  return new SideroomError(code, SENTENCES[code], undefined, undefined, { cause });
}

/** @internal Says which of our errors a refusal of `getUserMedia` or `getDisplayMedia` is. */
export function deviceError(kind: 'microphone' | 'camera' | 'screen', cause: unknown): SideroomError {
  const name = cause instanceof DOMException ? cause.name : '';
  const refused = name === 'NotAllowedError' || name === 'SecurityError';
  if (kind === 'screen') {
    return localError(refused || name === 'AbortError' ? 'ScreenRefused' : 'DeviceFailed', cause);
  }
  if (refused) return localError(kind === 'camera' ? 'CameraRefused' : 'MicrophoneRefused', cause);
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return localError(kind === 'camera' ? 'CameraMissing' : 'MicrophoneMissing', cause);
  }
  return localError(name === 'NotReadableError' ? 'DeviceBusy' : 'DeviceFailed', cause);
}
