/** Calls: which errors are repeated, with which id, for how long; what answers and errors carry. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { Client, Key, SideroomError } from '../src/index.js';
import { SECRET, Server } from './server.js';

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.close());

type Reply = () => Response;
const said = (status: number, code: string, reason: string, more = {}): Reply =>
  () => Response.json({ error: { code, reason, message: 'so it is', ...more } }, { status });
const broken: Reply = () => {
  throw new TypeError('fetch failed');
};
const ok: Reply = () => Response.json({ answer: { epoch: '3', seq: '9', replayed: true, version: '7' } });

/** A client that gets one reply after the other, the last one for ever, and the bodies that it sent. */
function scripted(...replies: Reply[]): { client: Client; bodies: { requestId: string }[] } {
  const bodies: { requestId: string }[] = [];
  const fetch = (_: unknown, init?: RequestInit): Promise<Response> =>
    new Promise((resolve) => {
      bodies.push(JSON.parse(String(init?.body)) as { requestId: string });
      resolve((replies.length > 1 ? replies.shift() : replies[0])?.() as Response);
    });
  return { client: new Client({ url: 'http://test', secret: SECRET, timeoutMs: 60_000, fetch }), bodies };
}

const repeated: Record<string, Reply> = {
  overloaded: said(503, 'UNAVAILABLE', 'Overloaded'),
  'too many calls': said(429, 'RESOURCE_EXHAUSTED', 'RateLimited', { retryAfterMs: 20 }),
  'a lost connection': broken,
  'a bad gateway': () => new Response('<html>', { status: 502 }),
};
for (const [name, reply] of Object.entries(repeated)) {
  test(`after ${name} the call is repeated with the same id`, async () => {
    const { client, bodies } = scripted(reply, reply, ok);
    const { answer } = await client.participants.mute({ room: 'math' });
    assert.deepEqual(answer, { epoch: 3, seq: 9, replayed: true, version: 7 });
    assert.equal(bodies.length, 3);
    assert.equal(new Set(bodies.map((body) => body.requestId)).size, 1);
  });
}

const final: Record<string, Reply> = {
  'a closed breakout': said(400, 'FAILED_PRECONDITION', 'BreakoutClosed'),
  'a full room': said(429, 'RESOURCE_EXHAUSTED', 'RoomFull'),
  'an epoch that is over': said(409, 'ABORTED', 'EpochMismatch', { currentEpoch: '12' }),
  'a bad token': said(401, 'UNAUTHENTICATED', 'Unauthenticated'),
  'a mistake of the server': said(500, 'INTERNAL', 'Internal'),
  'a page': () => new Response('<html>', { status: 200 }),
  'a page that is missing': () => new Response('<html>', { status: 404 }),
  'a limit that outlasts the call': said(429, 'RESOURCE_EXHAUSTED', 'RateLimited', { retryAfterMs: 3_600_000 }),
};
for (const [name, reply] of Object.entries(final)) {
  test(`after ${name} the call is not repeated`, async () => {
    const { client, bodies } = scripted(reply);
    await assert.rejects(client.participants.mute({ room: 'math' }), SideroomError);
    assert.equal(bodies.length, 1);
  });
}

test('a call gives up when its time is up', async () => {
  const { client } = scripted(broken);
  const call = client.participants.mute({ room: 'math' }, { timeoutMs: 400 });
  await assert.rejects(call, { reason: 'NoAnswer', method: 'ParticipantService/Mute' });
});

test('a server that never answers is left, and abort ends a call', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const client = new Client({ url, secret: SECRET });
  await assert.rejects(client.rooms.listRooms({}, { timeoutMs: 200 }), { reason: 'NoAnswer' });
  const abort = new AbortController();
  const call = client.rooms.listRooms({}, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  silent.closeAllConnections();
  silent.close();
});

test('errors carry all codes of the server', async () => {
  const codes = { enablexCode: 1731, acsCode: 412, acsSubcode: 46256 };
  const { client } = scripted(said(400, 'FAILED_PRECONDITION', 'BreakoutClosed', codes));
  const call = client.participants.mute({ room: 'math' });
  await assert.rejects(call, { code: 'FAILED_PRECONDITION', reason: 'BreakoutClosed', status: 400, ...codes });
});

test('the server\u2019s own errors', async () => {
  const client = server.client();
  await assert.rejects(client.rooms.getRoom({ room: 'nowhere' }), { code: 'NOT_FOUND', reason: 'NotFound' });
  await client.rooms.createRoom({ room: 'errors' });
  await assert.rejects(client.rooms.createRoom({ room: 'errors' }), { reason: 'RoomExists' });
  const draining = client.rooms.setDraining({ room: 'errors', draining: true, expectedEpoch: 99 });
  await assert.rejects(draining, { reason: 'EpochMismatch', currentEpoch: 0 });
  const misspelt = { room: 'errors', text: 'x', allgroups: true };
  await assert.rejects(client.rooms.sendMessage(misspelt), /no field allgroups/);
});

test('default values and numbers of 64 bits come back', async () => {
  const client = server.client();
  const { room } = await client.rooms.createRoom({ room: 'defaults' });
  assert.deepEqual([room?.participants, room?.draining, room?.seq], [[], false, 0]);
  const seed = 2n ** 64n - 1n;
  const definition = { maxRooms: 1, participants: 4 };
  const made = await client.breakouts.createAndInvite({ room: 'defaults', definition, seed });
  assert.equal(made.seed, seed);
});

test('tokens open what they say', async () => {
  const narrow = server.client({ scopes: ['watch'] });
  await assert.rejects(narrow.rooms.listRooms(), { code: 'PERMISSION_DENIED' });
  const stranger = server.client({ secret: 'x'.repeat(32) });
  await assert.rejects(stranger.rooms.listRooms(), { code: 'UNAUTHENTICATED' });
  assert.throws(() => new Key('app', 'short'), /shorter than 32/);
  assert(!JSON.stringify(new Key('app', SECRET)).includes(SECRET));
  assert.throws(() => new Client({ url: '127.0.0.1:7900', secret: SECRET }), /neither/);
});
