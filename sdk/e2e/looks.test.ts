/**
 * Every state of the demo and the console on a laptop and on a phone, in light and dark: a picture of each to
 * look at, nothing wider than the screen, and no violation found by axe. And both roles by keyboard alone.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launch } from './browser.ts';
import { Demo, idOf, joined } from './demo.ts';
import { apiToken } from './operator.ts';
import { ROOT, startServer, type RealServer } from './server.ts';

let server: RealServer;
let demo: Demo;
const limits = { timeout: 600_000 };
const shots = join(ROOT, 'test-results/screenshots');
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

const SIZES = [{ width: 1280, height: 800 }, { width: 390, height: 844 }];
const LIGHTS = ['light', 'dark'] as const;
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

before(async () => {
  mkdirSync(shots, { recursive: true });
  server = await startServer();
  demo = new Demo(server, await launch());
});

after(async () => {
  await demo?.browser.close();
  await server?.stop();
});

const button = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });

/** Waits until two frames have been drawn and animations have ended. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}

async function violations(page: Page): Promise<Violation[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  return page.evaluate(async (tags) => {
    const run = (globalThis as unknown as { axe: { run(context: unknown, options: object): Promise<{ violations: Violation[] }> } }).axe.run;
    const { violations: found } = await run(document, { runOnly: tags, resultTypes: ['violations'] });
    return found.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => ({ html: html.slice(0, 160), failureSummary: failureSummary ?? '' })) }));
  }, TAGS);
}

/** Looks at a state in every size and light. */
async function look(page: Page, state: string): Promise<void> {
  const found: Record<string, Violation[]> = {};
  for (const size of SIZES) {
    for (const colorScheme of LIGHTS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await drawn(page);
      const name = `${state}-${size.width}-${colorScheme}`;
      await page.screenshot({ path: join(shots, `${name}.png`) });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is wider than the screen`);
      const cut = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((each) => each.scrollWidth > each.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(each).overflowX) && !each.matches('.people-tiles')).map((each) => each.className));
      assert.deepEqual(cut, [], `${name}: something is wider than its panel`);
      const rows = await page.evaluate(() => new Set([...document.querySelectorAll<HTMLElement>('.bar button:not([hidden], .return)')].map(({ offsetTop }) => offsetTop)).size);
      assert.ok(rows <= 1, `${name}: the bar has ${rows} rows`);
      const seen = await violations(page);
      if (seen.length) found[name] = seen;
    }
  }
  assert.deepEqual(found, {}, state);
  await page.setViewportSize(SIZES[0] as { width: number; height: number });
}

async function done(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

test('joining', limits, async () => {
  const page = await demo.open('/');
  await look(page, 'join');
  await page.getByLabel('Your name').fill('Ada Lovelace');
  await page.getByRole('textbox', { name: 'Meeting' }).fill('physics');
  await button(page, 'Turn microphone on').click();
  await button(page, 'Turn camera on').click();
  await button(page, 'Turn camera off').waitFor();
  await page.getByText('Choose microphone, camera and speaker').click();
  await look(page, 'join-checked');
  await done(page);
  const refused = await demo.open('/?room=physics&name=Ada&join&token=expired');
  await refused.getByRole('alert').first().waitFor();
  await look(refused, 'join-refused');
  await done(refused);
});

test('the host: panel and dialogs', limits, async () => {
  const host = await demo.join({ room: 'looks', name: 'Ada Lovelace', moderator: true });
  await look(host, 'host-alone');
  const others = [];
  for (const name of ['Grace Hopper', 'Alan Turing', 'Wolfeschlegelsteinhausenbergerdorff the Elder of Very Long Names']) others.push(await demo.join({ room: 'looks', name, options: { viewport: { width: 480, height: 360 } } }));
  const [grace, alan] = others as [Page, Page];
  await button(host, 'Start camera').click();
  await button(grace, 'Start camera').click();
  await button(grace, 'Unmute').click();
  await host.waitForFunction(() => [...document.querySelectorAll('video')].filter((video) => video.videoWidth > 0 && !video.hidden).length >= 2);
  await button(host, 'New rooms').click();
  await look(host, 'host-new-rooms');
  await host.getByRole('dialog').getByLabel('How people get there').selectOption('later');
  await button(host, 'Create').click();
  await host.locator('.group-card').nth(2).waitFor();
  await host.evaluate(async ([first, second]) => {
    const { breakouts } = sideroom.room;
    await breakouts.all[0].invite([first]);
    await breakouts.move({ [second as string]: breakouts.all[1].id });
  }, [await idOf(grace), await idOf(alan)]);
  await alan.evaluate(() => sideroom.room.breakouts.askForHelp('We cannot find the task.'));
  await host.getByRole('list', { name: 'Calls for help' }).waitFor();
  await look(host, 'host-rooms');
  for (const [name, dialog] of [['Set timer', 'host-timer'], ['Rules', 'host-rules'], ['Bring people back…', 'host-bring-back'], ['Microphone, camera and speaker', 'host-devices'], ['Leave meeting', 'host-leave']] as const) {
    await button(host, name).click();
    await host.getByRole('dialog').waitFor();
    await look(host, dialog);
    await host.keyboard.press('Escape');
  }
  await host.getByRole('region', { name: 'Breakout 2' }).getByRole('button', { name: 'Rename' }).click();
  await look(host, 'host-rename');
  await host.keyboard.press('Escape');
  await host.getByRole('button', { name: /^Alan Turing/ }).click();
  await look(host, 'host-person');
  await button(host, 'Remove from the meeting…').click();
  await look(host, 'host-remove');
  await host.keyboard.press('Escape');
  await host.evaluate(() => sideroom.room.ban({ identity: 'mallory' }, { reason: 'Shouted at everybody, twice.' }));
  await button(host, 'Close the list of rooms').click();
  await button(host, /^Rooms/).click();
  await button(host, 'People kept out').click();
  await look(host, 'host-kept-out');
  await host.keyboard.press('Escape');
  await button(host, 'Speak to all rooms').click();
  await host.getByText('nobody hears you').waitFor();
  await look(host, 'host-speaks-muted');
  await host.evaluate(() => sideroom.room.breakouts.stopAddressing());
  await host.getByRole('region', { name: 'Breakout 2' }).getByRole('button', { name: 'Listen in' }).click();
  await host.getByText('You listen to Breakout 2').waitFor();
  await look(host, 'host-listens');
  await host.evaluate(() => sideroom.room.breakouts.close());
  await button(host, 'Open all rooms').waitFor();
  await look(host, 'host-closed-rooms');
  await done(host, ...others);
});

test('the wall, prepared rooms, plans, attendance', limits, async () => {
  const host = await demo.join({ room: 'wall', name: 'Ada Lovelace', moderator: true });
  const others: Page[] = [];
  for (const name of ['Grace Hopper', 'Alan Turing', 'Emmy Noether']) others.push(await demo.join({ room: 'wall', name, options: { viewport: { width: 480, height: 360 } } }));
  const [grace, alan, emmy] = others as [Page, Page, Page];
  await button(host, 'Prepare from a list').click();
  const list = host.getByRole('dialog').getByLabel('Rooms and people');
  await list.fill('Red: Grace Hopper, Alan Turing\nRed: Grace Hopper\n"Blue,Emmy');
  await look(host, 'host-prepare-errors');
  await list.fill('room,person\nReaders,Grace Hopper\nWriters,Alan Turing\nWriters,zoe-17');
  await look(host, 'host-prepare');
  await host.getByRole('dialog').getByLabel('People may use cameras inside').check();
  await button(host, 'Make rooms').click();
  await host.getByRole('region', { name: 'Writers', exact: true }).getByText('assigned, not here yet').waitFor();
  await look(host, 'host-prepared');
  await button(host, 'Open all rooms').click();
  for (const page of [grace, alan]) await page.waitForFunction(() => sideroom.room.me.isAway);
  await button(grace, 'Start camera').click();
  await host.evaluate(async (id) => {
    const { room } = sideroom;
    const [readers, writers] = room.breakouts.all;
    await writers.update({ door: 'knocking', selfSelect: true });
    await room.setGrants(id, { createSideRooms: true });
    await room.breakouts.configure({ endsAtMs: Date.now() + 900_000 });
    await room.schedules.add({ method: 'Shuffle', body: {} }, { atMs: Date.now() + 300_000 });
    await readers.listenIn({ follow: true });
    await room.intercoms.start({ groups: [readers.id, writers.id] }, { ownGroup: 'suspend', allowReply: true });
  }, await idOf(emmy));
  await button(host, 'Unmute').click();
  await button(host, 'Wall: all rooms at once').click();
  await button(alan, 'Answer').click();
  await alan.evaluate(() => sideroom.room.breakouts.askForHelp('We cannot find the task.'));
  await button(emmy, 'Rooms').click();
  await emmy.getByRole('region', { name: 'Writers', exact: true }).getByRole('button', { name: 'Knock', exact: true }).click();
  await host.getByRole('group', { name: 'Emmy Noether knocks at Writers' }).waitFor();
  await host.waitForFunction(() => ((document.querySelector('.wall-picture video') as HTMLVideoElement | null)?.videoWidth ?? 0) > 0);
  await look(host, 'host-wall');
  await button(host, 'Close the list of rooms').click();
  await look(host, 'host-wall-alone');
  await look(alan, 'guest-answers');
  await look(emmy, 'guest-knocks');
  await button(emmy, 'New side room').click();
  await look(emmy, 'guest-side-room');
  await button(host, /^Rooms/).click();
  for (const [name, dialog] of [['Plan', 'host-plan'], ['Attendance', 'host-attendance']] as const) {
    await button(host, name).click();
    await host.getByRole('dialog').waitFor();
    await look(host, dialog);
    await host.keyboard.press('Escape');
  }
  await host.evaluate(() => sideroom.room.intercoms.stop());
  await grace.evaluate(() => sideroom.room.setGate({ paused: false }));
  await grace.getByLabel('Volume of the main room').waitFor();
  await look(grace, 'guest-main-room-volume');
  await grace.reload();
  await joined(grace);
  await grace.getByText('You are back in Readers').waitFor();
  await look(grace, 'guest-back');
  await done(host, ...others);
});

test('the guest: asked, inside, muted, out of time', limits, async () => {
  const host = await demo.join({ room: 'guests', name: 'Ada Lovelace', moderator: true });
  const guest = await demo.join({ room: 'guests', name: 'Grace Hopper' });
  const other = await demo.join({ room: 'guests', name: 'Alan Turing' });
  await button(other, 'Start camera').click();
  await guest.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0 && !video.hidden));
  await look(guest, 'guest-main');
  await button(guest, 'Rooms').click();
  await look(guest, 'guest-rooms-none');
  await button(guest, 'Close the list of rooms').click();
  const ids = [await idOf(guest), await idOf(other)];
  await host.evaluate(async ([id]) => {
    const [first] = await sideroom.room.breakouts.create({ rooms: 2, capacity: 4, media: { audio: true, camera: true, screen: true, canvas: true } });
    await first.invite([id]);
  }, ids);
  await guest.getByRole('group', { name: /^Invitation/ }).waitFor();
  await look(guest, 'guest-invited');
  await button(guest, 'Later').click();
  await button(guest, 'Rooms, 1 invitation').click();
  await look(guest, 'guest-invitation-waits');
  await button(guest, 'Close the list of rooms').click();
  await host.evaluate((all) => sideroom.room.breakouts.move(Object.fromEntries(all.map((id) => [id, sideroom.room.breakouts.all[0].id]))), ids);
  await button(guest, 'Return to main room').waitFor();
  await guest.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0 && !video.hidden));
  await look(guest, 'guest-inside');
  await button(guest, 'Ask for help').click();
  await button(guest, 'Cancel help').waitFor();
  await button(guest, 'Unmute').click();
  await button(guest, 'Mute').waitFor();
  await host.evaluate(async ([id]) => {
    const { room } = sideroom;
    await room.muteOther(id, ['audio']);
    await room.breakouts.all[0].listenIn();
    await room.breakouts.configure({ allowReturn: false });
    await room.sendMessage('Five more minutes, then we meet again in the main room.', 'everyone');
  }, ids);
  await guest.getByText('A moderator turned off your microphone').first().waitFor();
  await guest.getByText('listens to this room').waitFor();
  await guest.getByText('Five more minutes').waitFor();
  await look(guest, 'guest-muted-listened-help');
  await button(guest, /^Chat/).click();
  await guest.getByRole('textbox', { name: 'Message' }).fill('We are nearly done.');
  await guest.keyboard.press('Enter');
  await look(guest, 'guest-chat');
  await button(guest, 'Close chat').click();
  await button(guest, 'Microphone, camera and speaker').click();
  await button(guest, 'Test the camera').click();
  await guest.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.camera-test video')?.videoWidth ?? 0) > 0);
  await look(guest, 'guest-devices');
  await guest.keyboard.press('Escape');
  await button(guest, 'Leave meeting').click();
  await look(guest, 'guest-leave');
  await guest.keyboard.press('Escape');
  await host.evaluate(() => sideroom.room.breakouts.configure({ endsAtMs: Date.now() + 3_000, endGraceMs: 120_000 }));
  await guest.locator('.banner').getByText('The time is up.').waitFor();
  await look(guest, 'guest-grace');
  await done(host, guest, other);
});

test('a whiteboard, a screen, a lost connection', limits, async () => {
  const ada = await demo.join({ room: 'shares', name: 'Ada Lovelace', moderator: true });
  const guest = await demo.join({ room: 'shares', name: 'Grace Hopper' });
  await button(ada, 'Draw on a whiteboard').click();
  const board = await ada.locator('.whiteboard canvas').boundingBox();
  assert.ok(board);
  await ada.mouse.move(board.x + 80, board.y + 160);
  await ada.mouse.down();
  await ada.mouse.move(board.x + board.width * 0.6, board.y + board.height * 0.6, { steps: 12 });
  await ada.mouse.up();
  await look(ada, 'host-whiteboard');
  await guest.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.tile.share video')?.videoWidth ?? 0) > 0);
  await look(guest, 'guest-whiteboard');
  await button(ada, 'Draw on a whiteboard').click();
  await button(ada, 'Share screen').click();
  await guest.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.tile.share video[data-kind=screen]')?.videoWidth ?? 0) > 0);
  await look(guest, 'guest-screen');
  await guest.evaluate(() => {
    globalThis.WebSocket = class {
      constructor() {
        throw new DOMException('gone', 'NetworkError');
      }
    } as never;
    sideroom.room.peer.connection.close();
    (globalThis as unknown as { sockets: WebSocket[] }).sockets.forEach((socket) => socket.close());
  });
  await guest.locator('.banner.stop').waitFor();
  await look(guest, 'guest-connection-lost');
  await done(ada, guest);
});

test('the ends of a meeting', limits, async () => {
  const host = await demo.join({ room: 'ends', name: 'Ada Lovelace', moderator: true });
  const guest = await demo.join({ room: 'ends', name: 'Grace Hopper' });
  await host.evaluate((id) => sideroom.room.remove(id), await idOf(guest));
  await guest.getByRole('heading', { name: 'You were removed' }).waitFor();
  await look(guest, 'end-removed');
  const loud = await demo.join({ room: 'ends', name: 'Mallory' });
  await host.evaluate((id) => sideroom.room.ban({ participantId: id }, { reason: 'Shouted at everybody, twice.' }), await idOf(loud));
  await loud.getByRole('heading', { name: 'You were removed' }).waitFor();
  await look(loud, 'end-kept-out');
  await loud.goto(`${demo.server.url}/?room=ends&name=Mallory&join`);
  await loud.getByRole('alert').getByText('Shouted at everybody').waitFor();
  await look(loud, 'join-kept-out');
  const token = await host.evaluate(async () => (await fetch('/dev/token?room=ends&name=Grace&identity=grace&plain')).text());
  const link = `/?room=ends&name=Grace&join&token=${token.trim()}`;
  const tab = await demo.open(link);
  await joined(tab);
  const another = await demo.open(link);
  await joined(another);
  await tab.getByRole('heading', { name: 'The meeting is open in another tab' }).waitFor();
  await look(tab, 'end-other-tab');
  await button(host, 'Leave meeting').click();
  await button(host, /^End meeting for all/).click();
  await look(host, 'host-end-for-all');
  await host.keyboard.press('Escape');
  await button(host, 'Leave meeting').click();
  await button(host, /^Leave meeting The meeting/).click();
  await host.getByRole('heading', { name: 'You left the meeting' }).waitFor();
  await look(host, 'end-left');
  await button(host, 'Join again').click();
  await button(host, 'Join').click();
  await joined(host);
  await host.evaluate(() => sideroom.room.end());
  await another.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
  await look(another, 'end-ended');
  await done(host, guest, loud, tab, another);
});

test('the console', limits, async () => {
  const host = await demo.join({ room: 'looked at', name: 'Ada Lovelace', moderator: true });
  const guest = await demo.join({ room: 'looked at', name: 'Grace Hopper' });
  await button(guest, 'Unmute').click();
  await host.evaluate(async (id) => {
    const [first] = await sideroom.room.breakouts.create({ rooms: 2, capacity: 4 });
    await sideroom.room.breakouts.move({ [id]: first.id });
  }, await idOf(guest));
  await guest.evaluate(() => sideroom.room.breakouts.askForHelp('We cannot find the task.'));
  const signIn = await demo.open('/console.html?key=nonsense');
  await signIn.getByRole('heading', { name: 'Sign in' }).waitFor();
  await look(signIn, 'console-sign-in');
  const page = await demo.open(`/console.html?room=looked%20at&key=${encodeURIComponent(apiToken())}`);
  await page.getByText('Grace Hopper in Breakout 1 asks for help').first().waitFor();
  await page.getByText('packets/s in').waitFor();
  await look(page, 'console');
  await done(host, guest, signIn, page);
});

/** The name of the focused button. */
const focusIn = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

/**
 * Presses Tab until an element of this name has the focus, once the page shows one: the only way for a
 * keyboard.
 */
async function tabTo(page: Page, name: RegExp, most = 60): Promise<void> {
  await page.locator('button:visible, label:visible').filter({ hasText: name }).or(button(page, name)).first().waitFor();
  const seen: string[] = [];
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press('Tab');
    const { label, outlined } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const copy = element.cloneNode(true) as HTMLElement;
      for (const unread of copy.querySelectorAll('[aria-hidden]')) unread.remove();
      const wrapped = element.closest('label')?.textContent ?? '';
      const style = getComputedStyle(element);
      return { label: element.getAttribute('aria-label') || wrapped.trim() || copy.textContent?.trim() || '', outlined: element === document.body || style.outlineStyle !== 'none' };
    });
    assert.ok(outlined, `the focus on "${label}" cannot be seen`);
    seen.push(label);
    if (name.test(label)) return;
  }
  assert.fail(`no Tab leads to ${name}; on the way: ${seen.join(' | ')}`);
}

test('a guest and a host by keyboard alone', limits, async () => {
  const host = await demo.open('/?room=keys%20only');
  await host.keyboard.type('Ada');
  await tabTo(host, /^I moderate/);
  await host.keyboard.press('Space');
  await tabTo(host, /^Join$/);
  await host.keyboard.press('Enter');
  await joined(host);
  const guest = await demo.open('/?room=keys%20only');
  await guest.keyboard.type('Gus');
  await tabTo(guest, /^Join$/);
  await guest.keyboard.press('Enter');
  await joined(guest);
  await tabTo(host, /^New rooms$/);
  await host.keyboard.press('Enter');
  await host.keyboard.type('2');
  await tabTo(host, /^How people get there/);
  await host.keyboard.press('End');
  await tabTo(host, /^Create$/);
  await host.keyboard.press('Enter');
  await host.getByRole('region', { name: 'Breakout 2' }).waitFor();
  assert.equal(await focusIn(host), 'More rooms', 'the new rooms took the focus from the button that made them');
  await tabTo(host, /^Gus.*Open menu/);
  await host.keyboard.press('Enter');
  await tabTo(host, /^Ask to join Breakout 1$/);
  await host.keyboard.press('Enter');
  await guest.getByRole('group', { name: /^Invitation/ }).waitFor();
  await tabTo(guest, /^Join$/);
  await guest.keyboard.press('Enter');
  await button(guest, 'Return to main room').waitFor();
  assert.equal(await guest.evaluate(() => document.activeElement?.id), 'main', 'the answered invitation leaves the focus at the start of the page');
  await tabTo(guest, /^Ask for help$/);
  await guest.keyboard.press('Enter');
  await tabTo(host, /^Go there$/);
  await host.keyboard.press('Enter');
  await button(host, 'Return to main room').waitFor();
  for (const page of [guest, host]) {
    await tabTo(page, /^Return to main room$/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => !sideroom.room.me.isAway);
  }
  await guest.keyboard.press('m');
  await guest.waitForFunction(() => sideroom.room.local.isPublished('audio'));
  await tabTo(guest, /^Leave meeting$/);
  await guest.keyboard.press('Enter');
  await guest.keyboard.press('Enter');
  await guest.getByRole('heading', { name: 'You left the meeting' }).waitFor();
  await done(host, guest);
});

test('no page logged an error', () => assert.deepEqual(demo.errors().filter((message) => !/status of 40[13]/.test(message)), []));
