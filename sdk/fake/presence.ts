/** Intercoms, knocks, side rooms, schedules and dry runs of the stand-in's room. */
import type { FakeRoom } from './room.ts';
import { Refused, type FakeParticipant, type Json } from './words.ts';

type Run = (room: FakeRoom, who: FakeParticipant, body: Json) => Json | void;

/** A command that waits for its time. */
export interface FakeSchedule {
  shown: Json;
  by: FakeParticipant;
  method: string;
  body: Json;
}

/** Whether an intercom addresses somebody where they are. */
export function addresses(intercom: Json, who: FakeParticipant): boolean {
  return intercom['all'] || intercom['groupIds'].includes(who.groupId) || intercom['toParticipantIds'].includes(who.id);
}

/** An intercom, as it is shown. */
export function intercomOf(room: FakeRoom, speaker: FakeParticipant): Json {
  const replyingIds = [...room.participants.values()].filter(({ replyingTo }) => replyingTo === speaker.id).map(({ id }) => id);
  return { ...speaker.intercom, participantId: speaker.id, replyingIds };
}

export const knockOf = ({ breakoutId, participantId, untilMs }: Json): Json => ({ breakoutId, participantId, untilMs });

function told(speaker: FakeParticipant, intercom: Json): (each: FakeParticipant) => boolean {
  return (each) => each === speaker || each.moderator || addresses(intercom, each);
}

function tell(room: FakeRoom, speaker: FakeParticipant): void {
  if (speaker.intercom) room.emit('intercomChanged', { intercom: intercomOf(room, speaker) }, told(speaker, speaker.intercom));
}

function stop(room: FakeRoom, speaker: FakeParticipant): void {
  const before = speaker.intercom;
  if (!before) return;
  speaker.intercom = undefined;
  for (const each of room.participants.values()) if (each.replyingTo === speaker.id) each.replyingTo = '';
  room.emit('intercomStopped', { participantId: speaker.id }, told(speaker, before));
}

function endKnock(room: FakeRoom, knock: Json, end: string): void {
  room.knocks.delete(`${knock['breakoutId']} ${knock['participantId']}`);
  const near = (each: FakeParticipant): boolean => each.moderator || each.id === knock['participantId'] || each.groupId === knock['breakoutId'];
  room.emit('knockChanged', { knocks: [knockOf(knock)], end: `KNOCK_END_${end}` }, near);
}

/** Ends what a move or a leave has made void, and tells somebody who moved of intercoms that they hear now or do not. */
export function keepPresence(room: FakeRoom, moved?: FakeParticipant, from = ''): void {
  for (const knock of [...room.knocks.values()]) {
    const who = room.participants.get(knock['participantId']);
    if (who?.groupId === knock['breakoutId']) endKnock(room, knock, 'ADMITTED');
    else if (who?.groupId !== 'parent') endKnock(room, knock, 'VOID');
  }
  for (const speaker of room.participants.values()) {
    const { intercom } = speaker;
    if (!intercom || !moved || moved.moderator || speaker === moved) continue;
    const [was, is] = [addresses(intercom, { ...moved, groupId: from }), addresses(intercom, moved)];
    const only = (each: FakeParticipant): boolean => each === moved;
    if (is && !was) room.emit('intercomChanged', { intercom: intercomOf(room, speaker) }, only);
    if (was && !is) room.emit('intercomStopped', { participantId: speaker.id }, only);
  }
}

function breakoutOf(room: FakeRoom, id: string): Json {
  const found = room.breakouts.get(id);
  if (!found) throw new Refused('NotFound', 1731);
  return found;
}

const COMMON: Record<string, Run> = {
  StartIntercom: (room, who, body) => {
    if (!who.moderator) throw new Refused('NotModerator', 1138);
    const { groupIds = [], toParticipantIds = [] } = body;
    if (!body['all'] && !groupIds.length && !toParticipantIds.length) throw new Refused('InvalidArgument', 1138);
    stop(room, who);
    const untilMs = body['limitMs'] ? String(Date.now() + body['limitMs']) : '0';
    who.intercom = { all: body['all'] ?? false, groupIds, toParticipantIds, kinds: body['kinds'], suspendOwnGroup: body['suspendOwnGroup'], allowReply: body['allowReply'], untilMs };
    tell(room, who);
    return { intercom: intercomOf(room, who) };
  },
  StopIntercom: (room, who) => stop(room, who),
  StartReply: (room, who, body) => {
    const speaker = room.participants.get(body['speakerId']);
    if (!speaker?.intercom?.['allowReply'] || !addresses(speaker.intercom, who)) throw new Refused('InvalidArgument', 1138);
    who.replyingTo = speaker.id;
    tell(room, speaker);
  },
  StopReply: (room, who) => {
    const speaker = room.participants.get(who.replyingTo);
    who.replyingTo = '';
    if (speaker) tell(room, speaker);
  },
  Knock: (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    if (breakout['door'] === 'DOOR_LOCKED') throw new Refused('BreakoutLocked', 1731);
    if (breakout['door'] !== 'DOOR_KNOCKING') throw new Refused('InvalidArgument', 1138);
    const knock = { breakoutId: breakout['id'], participantId: who.id, untilMs: String(Date.now() + 60_000) };
    room.knocks.set(`${knock.breakoutId} ${who.id}`, knock);
    room.emit('knockChanged', { knocks: [knock] }, (each) => each === who || each.moderator || each.groupId === knock.breakoutId);
  },
  StopKnocking: (room, who, body) => {
    const knock = room.knocks.get(`${body['breakoutId']} ${who.id}`);
    if (knock) endKnock(room, knock, 'WITHDRAWN');
  },
  AnswerKnock: (room, who, body) => {
    const knock = room.knocks.get(`${body['breakoutId']} ${body['participantId']}`);
    const asker = room.participants.get(body['participantId']);
    if (!knock || !asker) throw new Refused('NotFound', 1731);
    if (!who.moderator && who.groupId !== body['breakoutId']) throw new Refused('NotModerator', 1138);
    if (body['admit']) room.move(asker, body['breakoutId'], 'JOINED', who.id);
    else endKnock(room, knock, 'REFUSED');
  },
  CreateSideRoom: (room, who, body) => {
    if (!who.creates) throw new Refused('NotModerator', 1138);
    const made = room.newBreakout(who, { names: [body['displayName'] ?? who.displayName], participants: body['capacity'] ?? 7, media: body['media'] ?? { audio: true, screen: true, canvas: true }, door: body['door'] }, 0);
    made['side'] = true;
    const shown = room.showBreakout(made);
    room.emit('breakoutsCreated', { breakouts: [shown] }, (each) => each.moderator || each === who);
    room.move(who, made['id'], 'JOINED', who.id);
    for (const id of body['inviteIds'] ?? []) {
      made['inviteeIds'].push(id);
      made['requestors'][id] = who.id;
      const payload = { participantId: id, breakout: room.summary(made), requestor: who.id, forced: false };
      room.emit('invitationReceived', payload, (each) => each.id === id || each.moderator);
    }
    return { breakouts: [room.showBreakout(made)] };
  },
  ChangeSchedule: (room, _, body) => {
    const held = scheduleOf(room, body['scheduleId']);
    Object.assign(held.shown, body['atMs'] ? { atMs: body['atMs'] } : {}, body['ifLate'] ? { ifLate: body['ifLate'] } : {});
    room.emit('scheduleChanged', { schedule: held.shown });
    return { schedule: held.shown };
  },
  CancelSchedule: (room, _, body) => {
    const held = scheduleOf(room, body['scheduleId']);
    room.schedules.delete(held.shown['scheduleId']);
    room.emit('scheduleChanged', { schedule: held.shown, cancelled: true });
  },
};

function scheduleOf(room: FakeRoom, id: number): FakeSchedule {
  const held = room.schedules.get(id);
  if (!held) throw new Refused('NotFound', 1731);
  return held;
}

/** The commands, by method. */
export const PRESENCE: Record<string, Run> = Object.fromEntries(Object.entries(COMMON).map(([name, run]) => [`BreakoutService/${name}`, run]));

const NAMES: Record<string, string> = { OpenBreakouts: 'open', CloseBreakouts: 'close', ClearBreakouts: 'clear', DestroyBreakouts: 'destroy', StartIntercom: 'start_intercom' };

/** Keeps a command for later. */
export function keepForLater(room: FakeRoom, who: FakeParticipant, method: string, { atMs, ifLate, ...body }: Json): Json {
  if (Number(atMs) <= Date.now()) throw new Refused('ScheduleFailed', 1138);
  const name = NAMES[method.slice('BreakoutService/'.length)] ?? 'move';
  const shown = { scheduleId: room.schedules.size + 1, atMs, ifLate: ifLate ?? { withinMs: 30_000 }, by: who.id, command: name, public: name !== 'move' && name !== 'start_intercom' };
  room.schedules.set(shown.scheduleId, { shown, by: who, method, body });
  room.emit('scheduleChanged', { schedule: shown }, (each) => each.moderator || shown.public);
  return shown;
}

/** Foresees a clearing; the stand-in knows no other dry run. */
export function forecast(room: FakeRoom, method: string): Json {
  if (method !== 'BreakoutService/ClearBreakouts') throw new Refused('InvalidArgument', 1138);
  const away = [...room.participants.values()].filter(({ groupId }) => groupId !== 'parent');
  return { moves: away.map(({ id, groupId }) => ({ participantId: id, fromGroupId: groupId, toGroupId: 'parent' })), audioStreamsBefore: 1, audioStreamsAfter: 2 };
}
