/** A watch reads its stream however the bytes are cut, and resumes wherever they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../src/index.js';
import { SECRET } from './server.js';

const event = (seq: number, text = ''): object => ({
  event: { seq: String(seq), type: 'messageSent', messageSent: { text } },
});
const lines = (...items: object[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join('');
const SNAPSHOT = { snapshot: { name: 'math', seq: '4' } };
const CLOSED = { event: { seq: '9', type: 'roomClosed', roomClosed: {} } };
const TOO_SLOW = { error: { code: 'RESOURCE_EXHAUSTED', reason: 'TooSlow', message: 'slow' } };

/** A stream in pieces of a size; then its end, or a lost connection. */
function stream(text: string, { size = 1000, breaks = true } = {}): Response {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(to) {
      if (at < bytes.length) to.enqueue(bytes.slice(at, (at += size)));
      else if (breaks) to.error(new Error('connection reset'));
      else to.close();
    },
  });
  return new Response(body);
}
const refused = (status: number, code: string, reason: string): Response =>
  Response.json({ error: { code, reason, message: 'no' } }, { status });

/** The items of a watch over these connections, and the numbers after which it resumed. */
async function watched(...connections: Response[]): Promise<{ types: string[]; after: (string | undefined)[] }> {
  const after: (string | undefined)[] = [];
  const fetch = (_: unknown, init?: RequestInit): Promise<Response> => {
    after.push((JSON.parse(String(init?.body)) as { afterSeq?: string }).afterSeq);
    return Promise.resolve(connections.shift() as Response);
  };
  const types: string[] = [];
  const client = new Client({ url: 'http://test', secret: SECRET, fetch });
  for await (const item of await client.watch('math')) types.push(item.event?.type ?? 'snapshot');
  return { types, after };
}

for (const size of [1, 2, 3, 7, 1000]) {
  test(`items do not depend on how the bytes are cut: ${size}`, async () => {
    const text = `${lines(SNAPSHOT)}\n\n${lines(event(5, 'ä\u2028♥'), event(6), CLOSED)}`;
    const { types } = await watched(stream(text, { size }));
    assert.deepEqual(types, ['snapshot', 'messageSent', 'messageSent', 'roomClosed']);
  });
}

test('a lost connection goes on after the last whole line', async () => {
  const cut = lines(SNAPSHOT, event(5)) + lines(event(6)).slice(0, 20);
  const { types, after } = await watched(stream(cut), stream(lines(event(6), CLOSED)));
  assert.deepEqual(types, ['snapshot', 'messageSent', 'messageSent', 'roomClosed']);
  assert.deepEqual(after, [undefined, '5']);
});

test('an event that comes again is told once', async () => {
  const { types } = await watched(stream(lines(SNAPSHOT, event(5))), stream(lines(event(5), event(6), CLOSED)));
  assert.deepEqual(types, ['snapshot', 'messageSent', 'messageSent', 'roomClosed']);
});

test('a watcher that was too slow goes on', async () => {
  const slow = stream(lines(SNAPSHOT, event(5), TOO_SLOW), { breaks: false });
  const { types, after } = await watched(slow, stream(lines(CLOSED)));
  assert.deepEqual(types, ['snapshot', 'messageSent', 'roomClosed']);
  assert.deepEqual(after, [undefined, '5']);
});

test('what is no longer kept gives a second snapshot', async () => {
  const gone = refused(400, 'OUT_OF_RANGE', 'OutOfRange');
  const { types, after } = await watched(stream(lines(SNAPSHOT, event(5))), gone, stream(lines(SNAPSHOT, CLOSED)));
  assert.deepEqual(types, ['snapshot', 'messageSent', 'snapshot', 'roomClosed']);
  assert.deepEqual(after, [undefined, '5', undefined]);
});

test('an unknown item and an unknown field are passed over', async () => {
  const newer = { event: { seq: '5', type: 'brandNew', brandNew: {}, more: 1 } };
  const { types } = await watched(stream(lines(SNAPSHOT, { brandNew: {} }, newer, CLOSED)));
  assert.deepEqual(types, ['snapshot', 'brandNew', 'roomClosed']);
});

test('an end in good order without a room is the end; a room lost with the server is an error', async () => {
  const missing = (): Response => refused(404, 'NOT_FOUND', 'NotFound');
  assert.deepEqual((await watched(stream(lines(SNAPSHOT), { breaks: false }), missing())).types, ['snapshot']);
  await assert.rejects(watched(stream(lines(SNAPSHOT)), missing()), { code: 'NOT_FOUND' });
});

test('a watch that never stood fails as a call does', async () => {
  const fetch = (): Promise<Response> => Promise.resolve(refused(503, 'UNAVAILABLE', 'Draining'));
  const client = new Client({ url: 'http://test', secret: SECRET, timeoutMs: 300, fetch });
  await assert.rejects(client.watch('math'), { reason: 'Draining' });
});
