/**
 * Bad networks, restarted servers, expired tokens: each phase is reported, and the place is the same
 * again.
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakePeerConnection, FakeTrack } from '../../fake/browser.ts';
import { connect, type Phase } from '../src/index.ts';
import { next, until, world, type World } from './support.ts';

let here: World;
afterEach(() => {
  FakePeerConnection.onlyRelayed = false;
  here.leaveAll();
});

const connected = (phase: Phase): boolean => phase.name === 'connected';

test('a dropped socket is resumed: same connection, and every missed event arrives once', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const before = FakePeerConnection.all.length;
  const phases: string[] = [];
  bob.on('phase', ({ name }) => phases.push(name));
  const texts: string[] = [];
  bob.on('message', ({ text }) => texts.push(text));
  await ada.sendMessage('one');
  await until(bob, () => texts.length === 1);
  const back = next(bob, 'phase', connected);
  [...here.gateway.sockets].at(-1)?.cut();
  await ada.sendMessage('two');
  assert.deepEqual(await back, { name: 'connected', how: 'resumed' });
  await until(bob, () => texts.length === 2);
  assert.deepEqual(texts, ['one', 'two']);
  assert.deepEqual(phases, ['waiting', 'reconnecting', 'connected']);
  assert.equal(FakePeerConnection.all.length, before);
});

test('a restarted server is joined anew, in the old place, with what was published', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  await bob.local.publish('audio', new FakeTrack('audio') as unknown as MediaStreamTrack);
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 4, media: { audio: true } });
  await breakout?.invite([bob.me.id], { force: true });
  const id = bob.me.id;
  const back = next(bob, 'phase', connected);
  here.gateway.forgetSessions();
  here.gateway.cut();
  assert.deepEqual(await back, { name: 'connected', how: 'rejoined' });
  assert.equal(bob.me.id, id);
  assert.equal(bob.me.groupId, breakout?.id);
  assert.equal(bob.peer?.sender('audio')?.track?.kind, 'audio');
});

/** Ways on which the peer connection is replaced: the server restarts, or media finds no way any more. */
const REPLACEMENTS: Record<string, () => void> = {
  'a restarted server': () => {
    here.gateway.forgetSessions();
    here.gateway.cut();
  },
  'media that failed while the socket was gone': () => {
    FakePeerConnection.all.at(-1)?.become('failed');
    here.gateway.cut();
  },
  'a new offer that is refused after media failed': () => {
    here.gateway.refuseReoffers = true;
    FakePeerConnection.all.at(-1)?.become('failed');
  },
};

for (const [what, replace] of Object.entries(REPLACEMENTS)) {
  test(`${what}: every stream has one live track again, and it is the same stream`, async () => {
    here = world();
    const ada = await here.join('ada');
    const kinds = ['audio', 'camera', 'screen'] as const;
    for (const kind of kinds) await ada.local.publish(kind, new FakeTrack(kind === 'audio' ? 'audio' : 'video') as unknown as MediaStreamTrack);
    const bob = await here.join('bob');
    const seen = bob.participants.get(ada.me.id);
    assert.ok(seen);
    await until(bob, () => kinds.every((kind) => seen.receives(kind)));
    if (bob.peer?.connection.connectionState !== 'connected') await next(bob, 'mediaState', ({ state }) => state === 'connected');
    const streams = kinds.map((kind) => seen.stream(kind));
    const before = bob.peer;
    const back = next(bob, 'phase', (phase) => phase.name === 'connected' && phase.how === 'rejoined');
    replace();
    await back;
    await until(bob, () => kinds.every((kind) => seen.receives(kind)));
    assert.notEqual(bob.peer, before);
    const states = streams.map((stream) => stream.getTracks().map(({ readyState }) => readyState));
    assert.deepEqual(states, [['live'], ['live'], ['live']]);
    assert.deepEqual(kinds.map((kind) => seen.stream(kind)), streams);
    bob.leave();
    assert.deepEqual(streams.map((stream) => stream.getTracks().length), [0, 0, 0]);
  });
}

test('a command that the drop interrupted is sent again and done once', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const room = here.gateway.room('math');
  const original = room.command.bind(room);
  let dropped = false;
  room.command = (...call) => {
    const answer = original(...call);
    if (!dropped) {
      dropped = true;
      here.gateway.cut();
    }
    return answer;
  };
  const made = await ada.breakouts.create({ rooms: 2, capacity: 2 });
  assert.equal(made.length, 2);
  assert.equal(room.breakouts.size, 2);
});

test('while the network is gone it is tried again, further and further apart', async () => {
  here = world();
  const ada = await here.join('ada');
  const waits: Phase[] = [];
  ada.on('phase', (phase) => phase.name === 'waiting' && waits.push(phase));
  here.gateway.down = true;
  here.gateway.cut();
  await next(ada, 'phase', (phase) => phase.name === 'waiting' && phase.attempt === 4);
  here.gateway.down = false;
  await next(ada, 'phase', connected);
  assert.deepEqual(waits.map((phase) => phase.name === 'waiting' && phase.error.code), ['ConnectionLost', 'ServerUnreachable', 'ServerUnreachable', 'ServerUnreachable']);
});

test('it gives up in the end, and says so', async () => {
  here = world();
  const ada = await here.join('ada', 'participant', { backoff: { firstMs: 1, longestMs: 2, giveUpMs: 10 } });
  here.gateway.down = true;
  here.gateway.cut();
  const end = await next(ada, 'phase', (phase) => phase.name === 'closed');
  assert.equal(end.name === 'closed' && end.error?.code, 'ServerUnreachable');
  await assert.rejects(ada.sendMessage('hello?'), { code: 'ServerUnreachable' });
});

test('failed media is restarted on the same connection', async () => {
  here = world();
  const ada = await here.join('ada');
  const peer = FakePeerConnection.all.at(-1);
  await next(ada, 'mediaState', ({ state }) => state === 'connected');
  const again = next(ada, 'mediaState', ({ state }) => state === 'connected');
  peer?.become('failed');
  await again;
  assert.equal(peer?.restarts, 1);
  assert.equal(here.gateway.received.at(-1)?.['type'], 'reoffer');
  assert.equal(ada.peer?.connection as unknown, peer);
});

test('a join that reaches the server too late on a slow network is tried again', async () => {
  here = world();
  const ada = await here.join('ada');
  const back = next(ada, 'phase', connected);
  here.gateway.lateJoins = 2;
  here.gateway.forgetSessions();
  here.gateway.cut();
  assert.deepEqual(await back, { name: 'connected', how: 'rejoined' });
  assert.equal(here.gateway.lateJoins, 0);
});

test('an expired token, a full room and an unreachable server reject with a sentence', async () => {
  here = world();
  await assert.rejects(connect('http://sfu.test', 'not a token'), { code: 'Unauthenticated' });
  here.gateway.room('math').settings['maxParticipants'] = 1;
  await here.join('ada');
  await assert.rejects(here.join('bob'), { code: 'RoomFull' });
  here.gateway.down = true;
  await assert.rejects(here.join('eve'), { code: 'ServerUnreachable' });
});

test('whoever is removed, or joins elsewhere, is not brought back', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const ended = next(bob, 'phase', (phase) => phase.name === 'closed');
  await ada.remove(bob.me.id);
  const end = await ended;
  assert.equal(end.name === 'closed' && end.error?.code, 'Removed');
  const first = next(ada, 'phase', (phase) => phase.name === 'closed');
  await here.join('ada', 'moderator');
  const replaced = await first;
  assert.equal(replaced.name === 'closed' && replaced.error?.code, 'Replaced');
});

test('a token function is asked again when the place is taken anew', async () => {
  here = world();
  let asked = 0;
  const room = await connect('http://sfu.test', () => {
    asked += 1;
    return here.gateway.token('math', 'ada');
  }, { backoff: { firstMs: 1 } });
  here.gateway.forgetSessions();
  here.gateway.cut();
  await next(room, 'phase', connected);
  assert.equal(asked, 2);
  room.leave();
  assert.equal(room.phase.name, 'closed');
});

const RELAY = { urls: ['turns:sfu.test:443?transport=tcp'], username: '1:p1.1', credential: 'secret' };

/** Joins, and waits until media flows. */
async function flows(options: object = {}): Promise<FakePeerConnection> {
  const bob = await here.join('bob', 'participant', options);
  while (bob.peer?.connection.connectionState !== 'connected') await next(bob, 'mediaState');
  return bob.peer.connection as unknown as FakePeerConnection;
}

test('where media does not flow by itself it goes through the relay of the server', async () => {
  here = world();
  here.gateway.relays = [RELAY];
  FakePeerConnection.onlyRelayed = true;
  const connection = await flows({ iceServers: [{ urls: 'turn:own.test' }] });
  assert.deepEqual(connection.configuration.iceServers, [{ urls: 'turn:own.test' }, RELAY]);
  assert.equal(connection.restarts, 1);
});

test('with the policy `relay` nothing is waited for, and elsewhere the relay is left alone', async () => {
  here = world();
  here.gateway.relays = [RELAY];
  const before = Date.now();
  FakePeerConnection.onlyRelayed = true;
  const relayed = await flows({ iceTransportPolicy: 'relay' });
  assert.deepEqual(relayed.configuration, { bundlePolicy: 'max-bundle', iceTransportPolicy: 'relay', iceServers: [RELAY] });
  assert.ok(Date.now() - before < 1_500);
  FakePeerConnection.onlyRelayed = false;
  const direct = await flows();
  assert.deepEqual(direct.configuration.iceServers, []);
  assert.equal(direct.restarts, 0);
});
