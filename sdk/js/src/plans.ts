/** Rotations, arrangements and attendance, as the gateway tells of them. */
import { json, list, name, number, text, texts } from './json.js';
import type { GroupId, MoveReason } from './wire.js';

/** The people of each breakout in one round. */
export type RotationRound = readonly { readonly breakoutId: string; readonly identities: readonly string[] }[];

/** The plan of the rounds of a rotation that have not begun. For moderators. */
export interface RotationPlan {
  readonly ahead: readonly RotationRound[];
  /** How often pairs meet that have met before, in the rounds of the plan as it was last made. */
  readonly repeats: number;
  /** Gives the same plan again, for the same people. */
  readonly seed: string;
}

/** People change breakouts in rounds. Only moderators know the plan; for others it is empty. */
export interface RotationState extends RotationPlan {
  readonly breakoutIds: readonly string[];
  readonly rounds: number;
  /** How many rounds have begun. */
  readonly begun: number;
  readonly roundMs: number;
  /** When the present round ends; 0: it is paused. */
  readonly nextAtMs: number;
  /** While it is paused: how much of the present round is left. */
  readonly pausedMs: number;
  /** The author: a participant's id or `operator`. */
  readonly by: string;
}

/** How a rotation ended: after its last round, by a moderator, or without an open breakout. */
export type RotationEnd = 'done' | 'stopped' | 'void';

/** A named set of rooms that was prepared. */
export interface ArrangementState {
  readonly name: string;
  /** How many rooms it has. */
  readonly rooms: number;
  /** How many identities, all rooms together. */
  readonly identities: number;
}

/** One room of an arrangement. */
export interface ArrangedRoom {
  /** The name of the breakout. */
  readonly name: string;
  /** How many the breakout holds if it is made; default: as many as the room allows. */
  readonly capacity?: number | undefined;
  /** Those who belong there, whether they are here or not. */
  readonly identities: readonly string[];
}

/** A stay in one group, and how much of it somebody was connected. */
export interface Attendance {
  readonly identity: string;
  readonly participantId: string;
  readonly groupId: GroupId;
  readonly fromMs: number;
  /** 0: still there. */
  readonly untilMs: number;
  readonly reason: MoveReason;
  /** The author: a participant's id, `operator` or `system`. */
  readonly by: string;
  /** Why it ended; undefined: still there. */
  readonly endReason: MoveReason | undefined;
  /** How long they were connected, until now if they are still there. */
  readonly connectedMs: number;
  /** When they were not connected. `untilMs` 0: they still are not. */
  readonly absences: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

/** @internal */
export const rounds = (value: unknown): RotationRound[] =>
  list(value).map((round) =>
    list(json(round)['groups'])
      .map(json)
      .map((group) => ({ breakoutId: text(group['breakoutId']), identities: texts(group['identities']) })),
  );

/** @internal 64 bits, which a number may not hold. */
export const seed = (value: unknown): string => text(value) || '0';

/** @internal */
export function rotation(value: unknown): RotationState | undefined {
  if (!value) return undefined;
  const from = json(value);
  return {
    breakoutIds: texts(from['breakoutIds']),
    rounds: number(from['rounds']),
    begun: number(from['begun']),
    roundMs: number(from['roundMs']),
    nextAtMs: number(from['nextAtMs']),
    pausedMs: number(from['pausedMs']),
    by: text(from['by']),
    ahead: rounds(from['ahead']),
    repeats: number(from['repeats']),
    seed: seed(from['seed']),
  };
}

/** @internal */
export function arrangement(value: unknown): ArrangementState {
  const from = json(value);
  return { name: text(from['name']), rooms: number(from['rooms']), identities: number(from['identities']) };
}

/** @internal */
export function arrangedRoom(value: unknown): ArrangedRoom {
  const from = json(value);
  return { name: text(from['name']), capacity: number(from['capacity']) || undefined, identities: texts(from['identities']) };
}

/** @internal */
export function attendance(value: unknown): Attendance {
  const from = json(value);
  return {
    identity: text(from['identity']),
    participantId: text(from['participantId']),
    groupId: text(from['groupId']),
    fromMs: number(from['fromMs']),
    untilMs: number(from['untilMs']),
    reason: name(from['reason'], 'MOVE_REASON_', 'moved'),
    by: text(from['by']),
    endReason: name<MoveReason | ''>(from['endReason'], 'MOVE_REASON_', '') || undefined,
    connectedMs: number(from['connectedMs']),
    absences: list(from['absences'])
      .map(json)
      .map((each) => ({ fromMs: number(each['fromMs']), untilMs: number(each['untilMs']) })),
  };
}
