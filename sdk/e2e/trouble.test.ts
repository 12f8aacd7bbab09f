/**
 * Bad input and bad days: the page says what happened and what to do, and recovers by itself where it
 * can.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { call } from './operator.ts';
import { startServer, type RealServer } from './server.ts';

let server: RealServer;
let browser: Browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(path: string, from: Browser = browser): Promise<Page> {
  const page = await (await from.newContext({ viewport: { width: 900, height: 700 } })).newPage();
  await page.goto(`${server.url}${path}`);
  return page;
}

const joined = (page: Page): Promise<unknown> => page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', null, { timeout: 60_000 });
const says = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor({ timeout: 45_000 });

test('a refused microphone and a missing camera', { timeout: 180_000 }, async () => {
  const refusing = await launch(['--deny-permission-prompts']);
  const page = await open('/?room=refused&name=Ada&join', refusing);
  await joined(page);
  // The browser's errors, independent of this machine: the page must say the right thing about each.
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      throw new DOMException('', constraints?.audio ? 'NotAllowedError' : 'NotFoundError');
    };
  });
  await page.getByRole('button', { name: 'Unmute' }).click();
  await says(page, /microphone is blocked for this page. Allow it/);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await says(page, /No camera was found. Plug one in/);
  assert.equal(await page.evaluate(() => sideroom.room.phase.name), 'connected');
  await refusing.close();
});

test('a token that is no good', { timeout: 180_000 }, async () => {
  const page = await open('/?room=tokens&name=Ada&join&token=expired');
  await says(page, /token/i);
  await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  await page.context().close();
});

test('a room that is full', { timeout: 180_000 }, async () => {
  const first = await open('/?room=full&name=Ada&join');
  await joined(first);
  await call(server.url, 'RoomService/UpdateRoom', { room: 'full', settings: { maxParticipants: 1 } });
  const second = await open('/?room=full&name=Bob&join');
  await says(second, /room is full/i);
  await call(server.url, 'RoomService/UpdateRoom', { room: 'full', settings: { maxParticipants: 9 } });
  await second.getByRole('button', { name: 'Join', exact: true }).click();
  await joined(second);
  for (const page of [first, second]) await page.context().close();
});

test('a breakout that closes while somebody joins it', { timeout: 180_000 }, async () => {
  const [mod, guest] = [await open('/?room=closing&name=Ada&role=moderator&join'), await open('/?room=closing&name=Bob&join')];
  await Promise.all([joined(mod), joined(guest)]);
  const id = await mod.evaluate(async () => (await sideroom.room.breakouts.create({ rooms: 1, capacity: 3 }))[0].id as string);
  await mod.evaluate(({ breakout, person }) => sideroom.room.breakouts.find(breakout).invite([person]), { breakout: id, person: await guest.evaluate(() => sideroom.room.me.id as string) });
  const accept = guest.getByRole('group', { name: /^Invitation to/ }).getByRole('button', { name: 'Join', exact: true });
  await accept.waitFor();
  await mod.evaluate(() => sideroom.room.breakouts.close());
  await accept.click();
  await says(guest, /closed/i);
  assert.equal(await guest.evaluate(() => sideroom.room.me.groupId), 'parent');
  for (const page of [mod, guest]) await page.context().close();
});

/** Goes away for `forMs`, and returns the phases that the page went through. */
async function outage(page: Page, forMs: number): Promise<{ phases: string[]; group: string }> {
  await page.evaluate(() => {
    const phases: string[] = [];
    Object.assign(globalThis, { phases });
    sideroom.room.on('phase', (phase: { name: string }) => phases.push(phase.name));
  });
  server.freeze();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  server.thaw();
  await page.waitForFunction(() => sideroom.room.phase.name === 'connected' && sideroom.room.peer.connection.connectionState === 'connected', null, { timeout: 90_000 });
  return page.evaluate(() => ({ phases: (globalThis as unknown as { phases: string[] }).phases, group: sideroom.room.me.groupId as string }));
}

test('the network gone for 10 seconds, and for 60', { timeout: 400_000 }, async () => {
  const mod = await open('/?room=outage&name=Ada&role=moderator&join');
  await joined(mod);
  const breakout = await mod.evaluate(async () => {
    const [made] = await sideroom.room.breakouts.create({ rooms: 1, capacity: 3 });
    await made.join();
    return made.id as string;
  });
  const short = await outage(mod, 10_000);
  assert.equal(short.group, breakout, 'back in the breakout');
  await mod.waitForFunction(() => sideroom.room.phase.name === 'connected');
  const long = outage(mod, 60_000);
  await says(mod, /lost|reached|Reconnecting/);
  const { phases } = await long;
  assert.ok(phases.includes('waiting') && phases.at(-1) === 'connected', phases.join());
  await mod.evaluate(() => sideroom.room.sendMessage('I am back'));
  await mod.context().close();
});

test('a restarted server: everybody is back in the same breakout', { timeout: 240_000 }, async () => {
  const pages = [await open('/?room=restart&name=Ada&role=moderator&join'), await open('/?room=restart&name=Bob&tone=440')];
  await Promise.all(pages.map(joined));
  const [mod, guest] = pages as [Page, Page];
  const breakout = await mod.evaluate(async (person) => {
    const [made] = await sideroom.room.breakouts.create({ rooms: 1, capacity: 3 });
    await made.invite([person], { force: true });
    return made.id as string;
  }, await guest.evaluate(() => sideroom.room.me.id as string));
  await guest.waitForFunction(() => sideroom.room.me.isAway);
  await server.restart();
  await guest.waitForFunction((id) => sideroom.room.phase.name === 'connected' && sideroom.room.phase.how === 'rejoined' && sideroom.room.me.groupId === id && sideroom.room.peer.connection.connectionState === 'connected', breakout, { timeout: 90_000 });
  await guest.waitForFunction(() => sideroom.room.me.isLive('audio'));
  for (const page of pages) await page.context().close();
});
