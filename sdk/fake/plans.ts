/** Rotations, arrangements and attendance of the stand-in's room. */
import type { FakeRoom } from './room.ts';
import { Refused, moderators, type FakeParticipant, type Json } from './words.ts';

type Run = (room: FakeRoom, who: FakeParticipant, body: Json) => Json | void;

const needModerator = (who: FakeParticipant): void => {
  if (!who.moderator) throw new Refused('NotModerator', 1138);
};

/** The people of each breakout in one round: they go on by one breakout each time. */
function roundOf(room: FakeRoom, rotation: Json, number: number): Json {
  const people = [...room.participants.values()].filter((each) => !each.moderator);
  const groups = rotation['breakoutIds'].map((breakoutId: string, index: number) => {
    const seated = people.filter((_, seat) => (seat * (number + 1)) % rotation['breakoutIds'].length === index);
    return { breakoutId, identities: seated.map(({ identity }) => identity) };
  });
  return { groups };
}

function planned(room: FakeRoom, { breakoutIds, rounds, roundMs, seed }: Json, by: string): Json {
  const ids = breakoutIds?.length ? breakoutIds : [...room.breakouts.keys()];
  const rotation: Json = { breakoutIds: ids, rounds, begun: 0, roundMs, by, repeats: 0, seed: seed ?? '18446744073709551615' };
  rotation['ahead'] = Array.from({ length: rounds }, (_, number) => roundOf(room, rotation, number));
  return rotation;
}

const open = ({ ahead: _, repeats: _r, seed: _s, ...rotation }: Json): Json => rotation;

function nextRound(room: FakeRoom, rotation: Json, by: string): void {
  const round = rotation['ahead'].shift();
  if (!round) return over(room, 'DONE', by);
  Object.assign(rotation, { begun: rotation['begun'] + 1, nextAtMs: String(Date.now() + rotation['roundMs']) });
  delete rotation['pausedMs'];
  room.rotation = rotation;
  for (const { breakoutId, identities } of round.groups) {
    for (const person of [...room.participants.values()]) if (identities.includes(person.identity)) room.move(person, breakoutId, 'ROTATED', by);
  }
  room.emit('rotationChanged', { rotation: open(rotation) });
  room.emit('rotationPlanned', { ahead: structuredClone(rotation['ahead']), repeats: rotation['repeats'], seed: rotation['seed'] }, moderators);
}

function over(room: FakeRoom, end: string, by: string): void {
  const ids: string[] = room.rotation?.['breakoutIds'] ?? [];
  room.rotation = undefined;
  if (end === 'DONE') for (const each of [...room.participants.values()]) if (ids.includes(each.groupId)) room.move(each, 'parent', 'ROTATED', by);
  room.emit('rotationChanged', { end: `ROTATION_END_${end}` });
}

/** The rooms of a list, which has a room and its people on each line. */
function readList(written: string): Json[] {
  const lines = written.split('\n').map((line) => line.split(','));
  const faults = lines.flatMap((cells, index) => (cells.length < 2 ? [{ line: index + 1, problem: 'no identity follows the room; write `room, identity`' }] : []));
  if (faults.length) throw new Refused('InvalidArgument', 1138, [0, 0], faults);
  return lines.map(([name, ...identities]) => ({ name, identities }));
}

function arrangementOf(room: FakeRoom, name: string): Json[] {
  const rooms = room.arrangements.get(name);
  if (!rooms) throw new Refused('NotFound', 1731);
  return rooms;
}

export const summaryOf = (name: string, rooms: Json[]): Json => ({ name, rooms: rooms.length, identities: rooms.flatMap(({ identities }) => identities).length });

function breakoutFor(room: FakeRoom, who: FakeParticipant, { name, capacity, identities }: Json): Json {
  const known = [...room.breakouts.values()].find((each) => each['displayName'] === name);
  const breakout = known ?? room.newBreakout(who, { names: [name], participants: capacity ?? 7, autoMove: true }, 0);
  breakout['assignedIdentities'] = identities;
  if (!known) room.emit('breakoutsCreated', { breakouts: [room.showBreakout(breakout)] }, moderators);
  return breakout;
}

const COMMON: Record<string, Run> = {
  StartRotation: (room, who, body) => {
    needModerator(who);
    const rotation = planned(room, body, who.id);
    if (body['dryRun']) return { answer: { dryRun: {} }, rotation };
    if (room.rotation) throw new Refused('InvalidArgument', 1138);
    nextRound(room, rotation, who.id);
    return { rotation: structuredClone(rotation), leftOverIds: [] };
  },
  ChangeRotation: (room, who, { step }) => {
    needModerator(who);
    const { rotation } = room;
    if (!rotation) throw new Refused('NotFound', 1731);
    if (step === 'ROTATION_STEP_SKIP') return nextRound(room, rotation, who.id);
    if (step === 'ROTATION_STEP_END') return over(room, 'STOPPED', who.id);
    if (step === 'ROTATION_STEP_PAUSE') Object.assign(rotation, { nextAtMs: '0', pausedMs: rotation['roundMs'] });
    else Object.assign(rotation, { nextAtMs: String(Date.now() + rotation['pausedMs']), pausedMs: undefined });
    room.emit('rotationChanged', { rotation: open(rotation) });
  },
  SaveArrangement: (room, who, { name, list, rooms, asItStands }) => {
    needModerator(who);
    const members = (id: string): string[] => [...room.participants.values()].filter((each) => each.groupId === id && !each.moderator).map(({ identity }) => identity);
    const stands = (): Json[] => [...room.breakouts.values()].map((each) => ({ name: each['displayName'], capacity: each['capacity'], identities: members(each['id']) }));
    const kept = asItStands ? stands() : (rooms ?? readList(list));
    room.arrangements.set(name, kept);
    room.emit('arrangementChanged', { arrangement: summaryOf(name, kept) }, moderators);
    return { arrangement: summaryOf(name, kept) };
  },
  GetArrangement: (room, who, { name }) => {
    needModerator(who);
    return { rooms: arrangementOf(room, name) };
  },
  RemoveArrangement: (room, who, { name }) => {
    needModerator(who);
    arrangementOf(room, name);
    room.arrangements.delete(name);
    room.emit('arrangementChanged', { arrangement: { name }, removed: true }, moderators);
  },
  ApplyArrangement: (room, who, body) => {
    needModerator(who);
    const rooms = arrangementOf(room, body['name']);
    const made = rooms.map((each) => breakoutFor(room, who, each)['id'] as string);
    const here = [...room.participants.values()];
    rooms.forEach(({ identities }, index) => {
      for (const one of body['open'] ? here : []) if (identities.includes(one.identity)) room.move(one, made[index] as string, 'ARRANGED', who.id);
    });
    const absentIdentities = rooms.flatMap(({ identities }) => identities).filter((identity: string) => !here.some((one) => one.identity === identity));
    return { breakoutIds: made, absentIdentities };
  },
};

/** The commands, by method. */
export const PLANS: Record<string, Run> = {
  ...Object.fromEntries(Object.entries(COMMON).map(([name, run]) => [`BreakoutService/${name}`, run])),
  'RoomService/ListAttendance': (room, who, { identity, after }) => {
    needModerator(who);
    const wanted = room.moves.filter((move) => !identity || move['identity'] === identity);
    // One on each page.
    const row = wanted[Number(after)];
    return { rows: row ? [{ ...row, connectedMs: '5' }] : [], more: Number(after) + 1 < wanted.length, last: String(Number(after) + 1) };
  },
};
