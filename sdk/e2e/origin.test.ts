/** Pages of strangers in a visitor's browser: of another origin, and of a name that resolves to the server. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch, serveFolder } from './browser.ts';
import { apiToken, call } from './operator.ts';
import { startServer, type RealServer } from './server.ts';

let server: RealServer;
let browser: Browser;
let stranger: Awaited<ReturnType<typeof serveFolder>>;

before(async () => {
  server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'sideroom-stranger-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>A page of a stranger</title>');
  stranger = await serveFolder(folder);
  browser = await launch(['--host-resolver-rules=MAP evil.example 127.0.0.1']);
});

after(async () => {
  await browser?.close();
  stranger?.server.close();
  await server?.stop();
});

/**
 * The stranger tries everything a page can; returns the calls that the server carried out or answered
 * readably.
 */
async function tries(page: Page, url: string): Promise<string[]> {
  return page.evaluate(
    async ({ url, token }) => {
      const done: string[] = [];
      const asks = async (name: string, path: string, init: RequestInit = {}): Promise<void> => {
        // An answer that the page may not read is an error here, so is a preflight that is refused.
        const answer = await fetch(`${url}${path}`, init).catch(() => undefined);
        if (answer?.ok) done.push(name);
      };
      const body = JSON.stringify({ room: 'theirs' });
      const authorization = `Bearer ${token}`;
      await asks('token', '/dev/token?room=theirs&role=moderator');
      await asks('operator', '/dev/operator');
      await asks('call', '/sideroom.v1.RoomService/CreateRoom', { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ room: 'called' }) });
      // Without a preflight: a form could send this.
      await asks('plain post', '/dev/token', { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
      await asks('watch', '/sideroom.v1.EventService/Watch', { method: 'POST', headers: { authorization }, body: JSON.stringify({ room: 'kept' }) });
      await asks('whip', '/whip/kept', { method: 'POST', headers: { authorization, 'content-type': 'application/sdp' }, body: 'v=0' });
      const opened = await new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`);
        socket.onopen = () => (socket.close(), resolve(true));
        socket.onerror = () => resolve(false);
      });
      if (opened) done.push('socket');
      return done;
    },
    { url, token: apiToken() },
  );
}

const rooms = async (): Promise<unknown[]> => ((await call(server.url, 'RoomService/ListRooms', {}))['rooms'] as unknown[] | undefined) ?? [];

test('a page of another origin neither calls, joins, watches nor publishes', { timeout: 120_000 }, async () => {
  await call(server.url, 'RoomService/CreateRoom', { room: 'kept' });
  const before = (await rooms()).length;
  const page = await browser.newPage();
  await page.goto(stranger.url.replace('127.0.0.1', 'evil.example'));
  assert.deepEqual(await tries(page, server.url), []);
  assert.equal((await rooms()).length, before);
  await page.close();
});

test('a name of a stranger that resolves to the server gets no token', { timeout: 120_000 }, async () => {
  const before = (await rooms()).length;
  const page = await browser.newPage();
  const rebound = server.url.replace('127.0.0.1', 'evil.example');
  await page.goto(`${rebound}/icon.svg`);
  assert.deepEqual(await tries(page, rebound), []);
  assert.equal((await rooms()).length, before);
  await page.close();
});

test('a page of the server itself does all of it', { timeout: 120_000 }, async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/icon.svg`);
  const done = await tries(page, server.url);
  for (const each of ['token', 'operator', 'call', 'socket']) assert.ok(done.includes(each), `${each}: ${done.join()}`);
  await page.close();
});
