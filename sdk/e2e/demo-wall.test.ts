/** The host's wall in the demo, and what people in the rooms see of it: every button of it is pressed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { readArrangement } from '../../web/src/arrangement-text.ts';
import { csvOf, staysOf } from '../../web/src/attendance-table.ts';
import { launch } from './browser.ts';
import { Demo, holdsTheTruth, idOf, joined } from './demo.ts';
import { apiToken } from './operator.ts';
import { startServer } from './server.ts';

let demo: Demo;
const limits = { timeout: 300_000 };
/** Far enough away that a slow machine schedules in time, and sees the countdown. */
const SOON_MS = 6_000;

before(async () => {
  demo = new Demo(await startServer(), await launch());
});

after(async () => {
  await demo?.browser.close();
  await demo?.server.stop();
});

const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
const onWall = (page: Page, name: string): Locator => region(page, `${name} on the wall`);
const banner = (page: Page, text: string | RegExp): Locator => page.locator('.banner').getByText(text);

/** Presses a talk button shortly. A page that is slow may take the press for a long one: then once more. */
async function tap(talk: Locator): Promise<void> {
  for (let left = 5; left > 0; left -= 1) {
    await talk.click();
    if (await talk.page().evaluate(() => sideroom.isTalking())) return;
  }
  assert.fail('every press was a long one');
}

interface Meeting {
  host: Page;
  gus: Page;
  eve: Page;
}

/** Hanna hosts, Gus is in the first room and Eve in the second. */
async function meeting(room: string, inside = true): Promise<Meeting> {
  const host = await demo.join({ room, name: 'Hanna', moderator: true });
  const gus = await demo.join({ room, name: 'Gus' });
  const eve = await demo.join({ room, name: 'Eve' });
  await host.evaluate(() => sideroom.room.breakouts.create({ rooms: 2, capacity: 4, media: { audio: true, camera: true } }));
  if (inside) {
    await host.evaluate(([one, two]) => {
      const [first, second] = sideroom.room.breakouts.all;
      return sideroom.room.breakouts.move({ [one as string]: first.id, [two as string]: second.id });
    }, [await idOf(gus), await idOf(eve)]);
    for (const page of [gus, eve]) await page.waitForFunction(() => sideroom.room.me.isAway);
  }
  await button(host, 'Wall: all rooms at once').click();
  await onWall(host, 'Breakout 2').waitFor();
  return { host, gus, eve };
}

async function done(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

test('pressed once, the host speaks to one room until the next press; the microphone is on for that only', limits, async () => {
  const { host, gus, eve } = await meeting('one room');
  await tap(onWall(host, 'Breakout 1').getByRole('button', { name: 'Speak: Breakout 1', exact: true }));
  await banner(host, 'You speak to Breakout 1. The main room does not hear this.').waitFor();
  await banner(gus, 'Hanna speaks to your room.').waitFor();
  await gus.waitForFunction(() => [...sideroom.room.participants.values()].some((each) => each.name === 'Hanna' && each.receives('audio')));
  await gus.getByRole('figure', { name: 'Hanna' }).waitFor();
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'one room');
  assert.equal(await banner(eve, /speaks/).count(), 0);
  await onWall(host, 'Breakout 1').getByRole('button', { name: 'Stop speaking: Breakout 1' }).click();
  await banner(gus, 'Hanna speaks').waitFor({ state: 'hidden' });
  await host.waitForFunction(() => sideroom.room.local.isMuted('audio'));
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'stopped');
  await done(host, gus, eve);
});

test('held, the host speaks for as long as that: with the mouse and with a key', limits, async () => {
  const { host, gus, eve } = await meeting('held');
  const speak = onWall(host, 'Breakout 2').getByRole('button', { name: 'Speak: Breakout 2' });
  const held = (): Promise<unknown> => host.waitForFunction(() => document.querySelector('.wall [data-held="true"]'));
  await speak.hover();
  await host.mouse.down();
  await held();
  await banner(eve, 'Hanna speaks to your room.').waitFor();
  await host.mouse.up();
  await banner(eve, 'Hanna speaks').waitFor({ state: 'hidden' });
  await speak.focus();
  await host.keyboard.down('Space');
  await held();
  await banner(eve, 'Hanna speaks to your room.').waitFor();
  await host.keyboard.up('Space');
  await banner(eve, 'Hanna speaks').waitFor({ state: 'hidden' });
  await done(host, gus, eve);
});

test('to the chosen rooms, to all, with answers, and with the own room', limits, async () => {
  const { host, gus, eve } = await meeting('several');
  const pat = await demo.join({ room: 'several', name: 'Pat' });
  assert.ok(await button(host, 'Speak to the chosen').isDisabled());
  for (const name of ['Breakout 1', 'Breakout 2']) await host.getByLabel(`Choose ${name} to speak to`).check();
  await host.getByLabel('They may answer').check();
  await tap(button(host, 'Speak to the 2 chosen'));
  await banner(host, /You speak to Breakout 1 and Breakout 2/).waitFor();
  for (const page of [gus, eve]) await banner(page, 'Hanna speaks to your room and others.').waitFor();
  assert.equal(await banner(pat, /speaks/).count(), 0);
  await tap(button(gus, 'Answer'));
  await banner(gus, 'You answer: Hanna and all who are addressed hear you.').waitFor();
  await banner(eve, 'Gus answers.').waitFor();
  await banner(host, /Gus answers\.$/).waitFor();
  await eve.waitForFunction(() => [...sideroom.room.participants.values()].some((each) => each.name === 'Gus' && each.receives('audio')));
  for (const page of [host, gus, eve, pat]) await holdsTheTruth(page, 'answering');
  await button(gus, 'Stop answering').click();
  await banner(eve, 'Gus answers.').waitFor({ state: 'hidden' });
  await host.locator('.banner').getByRole('button', { name: 'Stop speaking' }).click();
  await banner(gus, 'Hanna speaks').waitFor({ state: 'hidden' });
  await host.getByLabel('They may answer').uncheck();
  await host.getByLabel('My room hears it too').check();
  await tap(button(host, 'Speak to all'));
  for (const page of [gus, eve, pat]) await banner(page, 'Hanna speaks to all rooms.').waitFor();
  await host.locator('.wall-tools').getByRole('button', { name: 'Stop speaking' }).click();
  await banner(pat, 'Hanna speaks').waitFor({ state: 'hidden' });
  for (const page of [host, gus, eve, pat]) await holdsTheTruth(page, 'ended');
  await done(host, gus, eve, pat);
});

test('a whisper from the menu of a person reaches them alone', limits, async () => {
  const { host, gus, eve } = await meeting('whisper');
  await onWall(host, 'Breakout 1').getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Speak to them only').click();
  await banner(host, 'You speak to Gus.').waitFor();
  await banner(gus, 'Hanna speaks to you.').waitFor();
  assert.equal(await banner(eve, /speaks/).count(), 0);
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'whisper');
  await host.locator('.banner').getByRole('button', { name: 'Stop speaking' }).click();
  await banner(gus, 'Hanna speaks').waitFor({ state: 'hidden' });
  await done(host, gus, eve);
});

test('listen, join, message, close, open and the door, from the card of a room', limits, async () => {
  const { host, gus, eve } = await meeting('cards');
  const one = onWall(host, 'Breakout 1');
  await one.getByRole('button', { name: 'Listen: Breakout 1' }).click();
  await banner(gus, 'Hanna listens to this room without being in it.').waitFor();
  await one.getByRole('button', { name: 'Stop listening: Breakout 1' }).click();
  await banner(gus, 'Hanna listens').waitFor({ state: 'hidden' });
  await host.getByLabel('My room does not hear me while I listen').uncheck();
  await one.getByRole('button', { name: 'Listen: Breakout 1' }).click();
  await banner(gus, 'Hanna listens to this room').waitFor();
  await one.getByRole('button', { name: 'Message: Breakout 1' }).click();
  await host.getByLabel('Everybody in this room reads it').fill('Two more minutes.');
  await button(host, 'Send').click();
  await button(gus, 'Chat, 1 new message').click();
  await gus.getByText('Two more minutes.').waitFor();
  assert.equal(await eve.evaluate(() => document.querySelectorAll('.badge:not([hidden])').length), 0);
  await onWall(host, 'Breakout 2').getByRole('button', { name: 'Join: Breakout 2' }).click();
  await onWall(host, 'Breakout 2').getByText('You are here').waitFor();
  await onWall(host, 'Breakout 1').getByRole('button', { name: 'Join: Breakout 1' }).click();
  await onWall(host, 'Breakout 1').getByText('You are here').waitFor();
  await onWall(host, 'Main room').getByRole('button', { name: 'Join: Main room' }).click();
  await onWall(host, 'Main room').getByText('You are here').waitFor();
  await eve.evaluate(() => sideroom.room.breakouts.askForHelp());
  await onWall(host, 'Breakout 2').getByText('Eve asks for help.').waitFor();
  await host.evaluate(() => sideroom.room.breakouts.configure({ endsAtMs: Date.now() + 600_000 }));
  await onWall(host, 'Breakout 2').getByRole('timer').waitFor();
  await onWall(host, 'Breakout 2').getByRole('button', { name: 'Close: Breakout 2' }).click();
  await eve.waitForFunction(() => !sideroom.room.me.isAway);
  await onWall(host, 'Breakout 2').getByText('Closed', { exact: true }).waitFor();
  await onWall(host, 'Breakout 2').getByRole('button', { name: 'Open: Breakout 2' }).click();
  await onWall(host, 'Breakout 2').getByText('Closed', { exact: true }).waitFor({ state: 'hidden' });
  await onWall(host, 'Breakout 1').getByLabel('Door of Breakout 1').selectOption('locked');
  await onWall(host, 'Breakout 1').getByText('Locked').first().waitFor();
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'cards');
  await done(host, gus, eve);
});

test('a small picture of a room, once the host listens and somebody there has a camera', limits, async () => {
  const { host, gus, eve } = await meeting('pictures');
  await button(gus, 'Start camera').click();
  await onWall(host, 'Breakout 1').getByRole('button', { name: 'Listen: Breakout 1' }).click();
  await host.waitForFunction(() => ((document.querySelector('.wall-picture video') as HTMLVideoElement | null)?.videoWidth ?? 0) > 0);
  await onWall(host, 'Breakout 1').getByLabel('Picture of Gus').waitFor();
  await done(host, gus, eve);
});

test('who knocks is let in, sent away, or thinks better of it', limits, async () => {
  const { host, gus, eve } = await meeting('doors', false);
  await host.evaluate(async (id) => {
    const [first] = sideroom.room.breakouts.all;
    await sideroom.room.breakouts.configure({ selfSelect: true });
    await first.update({ door: 'knocking', selfSelect: true });
    await sideroom.room.breakouts.move({ [id]: first.id });
  }, await idOf(eve));
  await button(gus, 'Rooms').click();
  const knock = region(gus, 'Breakout 1').getByRole('button', { name: 'Knock', exact: true });
  await knock.click();
  await banner(gus, 'You knock at Breakout 1.').waitFor();
  await host.getByRole('group', { name: 'Gus knocks at Breakout 1' }).waitFor();
  const card = eve.getByRole('group', { name: 'Gus knocks at Breakout 1' });
  await card.waitFor();
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'knocking');
  await card.getByRole('button', { name: 'Not now' }).click();
  await gus.locator('#notices').getByText('They do not let you in now.').waitFor();
  await knock.click();
  await gus.locator('.banner').getByRole('button', { name: 'Stop knocking' }).click();
  await card.waitFor({ state: 'hidden' });
  await knock.click();
  await region(gus, 'Breakout 1').getByRole('button', { name: 'Stop knocking' }).click();
  await banner(gus, 'You knock').waitFor({ state: 'hidden' });
  await knock.click();
  await card.getByRole('button', { name: 'Let in' }).click();
  await gus.waitForFunction(() => sideroom.room.me.isAway);
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'let in');
  await done(host, gus, eve);
});

test('somebody whom a moderator lets make side rooms makes one, and it is gone when they leave', limits, async () => {
  const { host, gus, eve } = await meeting('side', false);
  await onWall(host, 'Main room').getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Let them make side rooms').click();
  await button(gus, 'Rooms').click();
  await button(gus, 'New side room').click();
  const dialog = gus.getByRole('dialog', { name: 'New side room' });
  await dialog.getByLabel('Name').fill('Corner');
  await dialog.getByLabel('Eve').check();
  await dialog.getByLabel('Door').selectOption('knocking');
  await dialog.getByRole('button', { name: 'Make and go in' }).click();
  await gus.waitForFunction(() => sideroom.room.breakouts.mine?.name === 'Corner');
  await button(eve, 'Join').click();
  await eve.waitForFunction(() => sideroom.room.breakouts.mine?.name === 'Corner');
  await region(host, 'Corner').getByText('Side room').waitFor();
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'in the side room');
  await button(gus, 'Return to main room').click();
  await button(eve, 'Return to main room').click();
  await region(host, 'Corner').waitFor({ state: 'hidden' });
  await onWall(host, 'Main room').getByRole('button', { name: /^Gus/ }).click();
  await button(host, 'Let them make no more side rooms').click();
  await button(gus, 'New side room').waitFor({ state: 'hidden' });
  await done(host, gus, eve);
});

test('a plan is counted down for everybody, moved, cancelled, carried out; a dry run says what it would do', limits, async () => {
  const { host, gus, eve } = await meeting('plans');
  await region(host, 'Rooms').getByRole('button', { name: 'Plan', exact: true }).click();
  const dialog = host.getByRole('dialog', { name: 'Plan' });
  await dialog.getByLabel('What happens').selectOption('Bring everybody back');
  await dialog.getByRole('button', { name: 'What would it do?' }).click();
  await dialog.getByText('2 people would move now: ').waitFor();
  await holdsTheTruth(host, 'a dry run');
  await dialog.getByLabel('In how many minutes').fill('30');
  await dialog.getByLabel('Also if the server was away').check();
  await dialog.getByRole('button', { name: 'Plan it' }).click();
  for (const page of [gus, eve]) await banner(page, 'Everybody returns to the main room in').waitFor();
  const before = await gus.evaluate(() => sideroom.room.schedules.all[0].atMs as number);
  await dialog.getByRole('button', { name: '5 min later: Everybody returns to the main room' }).click();
  await gus.waitForFunction((at) => sideroom.room.schedules.all[0].atMs === at + 300_000, before);
  assert.deepEqual(await gus.evaluate(() => sideroom.room.schedules.all[0].ifLate), 'always');
  for (const page of [host, gus, eve]) await holdsTheTruth(page, 'planned');
  await dialog.getByRole('button', { name: 'Cancel: Everybody returns to the main room' }).click();
  await banner(gus, 'Everybody returns').waitFor({ state: 'hidden' });
  await dialog.getByRole('button', { name: 'Done' }).click();
  await host.evaluate((soonMs) => sideroom.room.schedules.add({ method: 'ClearBreakouts', body: {} }, { atMs: Date.now() + soonMs }), SOON_MS);
  await banner(host, 'Everybody returns').waitFor();
  for (const page of [gus, eve]) await page.waitForFunction(() => !sideroom.room.me.isAway);
  await banner(gus, 'Everybody returns').waitFor({ state: 'hidden' });
  await host.evaluate(async (soonMs) => {
    await sideroom.room.schedules.add({ method: 'CloseBreakouts', body: { breakoutIds: [sideroom.room.breakouts.all[0].id] } }, { atMs: Date.now() + soonMs });
    await sideroom.room.breakouts.destroy();
  }, SOON_MS);
  await host.locator('#notices').getByText('The rooms close: that did not work.').waitFor();
  await done(host, gus, eve);
});

test('a list is read line by line', () => {
  const limits_ = { rooms: 3, people: 3 };
  const rooms = (text: string): unknown => readArrangement(text, limits_).rooms;
  const errors = (text: string): string[] => readArrangement(text, limits_).errors.map(({ line, message }) => `${line} ${message}`);
  assert.deepEqual(rooms('Red: Ada, Bob\n\n# later\nBlue: Eve'), [{ name: 'Red', people: ['Ada', 'Bob'] }, { name: 'Blue', people: ['Eve'] }]);
  assert.deepEqual(rooms('room,person\r\nRed,Ada\r\nRed,"Bob, the ""builder"""'), [{ name: 'Red', people: ['Ada', 'Bob, the "builder"'] }]);
  assert.deepEqual(rooms('Red;Ada;Bob'), [{ name: 'Red', people: ['Ada', 'Bob'] }]);
  assert.deepEqual(rooms('Red\tAda'), [{ name: 'Red', people: ['Ada'] }]);
  assert.deepEqual(errors(''), ['1 There is no room yet. Write one line for each room, such as “Red: Ada, Bob”.']);
  assert.deepEqual(errors('Red: Ada\nBlue: ada'), ['2 ada is in line 1 already.']);
  assert.deepEqual(errors('Red:\n,Ada\nRed,"Ada'), ['1 Nobody is named for Red. Write “Red: Ada, Bob” or “Red,Ada”.', '2 The name of the room is missing.', '3 A quotation mark is not closed.']);
  assert.deepEqual(errors('A: 1\nB: 2\nC: 3\nD: 4'), ['4 D would be room 4; there is space for 3.']);
  assert.deepEqual(errors('A: 1, 2, 3, 4'), ['1 A is full: it holds 3.']);
  assert.match(errors(`${'x'.repeat(61)}: 1`)[0] ?? '', /more than 60 letters/);
});

test('rooms are prepared from a list, people are dragged about before they open, and a late one finds their place', limits, async () => {
  const host = await demo.join({ room: 'prepared', name: 'Hanna', moderator: true });
  const gus = await demo.join({ room: 'prepared', name: 'Gus' });
  const eve = await demo.join({ room: 'prepared', name: 'Eve' });
  await button(host, 'Prepare from a list').click();
  const dialog = host.getByRole('dialog', { name: 'Prepare from a list' });
  await dialog.getByLabel('Rooms and people').fill('Red: Gus, Gus\nBlue: Eve');
  await dialog.getByRole('list', { name: 'Errors by line' }).getByText('Gus is in line 1 already.').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Make rooms' }).isDisabled());
  await dialog.getByLabel('Or take a CSV file').setInputFiles({ name: 'groups.csv', mimeType: 'text/csv', buffer: Buffer.from('room,person\nRed,Gus\nBlue,Eve\nBlue,zoe-1\n') });
  await dialog.getByText('2 rooms, 3 people. Not here yet: zoe-1.').waitFor();
  await dialog.getByRole('button', { name: 'Make rooms' }).click();
  const [red, blue] = [region(host, 'Red'), region(host, 'Blue')];
  await red.getByRole('list', { name: 'Not yet in Red' }).getByText('Gus').waitFor();
  await blue.getByText('assigned, not here yet').waitFor();
  assert.equal(await gus.evaluate(() => sideroom.room.me.isAway), false, 'nobody is moved before the rooms open');
  await blue.locator('.chip.pending', { hasText: 'Eve' }).dragTo(red);
  await red.getByRole('list', { name: 'Not yet in Red' }).getByText('Eve').waitFor();
  await button(host, 'Take Eve out of Red').click();
  await red.locator('.chip.pending', { hasText: 'Eve' }).waitFor({ state: 'hidden' });
  await region(host, 'Main room').getByRole('button', { name: /^Eve/ }).click();
  await button(host, 'Assign to Blue').click();
  await blue.getByRole('list', { name: 'Not yet in Blue' }).getByText('Eve').waitFor();
  await holdsTheTruth(host, 'prepared');
  await button(host, 'Open all rooms').click();
  await gus.waitForFunction(() => sideroom.room.breakouts.mine?.name === 'Red');
  await eve.waitForFunction(() => sideroom.room.breakouts.mine?.name === 'Blue');
  await eve.locator('#notices').getByText('The room was opened, and you are assigned to it.').waitFor();
  const token = await host.evaluate(async () => (await fetch('/dev/token?room=prepared&name=Zoe&identity=zoe-1&plain')).text());
  const zoe = await demo.open(`/?room=prepared&name=Zoe&join&token=${token.trim()}`);
  await joined(zoe);
  await banner(zoe, 'You are in Blue: you are assigned to it.').waitFor();
  await button(zoe, 'OK').click();
  await banner(zoe, 'You are in Blue').waitFor({ state: 'hidden' });
  for (const page of [host, gus, eve, zoe]) await holdsTheTruth(page, 'opened');
  await done(host, gus, eve, zoe);
});

test('places can be chosen first: rooms that are made closed take people by dragging', limits, async () => {
  const host = await demo.join({ room: 'placed', name: 'Hanna', moderator: true });
  const gus = await demo.join({ room: 'placed', name: 'Gus' });
  await button(host, 'New rooms').click();
  const dialog = host.getByRole('dialog', { name: 'New rooms' });
  await dialog.getByLabel('How people get there').selectOption('place');
  await dialog.getByLabel('Doors').selectOption('knocking');
  await dialog.getByRole('button', { name: 'Create' }).click();
  const one = region(host, 'Breakout 1');
  await one.getByText('Closed', { exact: true }).waitFor();
  await region(host, 'Main room').getByRole('button', { name: /^Gus/ }).dragTo(one);
  await one.getByRole('list', { name: 'Not yet in Breakout 1' }).getByText('Gus').waitFor();
  await button(host, 'Open all rooms').click();
  await gus.waitForFunction(() => sideroom.room.breakouts.mine?.name === 'Breakout 1');
  for (const page of [host, gus]) await holdsTheTruth(page, 'placed');
  await done(host, gus);
});

test('attendance as table and as a file, here and in the console', limits, async () => {
  const { host, gus, eve } = await meeting('attendance');
  const open = async (page: Page): Promise<string> => {
    await button(page, 'Attendance').click();
    const row = page.getByRole('dialog', { name: 'Attendance' }).getByRole('row', { name: /Gus.*Breakout 1.*still there.*was moved, by Hanna/ });
    await row.waitFor();
    const saving = page.waitForEvent('download');
    await button(page, 'Save as CSV').click();
    const file = await saving;
    assert.equal(file.suggestedFilename(), 'attendance-attendance.csv');
    const text = readFileSync(await file.path(), 'utf8');
    await button(page, 'Done').click();
    return text;
  };
  const console_ = await demo.open(`/console.html?room=attendance&key=${encodeURIComponent(apiToken())}`);
  await console_.getByText('Live', { exact: true }).waitFor();
  for (const page of [host, console_]) assert.match(await open(page), /^Person,Identity,Room,From,Until,Seconds,Connected seconds,Why,By\r\n(?:.*\r\n)*Gus,[^,]+,Breakout 1,[^,]+Z,,\d+,\d+,was moved,Hanna\r\n/);
  await done(host, gus, eve, console_);
});

test('a file of attendance holds what the table holds, and nothing that a spreadsheet would run', () => {
  const move = { participantId: 'p1', identity: '=cmd', groupId: 'b1', fromMs: 1_000, untilMs: 3_500, reason: 'moved' as const, by: 'p2', endReason: undefined, connectedMs: 1_500, absences: [] };
  const names = { person: () => 'Ada "the first", Lovelace', group: () => 'Red', author: () => 'Hanna' };
  const stays = staysOf([{ ...move, fromMs: 5_000, untilMs: 0, by: 'p1' }, move], names);
  assert.deepEqual(stays.map(({ fromMs, by }) => [fromMs, by]), [[1_000, 'Hanna'], [5_000, '']]);
  const [, first, second] = csvOf(stays, 9_000).split('\r\n');
  assert.equal(first, `"Ada ""the first"", Lovelace",'=cmd,Red,1970-01-01T00:00:01.000Z,1970-01-01T00:00:03.500Z,3,2,was moved,Hanna`);
  assert.match(second ?? '', /Z,,4,2,was moved,$/);
});

test('the main room is as loud as the slider says while away, and that is kept', limits, async () => {
  const { host, gus, eve } = await meeting('loud');
  await button(host, 'Unmute').click();
  await button(gus, 'Follow main room').click();
  await gus.waitForFunction(() => [...document.querySelectorAll('audio')].some((element) => Math.abs(element.volume - 0.4) < 0.01));
  await gus.getByLabel('Volume of the main room').fill('70');
  await gus.waitForFunction(() => [...document.querySelectorAll('audio')].some((element) => Math.abs(element.volume - 0.7) < 0.01));
  await tap(onWall(host, 'Breakout 1').getByRole('button', { name: 'Speak: Breakout 1', exact: true }));
  await gus.waitForFunction(() => [...document.querySelectorAll('audio')].every((element) => element.volume === 1));
  await gus.reload();
  await joined(gus);
  await banner(gus, /You are back in Breakout 1: your place was kept\. A moderator moved you\. That was at/).waitFor();
  assert.equal(await gus.getByLabel('Volume of the main room').inputValue(), '70');
  await done(host, gus, eve);
});

test('who comes back to another place is told where and why', limits, async () => {
  const { host, gus, eve } = await meeting('back');
  const address = gus.url();
  await gus.goto('about:blank');
  await host.evaluate(() => sideroom.room.breakouts.close());
  await gus.goto(address);
  await joined(gus);
  await banner(gus, /^You are in the main room: the room that you were in /).waitFor();
  await done(host, gus, eve);
});

test('the console shows the plan, the intercom and the door', limits, async () => {
  const { host, gus, eve } = await meeting('seen');
  const console_ = await demo.open(`/console.html?room=seen&key=${encodeURIComponent(apiToken())}`);
  await console_.getByText('Live', { exact: true }).waitFor();
  await host.evaluate(async () => {
    const [first, second] = sideroom.room.breakouts.all;
    await second.update({ door: 'knocking' });
    await sideroom.room.schedules.add({ method: 'ClearBreakouts', body: {} }, { atMs: Date.now() + 600_000 });
    await sideroom.room.intercoms.start({ groups: [first.id] });
  });
  await console_.getByRole('list', { name: 'Planned' }).getByText('Everybody returns to the main room in').waitFor();
  await console_.locator('.route.address').first().waitFor({ state: 'attached' });
  await console_.locator('.floor').getByText('knocking').waitFor();
  await done(host, gus, eve, console_);
});

test('no page logged an error', () => assert.deepEqual(demo.errors(), []));
