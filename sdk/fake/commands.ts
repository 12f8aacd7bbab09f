/** The effect of each command on the stand-in's room. */
import { PLANS } from './plans.ts';
import { PRESENCE } from './presence.ts';
import type { FakeRoom } from './room.ts';
import { Refused, moderators, showTrack, type FakeParticipant, type Json } from './words.ts';

/** One of pause, resume, mute and unmute. */
function gateChange(body: Json): Json {
  const change = gatePatch(body);
  const kinds = new Set(Object.entries(change).map(([key, value]) => `${key === 'paused'}${value}`));
  if (kinds.size !== 1) throw new Refused('InvalidArgument');
  return change;
}

type Run = (room: FakeRoom, who: FakeParticipant, body: Json) => Json | void;

function needModerator(who: FakeParticipant): void {
  if (!who.moderator) throw new Refused('NotModerator', 1138);
}

function find(room: FakeRoom, id: string): FakeParticipant {
  const found = room.participants.get(id);
  if (!found) throw new Refused('NotFound', 1731);
  return found;
}

function breakoutOf(room: FakeRoom, id: string): Json {
  const found = room.breakouts.get(id);
  if (!found) throw new Refused('NotFound', 1731);
  return found;
}

/** A moderator, or the owner of that breakout. */
function needOwner(who: FakeParticipant, breakout: Json): void {
  if (breakout['ownerId'] !== who.id) needModerator(who);
}

function create(room: FakeRoom, who: FakeParticipant, definition: Json): Json[] {
  if (!who.creates) throw new Refused('NotModerator', 1138);
  if (room.settings['mode'] === 'ROOM_MODE_LECTURE') throw new Refused('LectureMode', 5067);
  if (who.groupId !== 'parent') throw new Refused('NotInParent', 1731);
  if (definition['participants'] === undefined) throw new Refused('ParticipantCountMissing', 1734);
  const capacity = Number(definition['participants']);
  if (capacity < 2) throw new Refused('ParticipantCountInvalid', 1724);
  if (capacity > room.settings['maxActiveTalkers'] - 1) throw new Refused('ParticipantCountTooLarge', 1725);
  const count = definition['maxRooms'] ?? 0;
  if (count < 1) throw new Refused('CreateFailed', 1731);
  if (count + room.breakouts.size > room.settings['maxBreakouts']) throw new Refused('BreakoutLimitReached', 1726);
  return Array.from({ length: count }, (_, index) => room.newBreakout(who, definition, index));
}

function invite(room: FakeRoom, who: FakeParticipant, breakout: Json, ids: string[], force: boolean): void {
  const people = ids.map((id) => find(room, id));
  if (people.length === 0) return;
  for (const person of people) {
    breakout['inviteeIds'] = [...new Set([...breakout['inviteeIds'], person.id])];
    breakout['requestors'][person.id] = who.id;
    const payload = { participantId: person.id, breakout: room.summary(breakout), requestor: who.id, forced: force };
    room.emit('invitationReceived', payload, (each) => each === person || each.moderator);
    if (force) room.move(person, breakout['id'], 'FORCED', who.id);
  }
}

/** Sends everybody the breakouts that they can choose from. */
function offer(room: FakeRoom): void {
  const breakouts = [...room.breakouts.values()].filter((breakout) => breakout['selfSelect']);
  room.emit('selectableBreakouts', { breakouts: breakouts.map((breakout) => room.summary(breakout)) });
}

export function updated(room: FakeRoom, breakout: Json): Json {
  const inside = (each: FakeParticipant): boolean => each.moderator || each.id === breakout['ownerId'];
  room.emit('breakoutUpdated', { breakout: room.showBreakout(breakout) }, inside);
  for (const person of room.participants.values()) {
    if (person.assigned === breakout['id']) room.emit('assignmentChanged', { participantId: person.id, breakout: room.summary(breakout) }, (each) => each === person);
  }
  return room.showBreakout(breakout);
}

function named(room: FakeRoom, ids: string[] | undefined): Json[] {
  return ids?.length ? ids.map((id) => breakoutOf(room, id)) : [...room.breakouts.values()];
}

function membersOf(room: FakeRoom, breakout: Json): FakeParticipant[] {
  return [...room.participants.values()].filter(({ groupId }) => groupId === breakout['id']);
}

function mute(muted: boolean): Run {
  return (room, who, body) => {
    const target = body['participantId'] ? find(room, body['participantId']) : who;
    if (target !== who) needModerator(who);
    for (const track of target.tracks) {
      if (body['kinds'].includes(track['kind'])) track[target === who ? 'mutedByPublisher' : 'mutedByModerator'] = muted;
    }
    const by = (flag: string): string[] => target.tracks.filter((track) => track[flag]).map((track) => track['kind']);
    const payload = { participantId: target.id, groupId: target.groupId, byPublisher: by('mutedByPublisher'), byModerator: by('mutedByModerator') };
    room.emit('muteChanged', payload, room.nearby(target));
  };
}

function publish(published: boolean): Run {
  return (room, who, body) => {
    const track = who.tracks.find(({ kind }) => kind === body['kinds'][0]);
    if (!track || body['kinds'].length !== 1) throw new Refused('InvalidArgument');
    track['published'] = published;
    room.regroup(who);
    const payload = { participantId: who.id, groupId: who.groupId, track: showTrack(track) };
    room.emit(published ? 'trackPublished' : 'trackUnpublished', payload, room.nearby(who));
  };
}

function gatePatch(body: Json): Json {
  return Object.fromEntries(['paused', 'audioMuted', 'videoMuted'].flatMap((key) => (key in body ? [[key, body[key]]] : [])));
}

export const COMMANDS: Record<string, Run> = {
  'RoomService/GetRoom': (room, who) => ({ room: room.snapshot(who) }),
  ...PRESENCE,
  ...PLANS,
  'ParticipantService/SetGrants': (room, who, body) => {
    needModerator(who);
    const target = find(room, body['participantId']);
    target.creates = body['grants'].createBreakouts || body['grants'].createSideRooms;
    room.emit('grantsChanged', { participantId: target.id, grants: body['grants'] }, (each) => each === target || each.moderator);
  },
  'RoomService/ListMoves': (room) => ({ moves: room.moves }),
  'RoomService/UpdateRoom': (room, who, body) => {
    needModerator(who);
    if (body['settings'].mode === 'ROOM_MODE_LECTURE' && room.breakouts.size) throw new Refused('LectureMode', 5067);
    room.settings = { ...room.settings, ...body['settings'] };
    room.emit('roomUpdated', { settings: room.settings });
  },
  'RoomService/SendMessage': (room, who, body) => {
    if (body['allGroups']) needModerator(who);
    const groupId = body['allGroups'] ? '' : body['groupId'] || who.groupId;
    room.emit('messageSent', { from: who.id, groupId, text: body['text'] }, (each) => !groupId || each.groupId === groupId || each.moderator);
  },
  'ParticipantService/Publish': publish(true),
  'ParticipantService/Unpublish': publish(false),
  'ParticipantService/Mute': mute(true),
  'ParticipantService/Unmute': mute(false),
  'ParticipantService/SetViews': () => {},
  'ParticipantService/Remove': (room, who, body) => {
    needModerator(who);
    const gone = find(room, body['participantId']);
    gone.send?.({ type: 'closing', reason: 'Removed', message: 'A moderator removed you.', reconnect: false });
    room.leave(gone, 'REMOVED');
  },
  'ParticipantService/SetRole': (room, who, body) => {
    needModerator(who);
    const target = find(room, body['participantId']);
    target.moderator = body['role'] === 'ROLE_MODERATOR';
    room.emit('roleChanged', { participantId: target.id, role: body['role'] });
  },
  'ParticipantService/SetParentGate': (room, who, body) => {
    if (body['paused'] === false && room.gate['paused'] && who.groupId !== 'parent') throw new Refused('ResumeFailed', 1138, [412, 46257]);
    if ('paused' in body) who.joinPaused = false;
    who.gate = { ...who.gate, ...gateChange(body) };
    room.emit('parentGateChanged', { participantId: who.id, gate: who.gate }, (each) => each === who || each.moderator);
    return { gate: who.gate };
  },
  'ParticipantService/SetRoomGate': (room, who, body) => {
    needModerator(who);
    room.gate = { ...room.gate, ...gateChange(body) };
    room.emit('roomGateChanged', { gate: room.gate });
    return { gate: room.gate };
  },
  'BreakoutService/CreateBreakouts': (room, who, body) => {
    const breakouts = create(room, who, body['definition']).map((each) => room.showBreakout(each));
    room.emit('breakoutsCreated', { breakouts }, (each) => each.moderator || each === who);
    offer(room);
    return { breakouts };
  },
  'BreakoutService/CreateAndInvite': (room, who, body) => {
    const breakouts = create(room, who, body['definition']);
    const people = [...room.participants.values()].filter((each) => !each.moderator && each.groupId === 'parent');
    const seats = breakouts.flatMap((each) => Array.from({ length: each['capacity'] }, (_, seat) => ({ each, seat })));
    seats.sort((a, b) => a.seat - b.seat);
    const leftOverIds = people.slice(seats.length).map(({ id }) => id);
    const shown = breakouts.map((each) => room.showBreakout(each));
    room.emit('breakoutsCreated', { breakouts: shown }, (each) => each.moderator || each === who);
    offer(room);
    for (const breakout of breakouts) {
      const ids = people.flatMap(({ id }, index) => (seats[index]?.each === breakout ? [id] : []));
      invite(room, who, breakout, ids, body['forceJoin'] === true);
    }
    return { breakouts: breakouts.map((each) => room.showBreakout(each)), leftOverIds };
  },
  'BreakoutService/UpdateBreakout': (room, who, body) => {
    needModerator(who);
    const { breakoutId, ...change } = body;
    return { breakout: updated(room, Object.assign(breakoutOf(room, breakoutId), change)) };
  },
  'BreakoutService/OpenBreakouts': (room, who, body) => {
    needModerator(who);
    return { breakouts: named(room, body['breakoutIds']).map((each) => open(room, who, each)) };
  },
  'BreakoutService/CloseBreakouts': (room, who, body) => {
    needModerator(who);
    const breakouts = named(room, body['breakoutIds']).map((each) => {
      each['state'] = 'BREAKOUT_STATE_CLOSED';
      for (const member of membersOf(room, each)) room.move(member, 'parent', 'CLOSED', who.id);
      return updated(room, each);
    });
    return { breakouts };
  },
  'BreakoutService/UpdateSettings': (room, who, body) => {
    needModerator(who);
    room.settings['breakouts'] = { ...room.settings['breakouts'], ...body['settings'] };
    room.emit('settingsChanged', { settings: room.settings['breakouts'] });
    return { settings: room.settings['breakouts'] };
  },
  'BreakoutService/Invite': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    needOwner(who, breakout);
    if (who.groupId !== 'parent') throw new Refused('NotInParent', 1731);
    if (body['forceJoin'] && breakout['state'] === 'BREAKOUT_STATE_CLOSED') throw new Refused('BreakoutClosed', 1731, [412, 46256]);
    invite(room, who, breakout, body['participantIds'], body['forceJoin'] === true);
    return { breakout: updated(room, breakout) };
  },
  'BreakoutService/RejectInvite': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    if (!breakout['inviteeIds'].includes(who.id)) throw new Refused('NotAssigned', 1731, [412, 46260]);
    room.endInvitation(breakout, who, 'REJECTED');
    room.emit('invitationRejected', { participantId: who.id, breakoutId: breakout['id'] }, moderators);
  },
  'BreakoutService/WithdrawInvites': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    needOwner(who, breakout);
    const people = (body['participantIds'] as string[]).map((id) => find(room, id));
    if (people.some(({ id }) => !breakout['inviteeIds'].includes(id))) throw new Refused('NotFound', 1731);
    for (const person of people) room.endInvitation(breakout, person, 'WITHDRAWN');
    return { breakout: updated(room, breakout) };
  },
  'BreakoutService/Assign': (room, who, body) => {
    needModerator(who);
    for (const identity of body['identities']) assign(room, who, identity, breakoutOf(room, body['breakoutId']));
  },
  'BreakoutService/Unassign': (room, who, body) => {
    needModerator(who);
    for (const identity of body['identities']) {
      for (const breakout of room.breakouts.values()) {
        breakout['assignedIdentities'] = breakout['assignedIdentities'].filter((each: string) => each !== identity);
      }
      const person = [...room.participants.values()].find((each) => each.identity === identity);
      if (person) person.assigned = '';
      if (person) room.emit('assignmentChanged', { participantId: person.id }, (each) => each === person);
    }
  },
  'BreakoutService/JoinBreakout': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    if (who.groupId !== 'parent') throw new Refused('AlreadyInBreakout', 1731);
    if (breakout['state'] === 'BREAKOUT_STATE_CLOSED') throw new Refused('BreakoutClosed', 1731, [412, 46256]);
    if (membersOf(room, breakout).length >= breakout['capacity']) throw new Refused('BreakoutFull', 1731);
    const asked = breakout['inviteeIds'].includes(who.id) || who.assigned === breakout['id'];
    if (!asked && !breakout['selfSelect'] && !who.moderator) throw new Refused('NotAssigned', 1731, [412, 46260]);
    room.move(who, breakout['id'], 'JOINED', who.id, body['streamInfo']);
    return { participantId: who.id, groupId: who.groupId };
  },
  'BreakoutService/LeaveBreakout': (room, who) => {
    if (who.groupId === 'parent') throw new Refused('LeaveFailed', 1138, [500, 46259]);
    if (!room.settings['breakouts'].allowReturn && !who.moderator) throw new Refused('ReturnNotAllowed', 5067);
    room.move(who, 'parent', 'LEFT', who.id);
  },
  'BreakoutService/MoveParticipants': (room, who, body) => {
    needModerator(who);
    for (const target of body['moves']) if (target.toGroupId !== 'parent') breakoutOf(room, target.toGroupId);
    for (const target of body['moves']) room.move(find(room, target.participantId), target.toGroupId, 'MOVED', who.id, target.streamInfo);
  },
  'BreakoutService/Shuffle': (room, who) => {
    needModerator(who);
    const open = [...room.breakouts.values()];
    const away = [...room.participants.values()].filter((each) => each.groupId !== 'parent').reverse();
    away.forEach((each, index) => room.move(each, open[index % open.length]?.['id'] ?? 'parent', 'SHUFFLED', who.id));
  },
  'BreakoutService/ClearBreakouts': (room, who, body) => {
    const cleared = named(room, body['breakoutIds']);
    const owns = who.moderator || (cleared.length > 0 && cleared.every((each) => each['ownerId'] === who.id));
    if (!owns && who.groupId === 'parent') throw new Refused('LeaveFailed', 1138, [500, 46259]);
    const back = owns ? cleared.flatMap((each) => membersOf(room, each)) : [who];
    for (const each of back) room.move(each, 'parent', 'CLEARED', who.id);
    if (back.length) for (const each of cleared) updated(room, each);
    for (const each of back) regate(room, each, { paused: false });
    return { returnedIds: back.map(({ id }) => id) };
  },
  'BreakoutService/DestroyBreakouts': (room, who, body) => {
    const gone = named(room, body['breakoutIds']);
    if (!gone.length) needModerator(who);
    for (const each of gone) needOwner(who, each);
    const back = gone.flatMap((each) => membersOf(room, each));
    for (const each of back) room.move(each, 'parent', 'DESTROYED', who.id);
    for (const each of back) regate(room, each, { paused: false, audioMuted: false, videoMuted: false });
    const asked = [...room.participants.values()].filter(({ id }) => gone.some(({ inviteeIds }) => inviteeIds.includes(id)));
    for (const each of gone) for (const person of asked) room.endInvitation(each, person, 'WITHDRAWN');
    for (const each of gone) room.breakouts.delete(each['id']);
    for (const person of room.participants.values()) {
      if (!gone.some((each) => each['id'] === person.assigned)) continue;
      person.assigned = '';
      room.emit('assignmentChanged', { participantId: person.id }, (each) => each === person);
    }
    const breakoutIds = gone.map((each) => each['id']);
    const concerned = (each: FakeParticipant): boolean => each.moderator || back.includes(each) || gone.some(({ ownerId }) => ownerId === each.id);
    const invited = (each: FakeParticipant): boolean => !concerned(each) && asked.includes(each);
    room.emit('breakoutsDestroyed', { breakoutIds, memberIds: back.map(({ id }) => id) }, concerned);
    room.emit('breakoutsDestroyed', { breakoutIds }, invited);
    offer(room);
    return { returnedIds: back.map(({ id }) => id) };
  },
  'BreakoutService/StartAddressAll': (room, who, body) => {
    needModerator(who);
    who.addressing = body['kinds'] ?? ['TRACK_KIND_AUDIO'];
    room.emit('addressAllChanged', { participantId: who.id, kinds: who.addressing });
  },
  'BreakoutService/StopAddressAll': (room, who) => {
    who.addressing = [];
    room.emit('addressAllChanged', { participantId: who.id });
  },
  'BreakoutService/StartListening': (room, who, body) => {
    needModerator(who);
    who.listening = body['groupId'];
    const breakout = breakoutOf(room, who.listening);
    const told = { breakout: room.inside(breakout), people: room.peopleIn(who.listening), listenerIds: room.listeners(who.listening) };
    room.emit('listeningChanged', { participantId: who.id, groupId: who.listening, listening: true, ...told }, (each) => each === who || each.moderator || each.groupId === who.listening);
  },
  'BreakoutService/StopListening': (room, who) => {
    const groupId = who.listening;
    who.listening = '';
    room.emit('listeningChanged', { participantId: who.id, groupId }, (each) => each === who || each.moderator || each.groupId === groupId);
  },
  'BreakoutService/RaiseHelp': (room, who, body) => {
    who.help = !body['withdraw'];
    room.emit('helpChanged', { participantId: who.id, groupId: who.groupId, text: body['text'], raised: who.help }, (each) => each === who || each.moderator);
  },
  'BreakoutService/AnswerHelp': (room, who, body) => {
    needModerator(who);
    const asker = find(room, body['participantId']);
    asker.help = false;
    room.emit('helpChanged', { participantId: asker.id, groupId: asker.groupId, answeredBy: who.id }, (each) => each === asker || each.moderator);
  },
};

function regate(room: FakeRoom, who: FakeParticipant, change: Json): void {
  const next = { ...who.gate, ...change };
  const differs = Object.keys(change).some((key) => Boolean(who.gate[key]) !== change[key]);
  who.gate = next;
  if (differs) room.emit('parentGateChanged', { participantId: who.id, gate: next }, (each) => each === who || each.moderator);
}

function assign(room: FakeRoom, who: FakeParticipant, identity: string, breakout: Json): void {
  for (const other of room.breakouts.values()) {
    other['assignedIdentities'] = other['assignedIdentities'].filter((each: string) => each !== identity);
  }
  breakout['assignedIdentities'].push(identity);
  const person = [...room.participants.values()].find((each) => each.identity === identity);
  if (person) person.assigned = breakout['id'];
  const payload = { participantId: person?.id, breakout: room.summary(breakout) };
  room.emit('assignmentChanged', payload, (each) => each === person);
  updated(room, breakout);
  if (person && breakout['autoMove'] && breakout['state'] === 'BREAKOUT_STATE_OPEN') {
    room.move(person, breakout['id'], 'AUTO_MOVED', who.id);
  }
}

function open(room: FakeRoom, who: FakeParticipant, breakout: Json): Json {
  breakout['state'] = 'BREAKOUT_STATE_OPEN';
  const shown = updated(room, breakout);
  if (breakout['autoMove']) {
    for (const person of room.participants.values()) {
      if (person.assigned === breakout['id'] && person.groupId === 'parent') room.move(person, breakout['id'], 'AUTO_MOVED', who.id);
    }
  }
  return shown;
}
