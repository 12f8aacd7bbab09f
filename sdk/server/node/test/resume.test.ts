/** Watches over kills and restarts of the server: each event once and in order; calls under way happen once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Client, WatchResponse } from '../src/index.js';
import { Server } from './server.js';

const CALLS = 120;
/** After which of the answers the server is killed. */
const KILLS = [30, 75];

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.close());

/** Changes the grace. Not a text message: no text is kept, so after a restart a snapshot stands for it. */
const change = (client: Client, room: string, number: number): Promise<unknown> =>
  client.breakouts.updateSettings({ room, settings: { endGraceMs: number } });
const numberOf = (item: WatchResponse | undefined): number | undefined =>
  item?.event?.settingsChanged?.settings?.endGraceMs;

test('a watch goes on over kills of the server', async () => {
  const client = server.client();
  await client.rooms.createRoom({ room: 'killed' });
  const watch = await client.watch('killed');
  const calls = async (): Promise<void> => {
    for (let number = 0; number < CALLS; number++) {
      const call = change(client, 'killed', number);
      // While this very call is under way.
      if (KILLS.includes(number)) await server.restart();
      await call;
    }
  };
  const called = calls();
  const items: WatchResponse[] = [];
  for await (const item of watch) {
    items.push(item);
    if (numberOf(item) === CALLS - 1) break;
  }
  await called;
  const [first, ...rest] = items;
  const begin = (first?.snapshot?.seq ?? NaN) + 1;
  assert.deepEqual(
    rest.map((item) => item.event?.seq),
    rest.map((_, index) => begin + index),
    'numbers without a gap',
  );
  assert.deepEqual(
    rest.map(numberOf).filter((number) => number !== undefined),
    Array.from({ length: CALLS }, (_, number) => number),
  );
});

test('a watch goes on in another process by its number', async () => {
  const client = server.client();
  await client.rooms.createRoom({ room: 'number' });
  const first = await client.watch('number');
  await first.next();
  await change(client, 'number', 0);
  assert.equal(numberOf((await first.next()).value), 0);
  await first.return();
  await change(client, 'number', 1);
  await server.restart();
  const second = await client.watch('number', { afterSeq: first.seq });
  assert.equal(numberOf((await second.next()).value), 1);
  second.close();
});

test('a number that is not known gives a snapshot', async () => {
  const client = server.client();
  await client.rooms.createRoom({ room: 'unknown' });
  const watch = await client.watch('unknown', { afterSeq: 10 ** 9 });
  assert.equal((await watch.next()).value?.snapshot?.name, 'unknown');
  watch.close();
});

test('a watch ends with its room', async () => {
  const client = server.client();
  await client.rooms.createRoom({ room: 'ends' });
  const watch = await client.watch('ends');
  await client.rooms.deleteRoom({ room: 'ends' });
  const types = [];
  for await (const item of watch) types.push(item.event?.type ?? 'snapshot');
  assert.deepEqual(types, ['snapshot', 'roomClosed']);
});

test('close and abort end a watch that waits', async () => {
  const client = server.client();
  await client.rooms.createRoom({ room: 'waits' });
  const closed = await client.watch('waits');
  await closed.next();
  const waits = closed.next();
  closed.close();
  assert.deepEqual(await waits, { value: undefined, done: true });

  const abort = new AbortController();
  const aborted = await client.watch('waits', { signal: abort.signal });
  await aborted.next();
  const throws = aborted.next();
  abort.abort(new Error('enough'));
  await assert.rejects(throws, /enough/);
});
