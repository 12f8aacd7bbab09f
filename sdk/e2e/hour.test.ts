/**
 * A person's hour, in six tabs: a host, four guests and a latecomer join, check devices, are invited, accept,
 * decline, share, draw, are muted, ask for help, see the server restart and the time end, return, and leave.
 * After every step each page holds and shows exactly what the server says to that viewer.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launch } from './browser.ts';
import { Demo, holdsTheTruth, idOf, joined } from './demo.ts';
import { startServer, type RealServer } from './server.ts';

let server: RealServer;
let demo: Demo;
const pages = new Map<string, Page>();
const ROOM = 'the hour';

before(async () => {
  server = await startServer();
  demo = new Demo(server, await launch());
});

after(async () => {
  await demo?.browser.close();
  await server?.stop();
});

function tab(name: string): Page {
  const page = pages.get(name);
  assert.ok(page, name);
  return page;
}

const button = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const card = (page: Page, name: string): ReturnType<Page['getByRole']> => page.getByRole('region', { name, exact: true });

/** Does something, then holds every open page against the server. */
async function step(what: string, action: () => Promise<unknown>): Promise<void> {
  await test(what, { timeout: 240_000 }, async () => {
    await action();
    assert.deepEqual(demo.errors(), []);
  });
  await test(`${what}: no stale state`, { timeout: 240_000 }, async () => {
    for (const page of pages.values()) await holdsTheTruth(page, what);
  });
}

async function viaForm(name: string, moderator = false): Promise<void> {
  const page = await demo.open(`/?room=${encodeURIComponent(ROOM)}`);
  await page.getByLabel('Your name').fill(name);
  if (moderator) await page.getByLabel('I moderate this meeting').check();
  await button(page, 'Turn microphone on').click();
  await page.getByText('Speak: the bar moves.').waitFor();
  await button(page, 'Join').click();
  await joined(page);
  await page.waitForFunction(() => sideroom.room.local.isPublished('audio'));
  pages.set(name, page);
}

/** A picture of somebody is on a page, and moves or at least has arrived. */
async function sees(page: Page, name: string, kind: string): Promise<void> {
  const id = await idOf(tab(name));
  await page.waitForFunction(([who, what]) => {
    const video = document.querySelector<HTMLVideoElement>(`video[data-participant="${who}"][data-kind="${what}"]`);
    return Boolean(video && video.videoWidth > 0 && !video.hidden);
  }, [id, kind]);
}

test('a person\'s hour in six tabs', { timeout: 1_500_000 }, async () => {
  await step('the host and four guests check their devices and join', async () => {
    await viaForm('Hanna', true);
    for (const name of ['Ben', 'Cleo', 'Dan', 'Eve']) await viaForm(name);
    for (const name of ['Hanna', 'Ben', 'Cleo']) await button(tab(name), 'Start camera').click();
    await sees(tab('Dan'), 'Ben', 'camera');
    for (const name of ['Ben', 'Cleo']) await button(tab(name), 'Rooms').click();
  });

  await step('the host makes two rooms', async () => {
    await button(tab('Hanna'), 'New rooms').click();
    const dialog = tab('Hanna').getByRole('dialog', { name: 'New rooms' });
    await dialog.getByLabel('How people get there').selectOption('later');
    await dialog.getByLabel('Camera').check();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await card(tab('Hanna'), 'Breakout 2').waitFor();
  });

  await step('three are asked into rooms', async () => {
    for (const [name, room] of [['Ben', 'Breakout 1'], ['Cleo', 'Breakout 1'], ['Dan', 'Breakout 2']] as const) {
      await card(tab('Hanna'), 'Main room').getByRole('button', { name: new RegExp(`^${name}`) }).click();
      await button(tab('Hanna'), `Ask to join ${room}`).click();
      await tab(name).locator('.alerts').getByRole('group', { name: `Invitation to ${room}` }).waitFor();
    }
  });

  await step('two accept', async () => {
    for (const name of ['Ben', 'Cleo']) await tab(name).locator('.alerts').getByRole('button', { name: 'Join' }).click();
    for (const name of ['Ben', 'Cleo']) await button(tab(name), 'Return to main room').waitFor();
    await sees(tab('Cleo'), 'Ben', 'camera');
  });

  await step('one declines', async () => {
    await button(tab('Dan'), 'Decline').click();
    await tab('Hanna').getByText('Dan declined to join Breakout 2.').waitFor();
  });

  await step('a screen is shared inside a room', async () => {
    await button(tab('Ben'), 'Share screen').click();
    await sees(tab('Cleo'), 'Ben', 'screen');
  });

  await step('a whiteboard is drawn on, and a latecomer joins', async () => {
    await button(tab('Eve'), 'Draw on a whiteboard').click();
    const board = await tab('Eve').locator('.whiteboard canvas').boundingBox();
    assert.ok(board);
    await tab('Eve').mouse.move(board.x + 60, board.y + 120);
    await tab('Eve').mouse.down();
    await tab('Eve').mouse.move(board.x + board.width / 2, board.y + board.height / 2, { steps: 10 });
    await tab('Eve').mouse.up();
    await sees(tab('Hanna'), 'Eve', 'canvas');
    await viaForm('Fay');
  });

  await test('the latecomer sees the whiteboard that stands still', { timeout: 60_000 }, () => sees(tab('Fay'), 'Eve', 'canvas'));

  await step('somebody is muted by the host, and asks to speak', async () => {
    await tab('Hanna').getByRole('button', { name: /^Dan/ }).click();
    await button(tab('Hanna'), 'Mute for everybody').click();
    await tab('Dan').getByText('A moderator turned off your microphone.').first().waitFor();
    await button(tab('Dan'), 'Ask to speak').click();
    await tab('Hanna').getByText('Dan in Main room asks for help').first().waitFor();
  });

  await step('the host lets them speak again', async () => {
    await tab('Hanna').getByRole('list', { name: 'Calls for help' }).getByRole('button', { name: 'Mark as answered' }).click();
    await tab('Hanna').getByRole('button', { name: /^Dan/ }).click();
    await button(tab('Hanna'), 'Let them speak again').click();
    await tab('Dan').getByText('A moderator turned your microphone on again').waitFor();
  });

  await step('help is asked for in a room, and the host goes there', async () => {
    await button(tab('Cleo'), 'Ask for help').click();
    await tab('Hanna').locator('#notices').getByText('Cleo in Breakout 1 asks for help.').waitFor();
    await tab('Hanna').locator('#notices').getByRole('button', { name: 'Go there' }).last().click();
    await button(tab('Hanna'), 'Return to main room').waitFor();
    await sees(tab('Cleo'), 'Hanna', 'camera');
  });

  await step('a camera is stopped and a microphone muted inside', async () => {
    await button(tab('Cleo'), 'Stop camera').click();
    await button(tab('Ben'), 'Mute').click();
    await button(tab('Ben'), 'Stop sharing').click();
  });

  await step('the server restarts in between', async () => {
    await server.restart();
    for (const page of pages.values()) await page.waitForFunction(() => sideroom.room.phase.name === 'connected' && sideroom.room.peer.connection.connectionState === 'connected', null, { timeout: 60_000 });
    await sees(tab('Cleo'), 'Hanna', 'camera');
  });

  await step('the host writes to all rooms and returns', async () => {
    await button(tab('Hanna'), /^Chat/).click();
    await tab('Hanna').getByLabel('Send to all rooms').check();
    await tab('Hanna').getByRole('textbox', { name: 'Message' }).fill('Two more minutes.');
    await tab('Hanna').getByRole('textbox', { name: 'Message' }).press('Enter');
    for (const name of ['Ben', 'Dan']) await tab(name).locator('#notices').getByText('Hanna to all rooms: Two more minutes.').waitFor();
    await button(tab('Hanna'), 'Return to main room').click();
    await button(tab('Hanna'), /^Rooms/).click();
  });

  await step('a guest reloads inside and is where they were', async () => {
    await tab('Ben').reload();
    await joined(tab('Ben'));
    await button(tab('Ben'), 'Return to main room').waitFor();
    await button(tab('Ben'), 'Stop camera').waitFor();
  });

  await step('the time ends, the grace is counted down, and everybody is back', async () => {
    await tab('Hanna').evaluate(() => sideroom.room.breakouts.configure({ endsAtMs: Date.now() + 4_000, endGraceMs: 8_000 }));
    await tab('Ben').locator('.banner').getByText('The time is up.').waitFor();
    for (const name of ['Ben', 'Cleo']) await tab(name).waitForFunction(() => !sideroom.room.me.isAway);
    await sees(tab('Dan'), 'Hanna', 'camera');
  });

  await test('a returner sees the whiteboard that stands still', { timeout: 60_000 }, () => sees(tab('Cleo'), 'Eve', 'canvas'));

  await step('a guest leaves, after being asked', async () => {
    await button(tab('Fay'), 'Leave meeting').click();
    await button(tab('Fay'), /^Leave meeting The meeting goes on/).click();
    await tab('Fay').getByText('You left the meeting').waitFor();
    await tab('Fay').context().close();
    pages.delete('Fay');
  });

  await step('the host ends the breakouts', async () => {
    await button(tab('Hanna'), 'Bring people back…').click();
    await button(tab('Hanna'), /^End breakouts/).click();
    await tab('Hanna').waitForFunction(() => sideroom.room.breakouts.all.length === 0);
  });

  await test('the host ends the meeting for all', async () => {
    await button(tab('Hanna'), 'Leave meeting').click();
    await button(tab('Hanna'), /^End meeting for all/).click();
    await button(tab('Hanna'), 'End for all').click();
    for (const page of pages.values()) await page.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
    assert.deepEqual(demo.errors(), []);
  });
});
