/** The demo for a host: what is pending, who listens, the three ways back, the timer, sending away, the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { countdown, graceLeftMs } from '../../web/src/clock.ts';
import { DROP_REASONS } from '../../web/src/drop-reasons.ts';
import { qualityOf } from '../../web/src/quality.ts';
import { launch } from './browser.ts';
import { Demo, holdsTheTruth, idOf, joined } from './demo.ts';
import { apiToken } from './operator.ts';
import { ROOT, startServer } from './server.ts';

let demo: Demo;
const limits = { timeout: 300_000 };

before(async () => {
  demo = new Demo(await startServer(), await launch());
});

after(async () => {
  await demo?.browser.close();
  await demo?.server.stop();
});

const button = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const card = (page: Page, name: string): ReturnType<Page['getByRole']> => page.getByRole('region', { name, exact: true });

async function meeting(room: string): Promise<{ host: Page; guest: Page }> {
  const host = await demo.join({ room, name: 'Hanna', moderator: true });
  const guest = await demo.join({ room, name: 'Gus' });
  await host.evaluate(() => sideroom.room.breakouts.create({ rooms: 2, capacity: 4 }));
  return { host, guest };
}

async function move(host: Page, person: Page, index: number): Promise<void> {
  await host.evaluate(([id, at]) => sideroom.room.breakouts.move({ [id as string]: sideroom.room.breakouts.all[at as number].id }), [await idOf(person), index] as const);
  await person.waitForFunction(() => sideroom.room.me.isAway);
}

async function done(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

test('who is asked is on the card until they answer', limits, async () => {
  const { host, guest } = await meeting('pending');
  await host.getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Ask to join Breakout 1').click();
  const pending = card(host, 'Breakout 1').getByRole('list', { name: 'Not yet in Breakout 1' });
  await pending.getByText('Gus').waitFor();
  await pending.getByText('asked').waitFor();
  await holdsTheTruth(host, 'asked');
  await button(guest, 'Decline').click();
  await pending.waitFor({ state: 'hidden' });
  await host.getByText('Gus declined to join Breakout 1.').waitFor();
  await host.getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Ask to join Breakout 2').click();
  await card(host, 'Breakout 2').getByText('asked').waitFor();
  await button(guest, 'Join').click();
  await card(host, 'Breakout 2').getByRole('button', { name: /^Gus/ }).waitFor();
  assert.equal(await host.locator('.chip.pending').count(), 0);
  for (const page of [host, guest]) await holdsTheTruth(page, 'accepted');
  await done(host, guest);
});

test('speaking to all with the microphone off says so, and turns it on', limits, async () => {
  const { host, guest } = await meeting('all');
  await button(host, 'Speak to all rooms').click();
  await host.getByText('You speak to all rooms, but your microphone is off: nobody hears you.').waitFor();
  await guest.getByText('Hanna speaks to all rooms.').waitFor();
  await button(host, 'Turn microphone on').click();
  await host.getByText('Everybody in every room hears you.').waitFor();
  await button(host, 'Mute').click();
  await host.getByText('your microphone is off').waitFor();
  await host.locator('.banner').getByRole('button', { name: 'Stop speaking to all' }).click();
  await guest.getByText('Hanna speaks to all rooms.').waitFor({ state: 'hidden' });
  await done(host, guest);
});

test('those inside see that somebody listens in, and that they stop', limits, async () => {
  const { host, guest } = await meeting('listen');
  await move(host, guest, 0);
  await card(host, 'Breakout 1').getByRole('button', { name: 'Listen in' }).click();
  const told = guest.getByText('Hanna listens to this room without being in it.');
  await told.waitFor();
  await host.locator('.banner').getByRole('button', { name: 'Stop listening' }).click();
  await told.waitFor({ state: 'hidden' });
  await done(host, guest);
});

test('a reload does not hide that somebody listens in', limits, async () => {
  const { host, guest } = await meeting('listen again');
  await move(host, guest, 0);
  await card(host, 'Breakout 1').getByRole('button', { name: 'Listen in' }).click();
  await guest.getByText('Hanna listens to this room').waitFor();
  await guest.reload();
  await joined(guest);
  await guest.getByText('Hanna listens to this room').waitFor();
  await done(host, guest);
});

test('where the rules say so, those inside do not see who listens in, and the listener knows', limits, async () => {
  const { host, guest } = await meeting('unseen');
  await move(host, guest, 0);
  await button(host, 'Rules').click();
  await host.getByRole('dialog').getByLabel('People inside see who listens in').uncheck();
  await host.waitForFunction(() => !sideroom.room.breakouts.settings.announcePresence);
  await button(host, 'Done').click();
  await card(host, 'Breakout 1').getByRole('button', { name: 'Listen in' }).click();
  await host.getByText('You listen to Breakout 1, without being in it. People there do not see that.').waitFor();
  for (const page of [host, guest]) await holdsTheTruth(page, 'listening unseen');
  assert.equal(await guest.getByText('listens to this room').count(), 0);
  await done(host, guest);
});

test('bringing back, closing and ending are told apart, and do what they say', limits, async () => {
  const { host, guest } = await meeting('ways');
  const choose = async (label: RegExp): Promise<void> => {
    await move(host, guest, 0);
    await button(host, 'Bring people back…').click();
    await host.getByRole('dialog').getByRole('button', { name: label }).click();
    await guest.waitForFunction(() => !sideroom.room.me.isAway);
    await holdsTheTruth(host, String(label));
  };
  await choose(/^Bring everybody back.*stay open/);
  assert.deepEqual(await host.evaluate(() => sideroom.room.breakouts.all.map(({ isOpen }: { isOpen: boolean }) => isOpen)), [true, true]);
  await choose(/^Close all rooms.*until you open/);
  assert.deepEqual(await host.evaluate(() => sideroom.room.breakouts.all.map(({ isOpen }: { isOpen: boolean }) => isOpen)), [false, false]);
  await button(host, 'Open all rooms').click();
  await host.waitForFunction(() => sideroom.room.breakouts.all.every(({ isOpen }: { isOpen: boolean }) => isOpen));
  await choose(/^End breakouts.*removed/);
  assert.equal(await host.evaluate(() => sideroom.room.breakouts.all.length), 0);
  await done(host, guest);
});

test('the countdown goes on through the grace', limits, async () => {
  assert.equal(countdown({ endsAtMs: 0, endGraceMs: 5_000 }, 1), undefined);
  assert.deepEqual(countdown({ endsAtMs: 9_000, endGraceMs: 5_000 }, 7_500), { leftMs: 1_500, inGrace: false });
  assert.deepEqual(countdown({ endsAtMs: 9_000, endGraceMs: 5_000 }, 10_000), { leftMs: 4_000, inGrace: true });
  assert.equal(graceLeftMs({ endsAtMs: 9_000, endGraceMs: 5_000 }, 8_990), 5_000, 'the server says so before this clock does');
  assert.equal(graceLeftMs({ endsAtMs: 9_000, endGraceMs: 5_000 }, 10_000), 4_000);
  const { host, guest } = await meeting('grace');
  await move(host, guest, 0);
  const reading = guest.evaluate(async () => {
    const texts = new Set<string>();
    while (sideroom.room.me.isAway) {
      texts.add(document.querySelector('.top [role=timer]')?.getAttribute('aria-label') ?? '');
      if (document.querySelector('.banner [role=timer]')) texts.add('banner');
      for (const { textContent } of document.querySelectorAll('#notices p')) texts.add(textContent ?? '');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return [...texts];
  });
  await host.evaluate(() => sideroom.room.breakouts.configure({ endsAtMs: Date.now() + 4_000, endGraceMs: 6_000 }));
  const seen = await reading;
  assert.ok(seen.some((text) => /^Time left in the breakouts: 0:0[1-4]$/.test(text)), String(seen));
  assert.ok(seen.filter((text) => /^Time until everybody returns to the main room: 0:0[1-6]$/.test(text)).length >= 3, String(seen));
  assert.ok(seen.includes('banner'), 'nothing above the meeting says that everybody returns');
  assert.ok(seen.some((text) => /^The time is up\. Everybody returns to the main room in [1-6] seconds?\.$/.test(text)), String(seen));
  await guest.locator('.top [role=timer]').waitFor({ state: 'hidden' });
  for (const page of [host, guest]) await holdsTheTruth(page, 'the time was up');
  await done(host, guest);
});

test('how well others arrive is on their tiles', limits, async () => {
  assert.equal(qualityOf(0, 0, 0), 'good');
  assert.equal(qualityOf(0.05, 0, 0), 'fair');
  assert.equal(qualityOf(0, 0.2, 0), 'poor');
  assert.equal(qualityOf(0, 0, 0.5), 'poor');
  const { host, guest } = await meeting('quality');
  await button(guest, 'Unmute').click();
  // Which word it is depends on how busy this machine is.
  await host.getByRole('img', { name: /^Connection of Gus: (good|fair|poor)$/ }).waitFor();
  await guest.evaluate(() => (document.documentElement.dataset['cut'] = 'yes'));
  await guest.context().setOffline(true);
  await guest.evaluate(() => sideroom.room.peer.connection.close());
  await done(guest);
  await host.getByText('Gus, reconnecting', { exact: true }).waitFor();
  await host.getByRole('img', { name: 'Connection of Gus: poor' }).waitFor();
  await done(host);
});

test('a press that has begun is not lost when the panel changes under it', limits, async () => {
  const { host, guest } = await meeting('press');
  const rename = card(host, 'Breakout 2').getByRole('button', { name: 'Rename' });
  await rename.hover();
  await host.mouse.down();
  await button(guest, 'Unmute').click();
  await move(host, guest, 0);
  await card(host, 'Breakout 1').getByRole('button', { name: /^Gus/ }).waitFor();
  const box = await rename.boundingBox();
  assert.ok(box);
  await host.mouse.move(box.x + 5, box.y + 5);
  await host.mouse.up();
  await host.getByRole('dialog', { name: 'Rename' }).waitFor();
  await done(host, guest);
});

test('a drag that has begun is not lost when the panel changes under it', limits, async () => {
  const { host, guest } = await meeting('drag');
  const chip = card(host, 'Main room').getByRole('button', { name: /^Gus/ });
  await chip.hover();
  await host.mouse.down();
  const from = await chip.boundingBox();
  assert.ok(from);
  await host.mouse.move(from.x + from.width / 2 + 9, from.y + from.height / 2 + 9);
  await button(guest, 'Unmute').click();
  await host.waitForFunction((id) => sideroom.room.participants.get(id).isLive('audio'), await idOf(guest));
  await host.evaluate(() => sideroom.room.breakouts.all[0].update({ name: 'Readers' }));
  await card(host, 'Readers').waitFor();
  const to = await card(host, 'Breakout 2').boundingBox();
  assert.ok(to);
  for (const aside of [0, 4]) await host.mouse.move(to.x + to.width / 2 + aside, to.y + to.height / 2);
  await host.mouse.up();
  await card(host, 'Breakout 2').getByRole('button', { name: /^Gus/ }).waitFor();
  for (const page of [host, guest]) await holdsTheTruth(page, 'dragged');
  await done(host, guest);
});

async function remove(host: Page, reason = ''): Promise<void> {
  await host.getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Remove from the meeting…').click();
  const asks = host.getByRole('dialog', { name: 'Remove Gus?' });
  assert.equal(await host.evaluate(() => document.activeElement?.textContent), 'Cancel');
  await asks.getByLabel('Reason').fill(reason);
  await asks.getByRole('button', { name: 'Remove', exact: true }).click();
}

test('a removed person learns it, and is offered no way back', limits, async () => {
  const { host, guest } = await meeting('sent away');
  await remove(host);
  await guest.getByRole('heading', { name: 'You were removed from the meeting' }).waitFor();
  assert.equal(await guest.getByRole('main').getByRole('button').count(), 0);
  await holdsTheTruth(host, 'somebody was removed');
  await done(host, guest);
});

test('a removed person stays out, under any name, until the host lets them in', limits, async () => {
  const { host, guest } = await meeting('stays out');
  await remove(host, 'Too loud.');
  await guest.getByRole('heading', { name: 'You were removed from the meeting' }).waitFor();
  const another = await guest.context().newPage();
  for (const [page, name] of [[guest, 'Gus'], [another, 'August']] as const) {
    await page.goto(`${demo.server.url}/?room=stays%20out&name=${name}&join`);
    await page.getByRole('alert').getByText(/banned.*Too loud\./).waitFor();
  }
  assert.equal(await host.evaluate(() => sideroom.room.participants.size), 1);
  await button(host, 'People kept out').click();
  await host.getByRole('list', { name: 'People who are kept out' }).getByText('Too loud.').waitFor();
  await button(host, 'Let in again: Gus').click();
  await host.getByText('Nobody is kept out of this meeting.').waitFor();
  await button(host, 'Done').click();
  await button(guest, 'Join').click();
  await joined(guest);
  await holdsTheTruth(host, 'they came back');
  await done(host, guest);
});

test('a moderator ends the meeting for all', limits, async () => {
  const { host, guest } = await meeting('ended');
  await move(host, guest, 0);
  await button(host, 'Leave meeting').click();
  await button(host, /^End meeting for all/).click();
  const asks = host.getByRole('dialog', { name: 'End the meeting for all?' });
  assert.equal(await host.evaluate(() => document.activeElement?.textContent), 'Cancel');
  await asks.getByRole('button', { name: 'End for all' }).click();
  await guest.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
  await host.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
  assert.equal(await guest.getByRole('main').getByRole('button').count(), 0);
  await done(host, guest);
});

test('the console says that it is read-only, and names the room of a call for help', limits, async () => {
  const { host, guest } = await meeting('watched');
  const console_ = await demo.open(`/console.html?room=watched&key=${encodeURIComponent(apiToken())}`);
  await console_.getByText('Live', { exact: true }).waitFor();
  await console_.getByText('Read-only').waitFor();
  await move(host, guest, 1);
  await guest.evaluate(() => sideroom.room.breakouts.askForHelp('We lost the task.'));
  await console_.getByRole('list', { name: 'Calls for help' }).getByText('Gus in Breakout 2 asks for help: We lost the task.').waitFor();
  await console_.locator('#notices').getByText('Gus in Breakout 2 asks for help').waitFor();
  await guest.evaluate(() => sideroom.room.breakouts.withdrawHelp());
  await console_.getByRole('list', { name: 'Calls for help' }).waitFor({ state: 'hidden' });
  await done(host, guest, console_);
});

test('the console has words for every reason to drop a packet', () => {
  const [, part = ''] = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').split('### Why packets are dropped');
  const documented = [...(part.split('\n### ')[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
  assert.deepEqual(Object.keys(DROP_REASONS).sort(), documented.sort());
});

test('no page logged an error', () => assert.deepEqual(demo.errors(), []));
