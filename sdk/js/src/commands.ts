/** The commands on breakouts, to be given later or tried without effect. */
import type { StreamInfo } from './breakout.js';
import { doorName, encodeDefinition, type BreakoutDefinition } from './definition.js';
import { intercomCommand, type IntercomOptions, type IntercomTarget } from './intercoms.js';
import type { Door } from './presence.js';
import type { BreakoutSettings, GroupId, Json, MediaFlags } from './wire.js';

/** A command on breakouts that was not given yet: for `schedules.add` and `breakouts.dryRun`. */
export interface BreakoutCommand {
  /** The method of the breakout service. */
  readonly method: string;
  readonly body: Readonly<Json>;
}

/** The changes of a breakout. */
export type BreakoutChange = Partial<{
  name: string;
  capacity: number;
  media: MediaFlags;
  autoMove: boolean;
  selfSelect: boolean;
  door: Door;
  /** When everybody inside returns and it closes, in milliseconds since the Unix epoch; 0: never. */
  endsAtMs: number;
}>;

/** The rounds of a rotation. */
export interface RotationOptions {
  /** 1 to 50. */
  rounds: number;
  /** How long each lasts, from a second to a day. */
  roundMs: number;
  /** Between which people change; default: all but side rooms. They are open. */
  breakoutIds?: readonly string[];
  /** The seed of an earlier plan gives it again, for the same people. */
  seed?: string | number;
}

const make = (method: string, body: Json = {}): BreakoutCommand => ({ method, body });
const seedOf = (seed: number | undefined): string | undefined => (seed === undefined ? undefined : String(seed));
const some = (breakoutIds: readonly string[] = []): Json => ({ breakoutIds });

/** Builds the commands. Those on some breakouts concern all of them when none is named. */
export const commands = {
  create: (definition: BreakoutDefinition) => make('CreateBreakouts', { definition: encodeDefinition(definition) }),
  createAndInvite: (definition: BreakoutDefinition, options: { force?: boolean; seed?: number } = {}) =>
    make('CreateAndInvite', { definition: encodeDefinition(definition), forceJoin: options.force ?? false, seed: seedOf(options.seed) }),
  open: (breakoutIds?: readonly string[]) => make('OpenBreakouts', some(breakoutIds)),
  close: (breakoutIds?: readonly string[]) => make('CloseBreakouts', some(breakoutIds)),
  clear: (breakoutIds?: readonly string[]) => make('ClearBreakouts', some(breakoutIds)),
  destroy: (breakoutIds?: readonly string[]) => make('DestroyBreakouts', some(breakoutIds)),
  move: (targets: Readonly<Record<string, GroupId>>, streamInfo?: StreamInfo) =>
    make('MoveParticipants', { moves: Object.entries(targets).map(([participantId, toGroupId]) => ({ participantId, toGroupId, streamInfo })) }),
  shuffle: (seed?: number) => make('Shuffle', { seed: seedOf(seed) }),
  invite: (breakoutId: string, participantIds: readonly string[], options: { force?: boolean } = {}) =>
    make('Invite', { breakoutId, participantIds, forceJoin: options.force ?? false }),
  assign: (breakoutId: string, identities: readonly string[]) => make('Assign', { breakoutId, identities }),
  unassign: (identities: readonly string[]) => make('Unassign', { identities }),
  join: (breakoutId: string, streamInfo?: StreamInfo) => make('JoinBreakout', { breakoutId, streamInfo }),
  leave: () => make('LeaveBreakout'),
  update: (breakoutId: string, { name, door, endsAtMs, ...rest }: BreakoutChange) =>
    make('UpdateBreakout', { breakoutId, displayName: name, door: doorName(door), endsAtMs: endsAtMs === undefined ? undefined : String(Math.round(endsAtMs)), ...rest }),
  configure: ({ parentWhileAway: away, endsAtMs, endGraceMs, availability: _, ...flags }: Partial<BreakoutSettings>) =>
    make('UpdateSettings', {
      settings: {
        ...flags,
        parentWhileAway: away && `PARENT_WHILE_AWAY_${away.toUpperCase()}`,
        endsAtMs: endsAtMs === undefined ? undefined : String(Math.round(endsAtMs)),
        endGraceMs: endGraceMs === undefined ? undefined : Math.round(endGraceMs),
      },
    }),
  listenIn: (groupId: GroupId, options: { follow?: boolean } = {}) => make('StartListening', { groupId, follow: options.follow || undefined }),
  stopListening: () => make('StopListening'),
  intercom: (to: IntercomTarget, options: IntercomOptions = {}): BreakoutCommand => intercomCommand(to, options),
  stopIntercom: () => make('StopIntercom'),
  startRotation: ({ rounds, roundMs, breakoutIds = [], seed }: RotationOptions) =>
    make('StartRotation', { rounds, roundMs: Math.round(roundMs), breakoutIds, seed: seed === undefined ? undefined : String(seed) }),
  changeRotation: (step: 'pause' | 'resume' | 'skip' | 'end') => make('ChangeRotation', { step: `ROTATION_STEP_${step.toUpperCase()}` }),
  applyArrangement: (name: string, options: { open?: boolean } = {}) => make('ApplyArrangement', { name, open: options.open ?? false }),
  sideRoom: ({ name, capacity, media, door, invite }: SideRoomDefinition) =>
    make('CreateSideRoom', { displayName: name, capacity, media, door: doorName(door), inviteIds: invite }),
} as const;

/** The properties of a side room. */
export interface SideRoomDefinition {
  /** Default: the name of the one who makes it. */
  name?: string;
  /** Default: as many as the room allows. */
  capacity?: number;
  /** Default: sound, screen and canvas; no camera. */
  media?: Partial<MediaFlags>;
  /** Default: open. */
  door?: Door;
  /** The ids of the guests, who are invited. */
  invite?: readonly string[];
}
