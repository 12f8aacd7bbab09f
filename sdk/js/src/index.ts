/**
 * The client of Sideroom: one connection, one offer, and breakouts without renegotiation.
 *
 * @packageDocumentation
 */
import { Room, type ConnectOptions } from './room.js';
import type { Token } from './connection.js';

/**
 * Joins the room that the token names.
 *
 * @param url Where the server is, such as `https://sfu.example.org`.
 * @param token A client token, or a function that fetches one. Give a function where tokens are short-lived:
 * it is called again whenever the place must be taken anew.
 * @throws {@link SideroomError} with a code to branch on and a sentence to show.
 */
export async function connect(url: string, token: Token, options: ConnectOptions = {}): Promise<Room> {
  const room = new Room(url, token, options);
  await room.start();
  return room;
}

export { Room } from './room.js';
export type { ConnectOptions, RoomEvents, View } from './room.js';
export type { ConnectionOptions, Phase, Token } from './connection.js';
export type { BackoffOptions } from './backoff.js';
export { Participant } from './participant.js';
export { Breakout, type StreamInfo } from './breakout.js';
export { Breakouts } from './breakouts.js';
export { Arrangements } from './arrangements.js';
export type { AppliedArrangement, ArrangementSource, ArrangementsEvents } from './arrangements.js';
export { Rotations } from './rotations.js';
export type { RotationsEvents } from './rotations.js';
export type { ArrangedRoom, ArrangementState, Attendance, RotationEnd, RotationPlan, RotationRound, RotationState } from './plans.js';
export type { BreakoutDefinition, BreakoutsEvents, Invitation } from './breakouts.js';
export { commands } from './commands.js';
export type { BreakoutChange, BreakoutCommand, RotationOptions, SideRoomDefinition } from './commands.js';
export { Intercoms } from './intercoms.js';
export type { IntercomOptions, IntercomTarget, IntercomsEvents } from './intercoms.js';
export type { Knock } from './knocks.js';
export type { Door, DryRun, IfLate, IntercomState, KnockEnd, KnockState, ScheduleState, StreamCount } from './presence.js';
export { Schedules } from './schedules.js';
export type { SchedulesEvents, When } from './schedules.js';
export { LocalTracks } from './local.js';
export { attachAudio } from './audio.js';
export type { AudioOutput, AudioSource } from './audio.js';
export { captureCanvas, listDevices, onDevicesChanged, openCamera, openMicrophone, openScreen } from './devices.js';
export type { Device, Devices } from './devices.js';
export { SideroomError } from './errors.js';
export type { AcsCode, ErrorName, LineFault } from './errors.js';
export { Emitter } from './emitter.js';
export type { Listener, Unsubscribe } from './emitter.js';
export { TRACK_KINDS, mediaOf } from './kinds.js';
export type { Media, TrackKind } from './kinds.js';
export type { CameraLayer, PeerOptions } from './peer.js';
export type { ConnectionPath, StatsSummary } from './stats.js';
export type {
  BreakoutDetail,
  BreakoutSettings,
  BreakoutState,
  Grants,
  GroupId,
  HelpRequest,
  InvitationEnd,
  InvitationState,
  Json,
  MediaFlags,
  Move,
  MoveReason,
  ParentGate,
  ParticipantState,
  Role,
  RoomSettings,
  RoomState,
  TrackState,
  WireEvent,
  WireEventOf,
  WirePayloads,
} from './wire.js';
