/**
 * Several clients in one page that live through a random story; each one's account is compared with a
 * fresh `GetRoom`.
 */
import { connect, type Breakout, type Participant, type Room } from '../../js/src/index.ts';
import { room as decodeRoom, type BreakoutState, type RoomState, type TrackState } from '../../js/src/wire.ts';

/** Numbers from a seed, the same each time. */
export class Chance {
  constructor(private state: number) {}

  /** From 0 up to, and without, `bound`. */
  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
  half(): boolean {
    return this.below(2) === 0;
  }
}

const KINDS = ['AUDIO', 'CAMERA', 'SCREEN', 'CANVAS'].map((kind) => `TRACK_KIND_${kind}`);
const MODERATORS = ['host', 'aide'];
const NAMES = [...MODERATORS, 'ann', 'bob', 'cem'];

const clients = new Map<string, Room>();
let roomName = '';

async function token(identity: string, name: string): Promise<string> {
  const role = MODERATORS.includes(identity) ? 'moderator' : 'participant';
  const body = JSON.stringify({ room: roomName, identity, name, role });
  const response = await fetch('/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return ((await response.json()) as { token: string }).token;
}

async function enter(identity: string, name = identity): Promise<void> {
  clients.set(identity, await connect(location.origin, await token(identity, name), { audioSlots: 1, videoSlots: 1 }));
}

/** One thing that happens: its name and its effect. */
type Happening = readonly [string, (chance: Chance) => Promise<unknown> | undefined];

const someone = (chance: Chance): Room => clients.get(chance.pick(NAMES) as string) as Room;
const moderator = (chance: Chance): Room => clients.get(chance.pick(MODERATORS) as string) as Room;
const anybody = (chance: Chance): Participant => someone(chance).me;
const breakout = (chance: Chance): Breakout | undefined => chance.pick(moderator(chance).breakouts.all);
const place = (chance: Chance): string => (chance.below(3) ? (breakout(chance)?.id ?? 'parent') : 'parent');
const kinds = (chance: Chance): { kinds: string[] } => ({ kinds: [chance.pick(KINDS) as string] });

const MEDIA: readonly Happening[] = [
  ['publish', (chance) => someone(chance).command('ParticipantService/Publish', kinds(chance))],
  ['unpublish', (chance) => someone(chance).command('ParticipantService/Unpublish', kinds(chance))],
  ['mute', (chance) => someone(chance).command('ParticipantService/Mute', kinds(chance))],
  ['unmute', (chance) => someone(chance).command('ParticipantService/Unmute', kinds(chance))],
  ['muteOther', (chance) => moderator(chance).muteOther(anybody(chance).id, ['audio', 'screen'], chance.half())],
  ['setGate', (chance) => someone(chance).setGate({ paused: chance.half() })],
  ['setRoomGate', (chance) => moderator(chance).setRoomGate({ audioMuted: chance.half() })],
];

const BREAKOUTS: readonly Happening[] = [
  ['create', (chance) => (moderator(chance).breakouts.all.length < 4 ? moderator(chance).breakouts.create({ rooms: 1, capacity: 2 + chance.below(3), state: chance.below(4) ? 'open' : 'closed', selfSelect: chance.half(), autoMove: !chance.below(3) }) : undefined)],
  ['destroy', (chance) => (chance.below(3) ? undefined : breakout(chance)?.destroy())],
  ['open', (chance) => breakout(chance)?.open()],
  ['close', (chance) => (chance.half() ? breakout(chance)?.close() : undefined)],
  ['rename', (chance) => breakout(chance)?.update({ name: `Team ${chance.below(100)}`, selfSelect: chance.half() })],
  ['own', (chance) => moderator(chance).command('BreakoutService/UpdateBreakout', { breakoutId: breakout(chance)?.id, ownerId: anybody(chance).id })],
  ['assign', (chance) => breakout(chance)?.assign([anybody(chance).identity])],
  ['unassign', (chance) => moderator(chance).breakouts.unassign([anybody(chance).identity])],
  ['configure', (chance) => moderator(chance).breakouts.configure(chance.pick([{ selfSelect: chance.half() }, { announcePresence: chance.half() }, { parentWhileAway: chance.half() ? 'live' : 'paused' }]) ?? {})],
];

const MOVES: readonly Happening[] = [
  ['invite', (chance) => breakout(chance)?.invite([anybody(chance).id], { force: !chance.below(4) })],
  ['withdraw', (chance) => breakout(chance)?.withdraw([anybody(chance).id])],
  ['accept', (chance) => chance.pick(someone(chance).breakouts.invitations)?.accept()],
  ['reject', (chance) => chance.pick(someone(chance).breakouts.invitations)?.reject()],
  ['join', (chance) => chance.pick(someone(chance).breakouts.all)?.join()],
  ['leave', (chance) => someone(chance).breakouts.mine?.leave()],
  ['move', (chance) => moderator(chance).breakouts.move({ [anybody(chance).id]: place(chance) })],
  ['move two', (chance) => moderator(chance).breakouts.move({ [anybody(chance).id]: place(chance), [anybody(chance).id]: place(chance) })],
  ['clear', (chance) => (chance.below(4) ? undefined : someone(chance).breakouts.clear())],
  ['shuffle', (chance) => (chance.below(4) ? undefined : moderator(chance).breakouts.shuffle(chance.below(1000)))],
];

const AROUND: readonly Happening[] = [
  ['listen', (chance) => breakout(chance)?.listenIn()],
  ['stop listening', (chance) => moderator(chance).breakouts.stopListening()],
  ['address', (chance) => moderator(chance).breakouts.addressAll()],
  ['stop addressing', (chance) => moderator(chance).breakouts.stopAddressing()],
  ['help', (chance) => someone(chance).breakouts.askForHelp('Come, please.')],
  ['withdraw help', (chance) => someone(chance).breakouts.withdrawHelp()],
  ['answer help', (chance) => moderator(chance).breakouts.answerHelp(anybody(chance).id, { join: chance.half() })],
  ['role', (chance) => (chance.below(3) ? undefined : moderator(chance).setRole(someone(chance).me.id, chance.half() ? 'moderator' : 'participant'))],
  ['come again', (chance) => comeAgain(chance)],
];

/** Leaves for good and joins, or comes back into the kept place under another name. */
async function comeAgain(chance: Chance): Promise<void> {
  const identity = chance.pick(NAMES.slice(1)) as string;
  const before = clients.get(identity) as Room;
  if (chance.half()) {
    before.leave();
    const host = clients.get('host') as Room;
    await until(() => !host.participants.has(before.me.id), 8_000);
  }
  await enter(identity, `${identity} ${chance.below(9)}`);
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  return holds();
}

const sorted = (values: Iterable<string>): string[] => [...values].sort();
const tracksOf = (all: readonly TrackState[]): string[] => sorted(all.map((track) => JSON.stringify([track.kind, track.id, track.mutedByPublisher, track.mutedByModerator])));

/** The room that a client has built from events. */
function held(room: Room): object {
  const { breakouts, me } = room;
  const person = (each: Participant): unknown => ({
    identity: each.identity, name: each.name, role: each.role, grants: each.grants, group: each.groupId, connected: each.isConnected,
    tracks: tracksOf(each.tracks), addressing: each.addressingAll, help: each.helpRaised, listening: each.listeningInGroupId,
  });
  return {
    settings: room.settings,
    breakoutSettings: breakouts.settings,
    roomGate: room.roomGate,
    gate: me.gate,
    people: byKey([...room.participants.values()].map((each) => [each.id, person(each)])),
    breakouts: byKey(breakouts.all.map((each) => [each.id, shown({ ...each.state, occupancy: vague(room, each.id) ? 0 : each.occupancy })])),
    selectable: sorted(breakouts.selectable.map(({ id }) => id)),
    assigned: breakouts.assigned?.id ?? '',
    invitations: sorted(breakouts.invitations.map((each) => `${each.breakout.id} ${each.requestor}`)),
    help: sorted(breakouts.help.map(({ participantId, groupId, text }) => `${participantId} ${groupId} ${text}`)),
  };
}

/** The same from the server's answer to this client. */
function due(room: Room, state: RoomState): object {
  const helped = new Set(state.help.map(({ participantId }) => participantId));
  const details = ['summary', 'inside', 'full'];
  const known = new Map<string, BreakoutState>();
  for (const each of [...state.selectable, ...state.invitations, ...(state.assigned ? [state.assigned] : []), ...state.breakouts]) {
    const before = known.get(each.id);
    if (!before || details.indexOf(each.detail) >= details.indexOf(before.detail)) known.set(each.id, each);
  }
  return {
    settings: state.settings,
    breakoutSettings: state.settings.breakouts,
    roomGate: state.roomGate,
    gate: state.parentGate,
    people: byKey(state.participants.map((each) => [each.id, {
      identity: each.identity, name: each.displayName, role: each.role, grants: each.grants, group: each.groupId, connected: each.connected,
      tracks: tracksOf(each.tracks), addressing: state.addressing.find(({ participantId }) => participantId === each.id)?.kinds ?? [],
      help: helped.has(each.id), listening: state.listening.find(({ participantId }) => participantId === each.id)?.groupId ?? '',
    }])),
    breakouts: byKey([...known].map(([id, each]) => [id, shown({ ...each, occupancy: vague(room, id) ? 0 : each.occupancy })])),
    selectable: sorted(state.selectable.map(({ id }) => id)),
    assigned: state.assigned?.id ?? '',
    invitations: sorted(state.pendingInvitations.map((each) => `${each.breakout.id} ${each.requestor}`)),
    help: sorted(state.help.map(({ participantId, groupId, text }) => `${participantId} ${groupId} ${text}`)),
  };
}

const shown = ({ detail: _, memberIds, invitedIdentities, assignedIdentities, ...rest }: BreakoutState): object => ({
  ...rest, members: sorted(memberIds), invited: sorted(invitedIdentities), assigned: sorted(assignedIdentities),
});

/** People who are only invited to a breakout don't hear of each change in its number of members. */
function vague(room: Room, id: string): boolean {
  const { me, breakouts } = room;
  const near = me.isModerator || id === me.groupId || id === me.listeningInGroupId || breakouts.find(id)?.ownerId === me.id;
  return !near && !breakouts.selectable.some((each) => each.id === id);
}

function byKey(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The difference between a client's room and a fresh snapshot, unless events close the gap in time. */
async function difference(room: Room): Promise<{ held: object; due: object } | undefined> {
  const deadline = performance.now() + 8_000;
  for (;;) {
    const fresh = decodeRoom((await room.command('RoomService/GetRoom'))['room']);
    const both = { held: held(room), due: due(room, fresh) };
    if (JSON.stringify(both.held) === JSON.stringify(both.due)) return undefined;
    if (performance.now() > deadline) return both;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The record of a story: each step, whether it was refused, and the first account that was wrong. */
export interface Told {
  steps: string[];
  accepted: number;
  wrong?: { viewer: string; held: object; due: object };
}

/** Lives through `count` steps from a seed. */
async function live(seed: number, count: number): Promise<Told> {
  const chance = new Chance(seed);
  roomName = `crowd ${seed}`;
  for (const name of NAMES) await enter(name);
  const told: Told = { steps: [], accepted: 0 };
  try {
    while (told.steps.length < count) {
      const [name, run] = chance.pick(chance.pick([MEDIA, BREAKOUTS, MOVES, MOVES, AROUND]) as readonly Happening[]) as Happening;
      const doing = run(chance);
      if (!doing) continue;
      const refused = await doing.then(() => '', (error: { code?: string }) => ` (${error.code ?? String(error)})`);
      told.steps.push(name + refused);
      if (!refused) told.accepted += 1;
      for (const [viewer, room] of clients) {
        const wrong = await difference(room);
        if (wrong) return { ...told, wrong: { viewer, ...wrong } };
      }
    }
  } finally {
    for (const room of clients.values()) room.leave();
    clients.clear();
  }
  return told;
}

const crowd = { live };

export type Crowd = typeof crowd;

Object.assign(globalThis, { crowd });
