/** The demo for a guest: coming in, being asked, being muted, asking for help, going and coming back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launch } from './browser.ts';
import { Demo, holdsTheTruth, idOf, joined } from './demo.ts';
import { startServer } from './server.ts';

let demo: Demo;
const LONG = 'Wolfeschlegelsteinhausenbergerdorff the Elder of Very Long Names';
const limits = { timeout: 300_000 };

before(async () => {
  demo = new Demo(await startServer(), await launch());
});

after(async () => {
  await demo?.browser.close();
  await demo?.server.stop();
});

const button = (page: Page, name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const focused = (page: Page): Promise<string> => page.evaluate(() => (document.activeElement as HTMLElement | null)?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

/** A host and a guest in a meeting with two empty rooms. */
async function hostAndGuest(room: string, guestName = 'Gus'): Promise<{ host: Page; guest: Page }> {
  const host = await demo.join({ room, name: 'Hanna', moderator: true });
  const guest = await demo.join({ room, name: guestName });
  await host.evaluate(() => sideroom.room.breakouts.create({ rooms: 2, capacity: 4 }));
  return { host, guest };
}

async function invite(host: Page, guest: Page, index = 0): Promise<void> {
  await host.evaluate(([id, at]) => sideroom.room.breakouts.all[at as number].invite([id]), [await idOf(guest), index] as const);
}

async function done(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

test('devices are checked before joining: picture, level, speaker, and nothing is sent yet', limits, async () => {
  const page = await demo.open('/?room=check');
  await page.getByLabel('Your name').fill('Gus');
  await button(page, 'Turn microphone on').click();
  await page.waitForFunction(() => Number(document.querySelector('.join [role=meter]')?.getAttribute('aria-valuenow')) > 5);
  await button(page, 'Turn camera on').click();
  await page.waitForFunction(() => (document.querySelector('.join video') as HTMLVideoElement).videoWidth > 0);
  await page.getByText('Choose microphone, camera and speaker').click();
  const microphones = page.getByLabel('Microphone', { exact: true });
  assert.ok((await microphones.locator('option').count()) > 1);
  await microphones.selectOption({ index: 1 });
  await page.waitForFunction(() => Number(document.querySelector('.join [role=meter]')?.getAttribute('aria-valuenow')) > 5);
  await button(page, 'Play a sound').click();
  await button(page, 'Join').click();
  await joined(page);
  await page.waitForFunction(() => sideroom.room.local.isPublished('audio') && sideroom.room.local.isPublished('camera'));
  await page.waitForFunction(() => (document.querySelector('.tile.me video') as HTMLVideoElement | null)?.videoWidth);
  await button(page, 'Stop camera').click();
  await page.waitForFunction(() => !sideroom.room.local.isPublished('camera'));
  assert.deepEqual(demo.errors(), []);
  await done(page);
});

test('a camera that was tried before joining is closed when it is stopped, and all when the meeting is left', limits, async () => {
  const page = await demo.open('/?room=closed&name=Gus');
  await page.evaluate(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const opened: MediaStreamTrack[] = [];
    Object.assign(globalThis, { opened });
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      opened.push(...stream.getTracks());
      return stream;
    };
  });
  await button(page, 'Turn microphone on').click();
  await button(page, 'Turn camera on').click();
  await page.getByText('Speak: the bar moves.').waitFor();
  await page.waitForFunction(() => (document.querySelector('.join video') as HTMLVideoElement).videoWidth > 0);
  await button(page, 'Join').click();
  await joined(page);
  const states = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { opened: MediaStreamTrack[] }).opened.map(({ kind, readyState }) => `${kind} ${readyState}`).sort());
  await button(page, 'Stop camera').click();
  await button(page, 'Start camera').waitFor();
  assert.deepEqual(await states(), ['audio live', 'video ended']);
  await button(page, 'Leave meeting').click();
  await button(page, /^Leave meeting The meeting/).click();
  await page.getByText('You left the meeting').waitFor();
  assert.deepEqual(await states(), ['audio ended', 'video ended']);
  await done(page);
});

test('an invitation takes no focus from typing, and none lands on Decline', limits, async () => {
  const { host, guest } = await hostAndGuest('focus');
  await button(guest, 'Chat').click();
  await guest.keyboard.type('I was just ');
  await invite(host, guest);
  await guest.getByRole('group', { name: 'Invitation to Breakout 1' }).waitFor();
  await guest.keyboard.type('writing this');
  assert.equal(await guest.getByRole('textbox', { name: 'Message' }).inputValue(), 'I was just writing this');
  assert.equal(await focused(guest), 'Message');
  await guest.keyboard.press('Enter');
  await guest.getByText('I was just writing this').waitFor();
  assert.equal(await guest.evaluate(() => sideroom.room.breakouts.invitations.length), 1, 'Enter answered the invitation');
  assert.equal(await guest.locator('dialog').count(), 0);
  await holdsTheTruth(guest, 'invited');
  await done(host, guest);
});

test('an invitation that is put aside can still be accepted and declined', limits, async () => {
  const { host, guest } = await hostAndGuest('aside');
  await invite(host, guest);
  await invite(host, guest, 1);
  for (const left of [1, 0]) {
    await button(guest, 'Later').first().click();
    await guest.waitForFunction((count) => document.querySelectorAll('.alerts .invitation').length === count, left);
  }
  await button(guest, 'Rooms, 2 invitations').click();
  const panel = guest.getByRole('region', { name: 'Rooms' });
  await panel.getByRole('group', { name: 'Invitation to Breakout 2' }).getByRole('button', { name: 'Decline' }).click();
  await host.getByText('Gus declined to join Breakout 2.').waitFor();
  await panel.getByRole('group', { name: 'Invitation to Breakout 1' }).getByRole('button', { name: 'Join' }).click();
  await button(guest, 'Return to main room').waitFor();
  assert.equal(await guest.locator('.invitation').count(), 0);
  for (const page of [host, guest]) await holdsTheTruth(page, 'accepted');
  await done(host, guest);
});

test('an invitation that was accepted does not come back', limits, async () => {
  const { host, guest } = await hostAndGuest('once');
  await invite(host, guest);
  await button(guest, 'Join').click();
  await button(guest, 'Return to main room').click();
  await guest.waitForFunction(() => sideroom.room.me.groupId === 'parent');
  await holdsTheTruth(guest, 'returned');
  assert.equal(await guest.evaluate(() => sideroom.room.breakouts.invitations.length), 0);
  assert.equal(await guest.locator('.invitation').count(), 0);
  await done(host, guest);
});

test('an invitation that is taken back goes from the page of the one who was asked, and they hear of it', limits, async () => {
  const { host, guest } = await hostAndGuest('taken back');
  await invite(host, guest);
  await guest.getByRole('group', { name: 'Invitation to Breakout 1' }).waitFor();
  await button(host, 'Take back the invitation of Gus').click();
  await guest.locator('#notices').getByText('The invitation to Breakout 1 was taken back.').waitFor();
  await host.getByRole('list', { name: 'Not yet in Breakout 1' }).waitFor({ state: 'hidden' });
  assert.equal(await guest.locator('.invitation').count(), 0);
  for (const page of [host, guest]) await holdsTheTruth(page, 'taken back');
  await done(host, guest);
});

test('everybody inside returns by a plain button, moderators too; leaving the meeting asks', limits, async () => {
  const { host, guest } = await hostAndGuest('return');
  for (const page of [host, guest]) {
    await host.evaluate(async (id) => sideroom.room.breakouts.move({ [id]: sideroom.room.breakouts.all[0].id }), await idOf(page));
    await button(page, 'Return to main room').waitFor();
    await button(page, 'Leave meeting').click();
    const ways = page.getByRole('dialog', { name: 'Leave the meeting?' });
    await ways.getByRole('button', { name: /^Return to main room/ }).waitFor();
    assert.match(await focused(page), /^Return to main room/);
    assert.equal(await ways.getByRole('button', { name: /^End meeting for all/ }).count(), page === host ? 1 : 0);
    await ways.getByRole('button', { name: 'Stay', exact: true }).click();
    assert.equal(await focused(page), 'Leave meeting');
    await button(page, 'Return to main room').click();
    await page.waitForFunction(() => sideroom.room.me.groupId === 'parent');
    await button(page, 'Return to main room').waitFor({ state: 'hidden' });
  }
  await done(host, guest);
});

test('where returning is not allowed the button says so', limits, async () => {
  const { host, guest } = await hostAndGuest('held');
  await host.evaluate(() => sideroom.room.breakouts.configure({ allowReturn: false }));
  await host.evaluate((id) => sideroom.room.breakouts.move({ [id]: sideroom.room.breakouts.all[0].id }), await idOf(guest));
  const back = button(guest, 'Return to main room');
  await back.waitFor();
  assert.equal(await back.getAttribute('aria-disabled'), 'true');
  await back.click({ force: true });
  await guest.getByText('A moderator brings you back to the main room.').first().waitFor();
  assert.notEqual(await guest.evaluate(() => sideroom.room.me.groupId), 'parent');
  await done(host, guest);
});

test('help is asked for in the bar, and the host reads the room', limits, async () => {
  const { host, guest } = await hostAndGuest('help');
  await host.evaluate((id) => sideroom.room.breakouts.move({ [id]: sideroom.room.breakouts.all[1].id }), await idOf(guest));
  await button(guest, 'Ask for help').click();
  await guest.getByText('The moderators see that you ask for help.').waitFor();
  await host.getByText('Gus in Breakout 2 asks for help.').first().waitFor();
  await button(host, 'Rooms, 1 call for help').waitFor();
  await host.getByRole('list', { name: 'Calls for help' }).getByRole('button', { name: 'Go there' }).click();
  await host.waitForFunction(() => sideroom.room.groupName(sideroom.room.me.groupId) === 'Breakout 2');
  await guest.getByText('Hanna answers your call for help').waitFor();
  await button(guest, 'Ask for help').waitFor();
  for (const page of [host, guest]) await holdsTheTruth(page, 'helped');
  await done(host, guest);
});

test('a person muted by a moderator sees it, learns what to do, and hears when it is over', limits, async () => {
  const { host, guest } = await hostAndGuest('muted');
  await button(guest, 'Unmute').click();
  await button(guest, 'Mute').waitFor();
  await host.getByRole('button', { name: /^Gus/ }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'Mute for everybody' }).click();
  await guest.getByText('A moderator turned off your microphone. Nobody hears you. Only a moderator can turn it on again.').waitFor();
  await button(guest, /^Turned off by a moderator: microphone/).click();
  await guest.locator('#notices').getByText('Only a moderator can turn it on again.').waitFor();
  await button(guest, 'Ask to speak').click();
  await host.getByText('Gus in Main room asks for help: May I use my microphone again?').first().waitFor();
  await guest.getByText('You have asked').waitFor();
  await host.evaluate((id) => sideroom.room.muteOther(id, ['audio'], false), await idOf(guest));
  await guest.getByText('A moderator turned your microphone on again: people hear you.').waitFor();
  await button(guest, 'Mute').first().waitFor();
  await done(host, guest);
});

test('a camera that a moderator turned off says so, and a reload lifts no mute', limits, async () => {
  const { host, guest } = await hostAndGuest('dark');
  await button(guest, 'Unmute').click();
  await button(guest, 'Start camera').click();
  await button(guest, 'Stop camera').waitFor();
  await host.evaluate((id) => sideroom.room.muteOther(id, ['audio', 'camera']), await idOf(guest));
  const told = guest.getByText('A moderator turned off your microphone and camera. Nobody hears you. Only a moderator can turn it on again.');
  await told.waitFor();
  await button(guest, /^Turned off by a moderator: camera/).click();
  await guest.locator('#notices').getByText('A moderator turned off your camera. Only a moderator can turn it on again.').waitFor();
  await button(guest, 'Microphone, camera and speaker').click();
  const devices = guest.getByRole('dialog', { name: 'Devices' });
  await devices.getByText('Only you see this level: a moderator turned off your microphone.').waitFor();
  await devices.getByRole('button', { name: 'Done' }).click();
  await guest.reload();
  await joined(guest);
  await told.waitFor();
  for (const page of [host, guest]) await holdsTheTruth(page, 'reloaded while muted');
  await host.evaluate((id) => sideroom.room.muteOther(id, ['audio', 'camera'], false), await idOf(guest));
  await button(guest, 'Mute').first().waitFor();
  await button(guest, 'Stop camera').waitFor();
  await host.waitForFunction((id) => ['audio', 'camera'].every((kind) => sideroom.room.participants.get(id).isLive(kind)), await idOf(guest));
  await done(host, guest);
});

test('choosing a device before joining turns nothing on', limits, async () => {
  const page = await demo.open('/?room=choose%20first&name=Gus');
  await page.evaluate(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    Object.assign(globalThis, { opened: 0 });
    navigator.mediaDevices.getUserMedia = (wanted) => ((globalThis as unknown as { opened: number }).opened++, real(wanted));
  });
  await page.getByText('Choose microphone, camera and speaker').click();
  for (const label of ['Microphone', 'Camera']) {
    const list = page.getByLabel(label, { exact: true });
    await list.selectOption({ index: (await list.locator('option').count()) - 1 });
  }
  await button(page, 'Join').click();
  await joined(page);
  for (const label of ['Unmute', 'Start camera']) await button(page, label).waitFor();
  assert.equal(await page.evaluate(() => (globalThis as unknown as { opened: number }).opened), 0);
  assert.deepEqual(await page.evaluate(() => ['audio', 'camera'].filter((kind) => sideroom.room.local.isPublished(kind))), []);
  await done(page);
});

test('choosing a device neither unmutes nor starts anything', limits, async () => {
  const { host, guest } = await hostAndGuest('choose');
  const choose = async (label: string): Promise<void> => {
    await button(guest, 'Microphone, camera and speaker').click();
    const list = guest.getByRole('dialog').getByLabel(label, { exact: true });
    await list.selectOption({ index: 1 });
    await list.selectOption({ index: 0 }).catch(() => {});
    await guest.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  };
  await choose('Microphone');
  assert.equal(await guest.evaluate(() => sideroom.room.local.isPublished('audio')), false, 'choosing a microphone turned it on');
  await button(guest, 'Unmute').click();
  await button(guest, 'Mute').click();
  await button(guest, 'Unmute').waitFor();
  await host.waitForFunction((id) => sideroom.room.participants.get(id).track('audio')?.mutedByPublisher, await idOf(guest));
  await choose('Microphone');
  const track = await guest.evaluate(() => ({ muted: sideroom.room.local.isMuted('audio'), enabled: sideroom.room.local.track('audio').enabled }));
  assert.deepEqual(track, { muted: true, enabled: false });
  assert.equal(await host.evaluate((id) => sideroom.room.participants.get(id).isLive('audio'), await idOf(guest)), false);
  assert.equal(await guest.evaluate(() => sideroom.room.local.isPublished('camera')), false);
  await done(host, guest);
});

test('a reload keeps microphone and camera as they were', limits, async () => {
  const { host, guest } = await hostAndGuest('reload');
  await button(guest, 'Unmute').click();
  await button(guest, 'Start camera').click();
  await button(guest, 'Stop camera').waitFor();
  const reload = async (microphone: string, camera: string): Promise<void> => {
    await guest.reload();
    await joined(guest);
    for (const label of [microphone, camera]) await button(guest, label).waitFor();
    await holdsTheTruth(guest, `reloaded with ${microphone}, ${camera}`);
    await holdsTheTruth(host, 'somebody reloaded');
  };
  await reload('Mute', 'Stop camera');
  await button(guest, 'Mute').click();
  await button(guest, 'Unmute').waitFor();
  await reload('Unmute', 'Stop camera');
  assert.deepEqual(await guest.evaluate(() => [sideroom.room.local.isPublished('audio'), sideroom.room.local.isMuted('audio'), sideroom.room.local.track('audio').enabled]), [true, true, false]);
  await button(guest, 'Stop camera').click();
  await button(guest, 'Start camera').waitFor();
  await reload('Unmute', 'Start camera');
  await done(host, guest);
});

test('text to all rooms is a toast, wherever one looks', limits, async () => {
  const { host, guest } = await hostAndGuest('toast');
  await host.evaluate((id) => sideroom.room.breakouts.move({ [id]: sideroom.room.breakouts.all[0].id }), await idOf(guest));
  await button(host, 'Chat').click();
  await host.getByLabel('Send to all rooms').check();
  await host.getByRole('textbox', { name: 'Message' }).fill('Five more minutes.');
  await host.getByRole('textbox', { name: 'Message' }).press('Enter');
  await guest.locator('#notices').getByText('Hanna to all rooms: Five more minutes.').waitFor();
  await guest.locator('#notices').getByRole('button', { name: 'Open chat' }).click();
  await guest.getByRole('region', { name: 'Chat' }).getByText('Five more minutes.').waitFor();
  assert.equal(await host.locator('#notices').getByText('Five more minutes').count(), 0);
  await done(host, guest);
});

test('long names are cut, and whole in a title', limits, async () => {
  const { host, guest } = await hostAndGuest('long', LONG);
  for (const [page, width] of [[host, 1280], [guest, 390]] as const) {
    await page.setViewportSize({ width, height: 800 });
    if (page === guest) await button(guest, 'Rooms').click();
    const titles = page.locator(`[title^="${LONG}"]`);
    await titles.first().waitFor({ state: 'attached' });
    assert.ok((await titles.count()) >= 2, 'tile and chip carry the whole name');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'the page is wider than the screen');
    const wide = await page.evaluate(() => [...document.querySelectorAll('.chip, .tile figcaption, .group-card header')].filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className));
    assert.deepEqual(wide, []);
  }
  await host.getByRole('button', { name: new RegExp(`^${LONG}`) }).click();
  assert.equal(await host.getByRole('dialog', { name: LONG }).count(), 1);
  await done(host, guest);
});

test('no page logged an error', () => assert.deepEqual(demo.errors(), []));
