/** The demo meeting and the console as people meet them: on a laptop and a phone, by keyboard, in light and dark. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { launch, watchErrors } from './browser.ts';
import { apiToken } from './operator.ts';
import { limitMs } from './pace.ts';
import { ROOT, startServer, type RealServer } from './server.ts';

let server: RealServer;
let browser: Browser;
const shots = join(ROOT, 'test-results/screenshots');
/** Screenshots that the docs show, written by `npm run images`. */
const IN_DOCS = process.env['SIDEROOM_DOCS'] ? ['meeting-breakouts', 'meeting-wall', 'console'] : [];
const errors: string[] = [];

/** Cameras with somebody in the picture, instead of Chromium's test pattern. */
let pictures = '';

before(async () => {
  const source = `import { picture } from './fake/picture.ts';
    const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    const hue = [...location.search].reduce((sum, letter) => sum + letter.charCodeAt(0) * 7, 0) % 360;
    if (real) navigator.mediaDevices.getUserMedia = async (wanted) => (wanted.video ? new MediaStream([picture(hue)]) : real(wanted));`;
  const built = await build({ stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' }, bundle: true, format: 'iife', write: false });
  pictures = built.outputFiles[0]?.text ?? '';
  mkdirSync(shots, { recursive: true });
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['microphone', 'camera'], ...options });
  await context.addInitScript({ content: pictures });
  const page = await context.newPage();
  const seen = watchErrors(page);
  page.on('close', () => errors.push(...seen));
  await page.goto(`${server.url}${path}`);
  return page;
}

const joined = (page: Page): Promise<unknown> => page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', null, { timeout: 60_000 });
const shot = (page: Page, name: string): Promise<unknown> => page.screenshot({ path: join(IN_DOCS.includes(name) ? join(ROOT, 'docs/images') : shots, `${name}.png`) });

const NAMES = ['Grace Hopper', 'Alan Turing', 'Emmy Noether', 'Katherine Johnson', 'Edsger Dijkstra'];

test('joining by name, by keyboard alone', { timeout: 180_000 }, async () => {
  const page = await open('/?room=keys');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('I moderate').focus();
  await page.keyboard.press('Space');
  await shot(page, 'join');
  await page.getByLabel('Your name').press('Enter');
  await joined(page);
  assert.ok((await page.evaluate(() => sideroom.joinedMs)) < limitMs(2_000));
  await page.getByRole('button', { name: 'New rooms' }).press('Enter');
  await page.getByRole('dialog').getByLabel('How people get there').selectOption('later');
  await page.getByRole('button', { name: 'Create' }).press('Enter');
  const chip = page.getByRole('button', { name: /^Ada/ });
  await chip.press('Enter');
  await page.getByRole('button', { name: 'Move to Breakout 1' }).press('Enter');
  await page.getByText('You are here').waitFor();
  await page.keyboard.press('m');
  await page.waitForFunction(() => sideroom.room.local.isPublished('audio'));
  await page.context().close();
});

test('a meeting with breakouts, the console beside it, and what both look like', { timeout: 400_000 }, async () => {
  const ada = await open('/?room=physics&name=Ada%20Lovelace&role=moderator&join');
  await joined(ada);
  const others = await Promise.all(NAMES.map((name) => open(`/?room=physics&name=${encodeURIComponent(name)}&tone=${300 + name.length * 40}`, { viewport: { width: 480, height: 360 } })));
  await Promise.all(others.map(joined));
  for (const page of [ada, ...others.slice(0, 4)]) await page.getByRole('button', { name: 'Start camera' }).click();
  await ada.waitForFunction(() => [...document.querySelectorAll('video')].filter((video) => video.videoWidth > 0 && !video.hidden).length >= 4, null, { timeout: 60_000 });
  await shot(ada, 'meeting-laptop');
  await shareWhiteboard(ada, others[0] as Page);
  await dragIntoBreakouts(ada);
  const key = encodeURIComponent(apiToken());
  const console_ = await open(`/console.html?room=physics&key=${key}`);
  await console_.getByText('Live', { exact: true }).waitFor();
  await others[0]?.evaluate(() => sideroom.room.setGate({ paused: false }));
  await others[1]?.getByRole('button', { name: 'Rooms', exact: true }).click();
  await others[1]?.getByRole('button', { name: 'Ask for help', exact: true }).click();
  await ada.getByText('asks for help').first().waitFor();
  await ada.evaluate(() => sideroom.room.sendMessage('Five more minutes, then we meet again.', 'everyone'));
  await ada.evaluate(() => sideroom.room.breakouts.configure({ endsAtMs: Date.now() + 300_000 }));
  await ada.waitForTimeout(1_500);
  await shot(ada, 'meeting-breakouts');
  await showWall(ada, others[0] as Page);
  await ada.evaluate(() => sideroom.room.breakouts.addressAll());
  await console_.waitForTimeout(2_500);
  await console_.locator('svg.floor[aria-label*="6 people, 4 of them in 2 breakouts"]').waitFor();
  await shot(console_, 'console');
  await inAllLights(ada, console_, others[0] as Page);
  for (const page of [ada, console_, ...others]) await page.context().close();
});

/** The host speaks to one room and listens to the other, whose picture the wall shows. */
async function showWall(ada: Page, speaker: Page): Promise<void> {
  await ada.getByRole('button', { name: 'Wall: all rooms at once' }).click();
  await ada.evaluate(async () => {
    const { room } = sideroom;
    const [, second] = room.breakouts.all;
    await second.listenIn({ follow: true });
    await room.schedules.add({ method: 'ClearBreakouts', body: {} }, { atMs: Date.now() + 240_000 });
  });
  await ada.getByRole('button', { name: 'Speak: Breakout 1', exact: true }).dispatchEvent('click');
  await ada.locator('.banner').getByText('You speak to Breakout 1. The main room').waitFor();
  await speaker.locator('.banner').getByText('speaks to your room').waitFor();
  await ada.waitForFunction(() => ((document.querySelector('.wall-picture video') as HTMLVideoElement | null)?.videoWidth ?? 0) > 0);
  await ada.getByRole('button', { name: 'Close the list of rooms' }).click();
  await ada.getByRole('region', { name: 'Breakout 2 on the wall' }).getByRole('button', { name: 'Stop listening' }).waitFor();
  await shot(ada, 'meeting-wall');
  await ada.evaluate(async () => {
    const { room } = sideroom;
    await room.intercoms.stop();
    await room.breakouts.stopListening();
    for (const { id } of room.schedules.all) await room.schedules.cancel(id);
  });
  await ada.getByRole('button', { name: 'Wall: all rooms at once' }).click();
  await ada.getByRole('button', { name: /^Rooms/ }).click();
}

async function shareWhiteboard(ada: Page, viewer: Page): Promise<void> {
  await ada.getByRole('button', { name: 'Draw on a whiteboard' }).click();
  const board = await ada.locator('.whiteboard canvas').boundingBox();
  assert.ok(board);
  const at = (x: number, y: number): [number, number] => [board.x + board.width * x, board.y + board.height * y];
  for (const points of [[[0.3, 0.7], [0.5, 0.25], [0.7, 0.7], [0.3, 0.7]], [[0.5, 0.25], [0.5, 0.7]]] as [number, number][][]) {
    const [first, ...rest] = points;
    if (first) await ada.mouse.move(...at(...first));
    await ada.mouse.down();
    for (const point of rest) await ada.mouse.move(...at(...point), { steps: 12 });
    await ada.mouse.up();
  }
  await viewer.setViewportSize({ width: 1280, height: 800 });
  await viewer.waitForFunction(() => ((document.querySelector('.tile.share video') as HTMLVideoElement | null)?.videoWidth ?? 0) > 0);
  await viewer.waitForTimeout(1_500);
  await shot(viewer, 'meeting-whiteboard');
  await viewer.setViewportSize({ width: 480, height: 360 });
  await ada.getByRole('button', { name: 'Stop sharing the whiteboard' }).click();
  await viewer.waitForFunction(() => !document.querySelector('.tile.share'));
}

async function dragIntoBreakouts(ada: Page): Promise<void> {
  await ada.getByRole('button', { name: 'New rooms' }).click();
  await ada.getByRole('dialog').getByLabel('How people get there').selectOption('later');
  await ada.getByRole('dialog').getByLabel('Camera').check();
  await ada.getByRole('button', { name: 'Create' }).click();
  await ada.locator('.group-card').nth(2).waitFor();
  for (const [index, name] of NAMES.slice(0, 4).entries()) {
    const card = ada.locator('.group-card').nth(1 + (index % 2));
    await drag(ada, name, card);
  }
}

/** Again if it missed: signs that come and go move a chip while the mouse is on its way to it. */
async function drag(ada: Page, name: string, card: Locator): Promise<void> {
  for (let left = 5; left > 0; left -= 1) {
    await ada.getByRole('button', { name: new RegExp(`^${name}`) }).dragTo(card);
    if (await card.getByText(name).waitFor({ timeout: 10_000 }).then(() => true, () => false)) return;
  }
  assert.fail(`${name} cannot be dragged`);
}

async function inAllLights(ada: Page, console_: Page, inside: Page): Promise<void> {
  await ada.emulateMedia({ colorScheme: 'dark' });
  await ada.waitForTimeout(400);
  await shot(ada, 'meeting-dark');
  await console_.emulateMedia({ colorScheme: 'dark' });
  await console_.waitForTimeout(400);
  await shot(console_, 'console-dark');
  await inside.setViewportSize({ width: 390, height: 844 });
  await inside.waitForTimeout(600);
  await shot(inside, 'meeting-phone');
  await console_.setViewportSize({ width: 390, height: 844 });
  await console_.waitForTimeout(600);
  await shot(console_, 'console-phone');
  for (const page of [inside, console_]) {
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wider, false, 'the page is wider than the phone');
  }
}

test('everything that can be pressed has a name, and every picture too', { timeout: 180_000 }, async () => {
  const page = await open('/?room=names&name=Ada&role=moderator&join');
  await joined(page);
  await page.getByRole('button', { name: 'New rooms' }).waitFor();
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, a, img, [role=img]')]
      .filter((element) => (element as HTMLElement).offsetParent !== null)
      .filter((element) => {
        const label = element.closest('label')?.textContent ?? '';
        return !(element.getAttribute('aria-label') ?? element.getAttribute('alt') ?? (element.textContent?.trim() || label.trim() || element.getAttribute('title')));
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, []);
  await page.context().close();
});

test('no page logged an error', () => assert.deepEqual(errors, []));
