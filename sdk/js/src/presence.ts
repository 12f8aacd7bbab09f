/** Intercoms, knocks, schedules and dry runs, as the gateway tells of them. */
import { flag, json, kinds, list, name, number, text, texts } from './json.js';
import type { TrackKind } from './kinds.js';

/** Whether people who may join a breakout go in by themselves. */
export type Door = 'open' | 'locked' | 'knocking';

/** An intercom: a participant speaks to a set of groups and people. */
export interface IntercomState {
  /** The participant who speaks. */
  readonly participantId: string;
  /** To everybody, in every group. */
  readonly all: boolean;
  /** `parent`, or breakouts. */
  readonly groupIds: readonly string[];
  /** People, wherever they are. */
  readonly toParticipantIds: readonly string[];
  readonly kinds: readonly TrackKind[];
  /** The speaker's own group hears none of these kinds meanwhile, unless it is addressed. */
  readonly suspendOwnGroup: boolean;
  /** The addressed may answer: the speaker and everybody addressed hear that. */
  readonly allowReply: boolean;
  /** When it ends by itself; 0: not before it is stopped. */
  readonly untilMs: number;
  /** Those who answer now. */
  readonly replyingIds: readonly string[];
}

/** A participant waits at the door of a breakout. */
export interface KnockState {
  readonly breakoutId: string;
  readonly participantId: string;
  /** When it ends by itself. */
  readonly untilMs: number;
}

/**
 * How a knock ended. `void`: they went elsewhere, or the breakout takes no knocks any more; `expired`: nobody
 * answered within a minute.
 */
export type KnockEnd = 'admitted' | 'refused' | 'expired' | 'withdrawn' | 'void';

/** The fate of a scheduled command whose time passed while the server was away. */
export type IfLate = 'always' | { readonly withinMs: number };

/** A command that is carried out later. */
export interface ScheduleState {
  readonly id: number;
  readonly atMs: number;
  readonly ifLate: IfLate;
  /** The author: a participant's id or `operator`. */
  readonly by: string;
  /** The name of the command, such as `open`. */
  readonly command: string;
  /** It concerns everybody in the room. */
  readonly isPublic: boolean;
  /** The participants whom the command names. */
  readonly participantIds: readonly string[];
}

/** Numbers of streams that leave the server, all receivers together. */
export interface StreamCount {
  readonly audio: number;
  readonly video: number;
}

/** The effect that a command would have. */
export interface DryRun {
  readonly moves: readonly { readonly participantId: string; readonly fromGroupId: string; readonly toGroupId: string }[];
  readonly before: StreamCount;
  readonly after: StreamCount;
}

/** @internal */
export function door(value: unknown): Door {
  return name(value, 'DOOR_', 'open');
}

/** @internal */
export function intercom(value: unknown): IntercomState {
  const from = json(value);
  return {
    participantId: text(from['participantId']),
    all: flag(from['all']),
    groupIds: texts(from['groupIds']),
    toParticipantIds: texts(from['toParticipantIds']),
    kinds: kinds(from['kinds']),
    suspendOwnGroup: flag(from['suspendOwnGroup']),
    allowReply: flag(from['allowReply']),
    untilMs: number(from['untilMs']),
    replyingIds: texts(from['replyingIds']),
  };
}

/** @internal */
export function knock(value: unknown): KnockState {
  const from = json(value);
  return { breakoutId: text(from['breakoutId']), participantId: text(from['participantId']), untilMs: number(from['untilMs']) };
}

/** @internal */
export function schedule(value: unknown): ScheduleState {
  const from = json(value);
  const late = json(from['ifLate']);
  return {
    id: number(from['scheduleId']),
    atMs: number(from['atMs']),
    ifLate: flag(late['always']) ? 'always' : { withinMs: number(late['withinMs']) },
    by: text(from['by']),
    command: text(from['command']),
    isPublic: flag(from['public']),
    participantIds: texts(from['participantIds']),
  };
}

/** @internal */
export function dryRun(value: unknown): DryRun {
  const from = json(value);
  const streams = (when: string): StreamCount => ({ audio: number(from[`audioStreams${when}`]), video: number(from[`videoStreams${when}`]) });
  const move = (each: unknown): DryRun['moves'][number] => {
    const { participantId, fromGroupId, toGroupId } = json(each);
    return { participantId: text(participantId), fromGroupId: text(fromGroupId), toGroupId: text(toGroupId) };
  };
  return { moves: list(from['moves']).map(move), before: streams('Before'), after: streams('After') };
}
