/** Intercoms, doors, side rooms, schedules and dry runs over the fake gateway. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakeTrack } from '../../fake/browser.ts';
import { attachAudio, commands, type AudioSource, type Breakout, type Room } from '../src/index.ts';
import { event } from '../src/wire.ts';
import { next, until, world, type World } from './support.ts';

let here: World;
afterEach(() => here?.leaveAll());

const microphone = (): MediaStreamTrack => new FakeTrack('audio') as unknown as MediaStreamTrack;
const hears = (room: Room, of: Room): boolean => room.participants.get(of.me.id)?.receives('audio') ?? false;

interface Stage {
  ada: Room;
  bob: Room;
  eve: Room;
  rooms: [Breakout, Breakout];
}

/** Ada moderates from the parent; bob is in the first breakout, eve in the second. Everybody has a microphone. */
async function stage(options: { door?: 'knocking' | 'locked' } = {}): Promise<Stage> {
  here = world();
  const [ada, bob, eve] = [await here.join('ada', 'moderator'), await here.join('bob'), await here.join('eve')];
  for (const room of [ada, bob, eve]) await room.local.publish('audio', microphone());
  const rooms = (await ada.breakouts.create({ rooms: 2, capacity: 4, media: { audio: true }, ...options })) as [Breakout, Breakout];
  await ada.breakouts.move({ [bob.me.id]: rooms[0].id, [eve.me.id]: rooms[1].id });
  await until(bob, () => bob.me.isAway);
  await until(eve, () => eve.me.isAway);
  return { ada, bob, eve, rooms };
}

test('an intercom reaches the chosen room only, its members learn of it, and it ends', async () => {
  const { ada, bob, eve, rooms } = await stage();
  const told = next(bob.intercoms, 'changed');
  const started = await ada.intercoms.start({ groups: [rooms[0].id] }, { ownGroup: 'suspend', limitMs: 60_000.4 });
  assert.deepEqual(started.groupIds, [rooms[0].id]);
  assert.deepEqual((await told).intercom.kinds, ['audio']);
  await until(bob, () => hears(bob, ada));
  assert.equal(hears(eve, ada), false);
  assert.equal(bob.intercoms.heard[0]?.participantId, ada.me.id);
  assert.equal(bob.intercoms.heard[0]?.suspendOwnGroup, true);
  assert.deepEqual(eve.intercoms.all, []);
  assert.equal(ada.intercoms.mine?.participantId, ada.me.id);
  assert.deepEqual(ada.intercoms.heard, [], 'nobody hears themselves');
  const sent = here.gateway.received.findLast(({ method }) => method === 'BreakoutService/StartIntercom');
  assert.deepEqual(sent?.['body'], { groupIds: [rooms[0].id], kinds: ['TRACK_KIND_AUDIO'], suspendOwnGroup: true, limitMs: 60_000 });
  const over = next(bob.intercoms, 'stopped');
  await ada.intercoms.stop();
  assert.deepEqual(await over, { participantId: ada.me.id });
  await until(bob, () => !hears(bob, ada));
  assert.equal(ada.intercoms.mine, undefined);
});

test('a whisper reaches one person, and an answer reaches the whole set', async () => {
  const { ada, bob, eve } = await stage();
  await ada.intercoms.start({ people: [bob.me.id, eve.me.id] }, { allowReply: true });
  await until(bob, () => hears(bob, ada));
  await bob.intercoms.reply(ada.me.id);
  await until(eve, () => hears(eve, bob));
  await until(ada, () => hears(ada, bob));
  assert.equal(bob.intercoms.replyingTo, ada.me.id);
  assert.deepEqual(eve.intercoms.find(ada.me.id)?.replyingIds, [bob.me.id]);
  await bob.intercoms.stopReply();
  await until(eve, () => !hears(eve, bob));
  assert.equal(bob.intercoms.replyingTo, undefined);
  await ada.intercoms.start({ people: [bob.me.id] });
  await until(eve, () => eve.intercoms.all.length === 0);
  await assert.rejects(bob.intercoms.reply(ada.me.id), { code: 'InvalidArgument' });
  await assert.rejects(bob.intercoms.start('everybody'), { code: 'NotModerator' });
});

test('who goes to where an intercom reaches learns of it, and who leaves there too; a rejoin finds it', async () => {
  const { ada, bob, eve, rooms } = await stage();
  await ada.intercoms.start({ groups: [rooms[0].id] });
  await ada.breakouts.move({ [eve.me.id]: rooms[0].id });
  await until(eve, () => eve.intercoms.heard.length === 1);
  await ada.breakouts.move({ [bob.me.id]: 'parent' });
  await until(bob, () => bob.intercoms.all.length === 0);
  const again = await here.join('eve');
  assert.equal(again.intercoms.heard[0]?.participantId, ada.me.id);
  ada.leave();
  await until(again, () => again.intercoms.all.length === 0);
});

test('a knock is seen at the door, answered, refused and withdrawn', async () => {
  const { ada, bob, eve, rooms } = await stage({ door: 'knocking' });
  const [, second] = rooms;
  await ada.breakouts.move({ [bob.me.id]: 'parent' });
  await until(bob, () => !bob.me.isAway);
  const door = (room: Room): Promise<unknown> => room.command('BreakoutService/Knock', { breakoutId: second.id });
  const knocked = next(eve.breakouts, 'knock');
  await door(bob);
  assert.equal((await knocked).participantId, bob.me.id);
  assert.equal(bob.breakouts.knocks.length, 1);
  const refused = next(bob.breakouts, 'knockEnded');
  await (await knocked).refuse();
  assert.deepEqual(await refused, { breakoutId: second.id, participantId: bob.me.id, end: 'refused' });
  await door(bob);
  const withdrawn = next(eve.breakouts, 'knockEnded');
  await bob.command('BreakoutService/StopKnocking', { breakoutId: second.id });
  assert.equal((await withdrawn).end, 'withdrawn');
  await door(bob);
  const inside = next(bob, 'moved');
  await until(eve, () => eve.breakouts.knocks.length === 1);
  await eve.breakouts.knocks[0]?.admit();
  assert.equal((await inside).to, second.id);
  await until(eve, () => eve.breakouts.knocks.length === 0);
  assert.equal(second.door, 'knocking');
  await second.update({ door: 'locked' });
  await until(ada, () => second.door === 'locked');
  await assert.rejects(bob.command('BreakoutService/Knock', { breakoutId: second.id }), { code: 'BreakoutLocked' });
});

test('who leaves a breakout knows nothing of the knocks there, and a rejoin brings those that wait', async () => {
  const { ada, bob, eve, rooms } = await stage({ door: 'knocking' });
  await ada.breakouts.move({ [bob.me.id]: 'parent' });
  await until(bob, () => !bob.me.isAway);
  await bob.command('BreakoutService/Knock', { breakoutId: rooms[1].id });
  await until(eve, () => eve.breakouts.knocks.length === 1);
  const again = await here.join('eve');
  assert.equal(again.breakouts.knocks[0]?.participantId, bob.me.id);
  await again.breakouts.mine?.leave();
  assert.deepEqual(again.breakouts.knocks, []);
  assert.equal(ada.breakouts.knocks.length, 1);
  assert.equal(bob.breakouts.knocks.length, 1, 'their own knock stays');
});

test('somebody with the grant makes a side room, and is inside when it is answered', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const eve = await here.join('eve');
  await assert.rejects(bob.breakouts.createSideRoom(), { code: 'NotModerator' });
  await ada.setGrants(bob.me.id, { createSideRooms: true });
  await until(bob, () => bob.me.grants.createSideRooms);
  assert.deepEqual(bob.me.grants.publish, ['audio', 'camera', 'screen', 'canvas'], 'the other grants stay');
  const asked = next(eve.breakouts, 'invitation');
  const side = await bob.breakouts.createSideRoom({ name: 'Corner', invite: [eve.me.id], door: 'knocking' });
  assert.deepEqual([side.name, side.isSideRoom, side.isMine, side.door], ['Corner', true, true, 'knocking']);
  await (await asked).accept();
  await until(ada, () => ada.breakouts.find(side.id)?.members.length === 2);
});

test('a command waits for its time, is changed, carried out, cancelled; one that fails says why', async () => {
  const { ada, bob, rooms } = await stage();
  const room = here.gateway.room('math');
  const atMs = Date.now() + 60_000;
  const told = next(bob.schedules, 'changed');
  const waiting = await ada.schedules.add(commands.close([rooms[0].id]), { atMs, ifLate: 'always' });
  assert.deepEqual([waiting.atMs, waiting.command, waiting.isPublic, waiting.ifLate, waiting.by], [atMs, 'close', true, 'always', ada.me.id]);
  assert.equal((await told).schedule.id, waiting.id);
  const changed = await ada.schedules.change(waiting.id, { atMs: atMs + 5_000, ifLate: { withinMs: 2_000 } });
  assert.deepEqual([changed.atMs, changed.ifLate], [atMs + 5_000, { withinMs: 2_000 }]);
  await until(bob, () => bob.schedules.find(waiting.id)?.atMs === atMs + 5_000);
  const done = next(bob.schedules, 'ended');
  room.runSchedules();
  assert.equal((await done).end, 'done');
  await until(bob, () => !bob.me.isAway);
  assert.deepEqual(bob.schedules.all, []);
  const second = await ada.schedules.add(commands.clear(), { atMs });
  const cancelled = next(bob.schedules, 'ended');
  await ada.schedules.cancel(second.id);
  assert.equal((await cancelled).end, 'cancelled');
  await ada.schedules.add(commands.destroy(), { atMs });
  await ada.schedules.add(commands.open([rooms[0].id]), { atMs: atMs + 1 });
  assert.deepEqual(ada.schedules.all.map(({ command }) => command), ['destroy', 'open']);
  const failed = next(bob.schedules, 'failed');
  room.runSchedules();
  assert.deepEqual(((({ code, schedule }) => [code, schedule.command]) as (each: Awaited<typeof failed>) => string[])(await failed), ['NotFound', 'open']);
  await assert.rejects(ada.schedules.add(commands.clear(), { atMs: 1 }), { code: 'ScheduleFailed' });
});

test('a dry run says what would happen, and nothing does', async () => {
  const { ada, bob, eve } = await stage();
  const run = await ada.breakouts.dryRun(commands.clear());
  assert.deepEqual(run.moves.map(({ participantId, toGroupId }) => [participantId, toGroupId]), [[bob.me.id, 'parent'], [eve.me.id, 'parent']]);
  assert.deepEqual([run.before, run.after], [{ audio: 1, video: 0 }, { audio: 2, video: 0 }]);
  assert.equal(bob.me.isAway && eve.me.isAway, true);
});

test('each command is encoded as the gateway takes it', () => {
  const bodyOf = ({ method, body }: { method: string; body: object }): unknown => [method, JSON.parse(JSON.stringify(body))];
  const rows = [
    [commands.open(['b1']), ['OpenBreakouts', { breakoutIds: ['b1'] }]],
    [commands.close(), ['CloseBreakouts', { breakoutIds: [] }]],
    [commands.move({ 'p1.1': 'b1' }), ['MoveParticipants', { moves: [{ participantId: 'p1.1', toGroupId: 'b1' }] }]],
    [commands.shuffle(7), ['Shuffle', { seed: '7' }]],
    [commands.invite('b1', ['p1.1'], { force: true }), ['Invite', { breakoutId: 'b1', participantIds: ['p1.1'], forceJoin: true }]],
    [commands.assign('b1', ['ada']), ['Assign', { breakoutId: 'b1', identities: ['ada'] }]],
    [commands.unassign(['ada']), ['Unassign', { identities: ['ada'] }]],
    [commands.join('b1', { audio: true }), ['JoinBreakout', { breakoutId: 'b1', streamInfo: { audio: true } }]],
    [commands.leave(), ['LeaveBreakout', {}]],
    [commands.update('b1', { name: 'Blue', door: 'locked' }), ['UpdateBreakout', { breakoutId: 'b1', displayName: 'Blue', door: 'DOOR_LOCKED' }]],
    [commands.configure({ endsAtMs: 5.4, parentWhileAway: 'live' }), ['UpdateSettings', { settings: { parentWhileAway: 'PARENT_WHILE_AWAY_LIVE', endsAtMs: '5' } }]],
    [commands.listenIn('b1'), ['StartListening', { groupId: 'b1' }]],
    [commands.listenIn('b1', { follow: true }), ['StartListening', { groupId: 'b1', follow: true }]],
    [commands.intercom('everybody', { kinds: ['audio', 'camera'] }), ['StartIntercom', { all: true, kinds: ['TRACK_KIND_AUDIO', 'TRACK_KIND_CAMERA'] }]],
    [commands.create({ rooms: 1, capacity: 4, door: 'knocking' }), ['CreateBreakouts', { definition: { maxRooms: 1, participants: '4', media: { audio: true, screen: true, canvas: true }, door: 'DOOR_KNOCKING' } }]],
    [commands.sideRoom({ invite: ['p1.2'] }), ['CreateSideRoom', { inviteIds: ['p1.2'] }]],
  ] as const;
  for (const [command, wanted] of rows) assert.deepEqual(bodyOf(command), wanted);
});

test('an end of a knock that a newer server names passes through, and absent fields have their defaults', () => {
  const decoded = event({ seq: '1', type: 'knockChanged', knockChanged: { knocks: [{ breakoutId: 'b1', participantId: 'p1.2', untilMs: '5' }], end: 'KNOCK_END_LATER' } });
  assert.deepEqual(decoded?.payload, { knocks: [{ breakoutId: 'b1', participantId: 'p1.2', untilMs: 5 }], end: 'later' });
  const bare = event({ type: 'scheduleChanged', scheduleChanged: {} });
  assert.deepEqual(bare?.payload, { schedule: { id: 0, atMs: 0, ifLate: { withinMs: 0 }, by: '', command: '', isPublic: false, participantIds: [] }, done: false, cancelled: false });
});

test('the parent is quieter while away, and those who speak to the breakout are not', async () => {
  const { ada, bob, rooms } = await stage();
  const source = bob as unknown as AudioSource;
  const fromParent = (): boolean[] => source.audioSlots().map((slot) => slot.fromParent === true).filter(Boolean);
  assert.deepEqual(fromParent(), []);
  await bob.setGate({ paused: false });
  await until(bob, () => hears(bob, ada));
  assert.deepEqual(fromParent(), [true]);
  await ada.intercoms.start({ groups: [rooms[0].id] });
  await until(bob, () => bob.intercoms.heard.length === 1);
  assert.deepEqual(fromParent(), [], 'an intercom is not the parent');
  await ada.intercoms.stop();
  await until(bob, () => bob.intercoms.heard.length === 0);
  assert.deepEqual(fromParent(), [true]);
  await bob.breakouts.mine?.leave();
  assert.deepEqual(fromParent(), []);
});

test('two volumes: of everything, and of the parent while away', () => {
  const elements: { volume: number }[] = [];
  const createElement = (): object => {
    const element = { volume: 1, append: () => {}, remove: () => {}, play: async () => {} };
    elements.push(element);
    return element;
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  Object.defineProperty(globalThis, 'document', { configurable: true, value: { createElement, body: { append: () => {} } } });
  try {
    const listeners = new Map<string, () => void>();
    const slots = [{ mid: '0', track: microphone(), fromParent: false }, { mid: '1', track: microphone(), fromParent: true }];
    const output = attachAudio({ on: (name, listener) => (listeners.set(name, listener), () => listeners.delete(name)), audioSlots: () => slots });
    const volumes = (): number[] => elements.slice(1).map(({ volume }) => volume);
    output.setParentVolume(0.5);
    assert.deepEqual(volumes(), [1, 0.5]);
    output.setVolume(0.5);
    assert.deepEqual(volumes(), [0.5, 0.25]);
    (slots[1] as { fromParent: boolean }).fromParent = false;
    listeners.get('changed')?.();
    assert.deepEqual(volumes(), [0.5, 0.5], 'they speak to the breakout now');
    output.detach();
    assert.equal(listeners.size, 0);
  } finally {
    if (before) Object.defineProperty(globalThis, 'document', before);
    else Reflect.deleteProperty(globalThis, 'document');
  }
});
