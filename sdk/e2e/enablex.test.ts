/** Apps for the EnableX web SDK, as their authors write them, over the real server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Apps, type User } from './apps.ts';

let apps: Apps;

before(async () => {
  apps = await Apps.start('enablex');
});
after(() => apps?.stop());

const open = (room: string, app: string, identity: string, role?: string): Promise<User> => apps.open(room, app, identity, role);

/** Creates with the teacher's app; the ids. */
async function create(teacher: User): Promise<string[]> {
  await teacher.click('create');
  return (await teacher.says(/^Rooms: /)).slice('Rooms: '.length).split(',');
}

test('enablex: a teacher’s and a student’s app, after the samples', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const teacher = await open(name, 'teacher.js', 'tina', 'moderator');
  const [ada, bob] = [await open(name, 'student.js', 'ada'), await open(name, 'student.js', 'bob')];
  const [first = '', second = ''] = await create(teacher);
  await teacher.click('invite', { clients: ada.clientId, room: first });
  await teacher.says('Invited: 0 Success');
  await ada.says(`Asked into ${first} by ${teacher.clientId}`, 'Join: 0 Success', `Inside ${first}, Breakout 1, made by ${teacher.clientId}, holds 3`, 'Media: true false true true', 'People: ada', 'Told after the call');
  await teacher.click('force', { clients: bob.clientId, room: first });
  await teacher.says('Moved: 0 Success');
  await bob.says(`Moved into ${first} by ${teacher.clientId}`, `Inside ${first}, Breakout 1, made by ${teacher.clientId}, holds 3`, 'People: ada,bob');
  await ada.says(`${bob.clientId} joined ${first}`);
  for (const [label, line] of [['pause', '0 Room paused'], ['resume', '0 Room resumed'], ['pause, in short', '0 Room paused'], ['resume, in short', '0 Room resumed'], ['mute', '0 Room muted'], ['unmute sound', '0 Room unmuted'], ['unmute', '0 Room unmuted'], ['mute', '0 Room muted'], ['unmute, in small letters', '0 Room unmuted']] as const) {
    await ada.click(label);
    await ada.says(line);
  }
  await ada.clickUntil('gate', 'Gate: {"paused":false,"audioMuted":false,"videoMuted":false}');
  await ada.click('invite from inside', { clients: teacher.clientId });
  await ada.says(/^(1138|1731) /);
  await ada.click('pause');
  await ada.says('0 Room paused');
  await ada.click('leave');
  await ada.says(`Back from ${first}`, 'The room object was told');
  await bob.says(`ada (${ada.clientId}) left ${first}`);
  await ada.clickUntil('gate', 'Gate: {"paused":false,"audioMuted":false,"videoMuted":false}');
  await teacher.click('go inside', { room: first });
  await teacher.says(`Inside ${first}`);
  await bob.click('return alone');
  await bob.says(`Back from ${first}`);
  await teacher.click('clear');
  await teacher.says(`${teacher.clientId} is back from ${first}`);
  await teacher.click('force', { clients: `${ada.clientId}, "${bob.clientId}"`, room: second });
  await Promise.all([ada, bob].map((each) => each.says(`Inside ${second}, Breakout 2, made by ${teacher.clientId}, holds 3`)));
  await teacher.click('clear');
  await Promise.all([ada, bob].map((each) => each.says(`Back from ${second}`)));
  await teacher.says(new RegExp(`^(${ada.clientId}|${bob.clientId}) is back from ${second}$`));
  await teacher.click('force', { clients: ada.clientId, room: second });
  await ada.says(`Inside ${second}, Breakout 2, made by ${teacher.clientId}, holds 3`);
  await ada.click('mute');
  await ada.says('0 Room muted');
  await teacher.click('destroy');
  await teacher.says(`Gone: ${first},${second}, told as breakout-room-destroyed`);
  await ada.says(`Back from ${second}`, `Destroyed: ${first},${second}`);
  await ada.clickUntil('gate', 'Gate: {"paused":false,"audioMuted":false,"videoMuted":false}');
  await apps.close();
});

test('enablex: invitations that are declined, overtaken, kept over a reload, and made at random', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const teacher = await open(name, 'teacher.js', 'tina', 'moderator');
  const ada = await open(name, 'student.js', 'ada');
  const [first = '', second = ''] = await create(teacher);
  for (const [answer, line] of [['no', 'Declined: 0'], ['never', 'Declined for good: 0']] as const) {
    await ada.page.getByLabel('answer').fill(answer);
    await teacher.click('invite', { clients: ada.clientId, room: first });
    await ada.says(`Asked into ${first} by ${teacher.clientId}`, line);
    await teacher.says(`${ada.clientId} said no to ${first}`);
  }
  await ada.page.getByLabel('answer').fill('later');
  await teacher.click('invite', { clients: ada.clientId, room: second });
  await ada.says(`Asked into ${second} by ${teacher.clientId}`);
  await ada.reload();
  await ada.says(`Asked into ${second} by ${teacher.clientId}`, 'Join: 0 Success', new RegExp(`^Inside ${second}, `));
  await teacher.click('destroy');
  await ada.says(`Destroyed: ${first},${second}`);
  await ada.click('join');
  await ada.says(/^1731 There is no such breakout in this room/);
  await teacher.click('create and invite');
  const [, random = ''] = /: (.*)$/.exec(await teacher.says(/^Rooms with guests: /)) ?? [];
  await ada.says(new RegExp(`^Asked into ${random} by `), new RegExp(`^Inside ${random}, `), 'Media: true true false false');
  await apps.close();
});

test('enablex: a page that is reloaded inside a breakout has its room object again', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const teacher = await open(name, 'teacher.js', 'tina', 'moderator');
  const [ada, bob] = [await open(name, 'student.js', 'ada'), await open(name, 'student.js', 'bob')];
  const [first = ''] = await create(teacher);
  for (const each of [ada, bob]) {
    await teacher.click('force', { clients: each.clientId, room: first });
    await each.says(`Inside ${first}, Breakout 1, made by ${teacher.clientId}, holds 3`);
  }
  await ada.reload();
  await ada.says(`Inside ${first}, Breakout 1, made by ${teacher.clientId}, holds 3`, 'People: ada,bob');
  await ada.click('pause');
  await ada.says('0 Room paused');
  await bob.click('leave');
  await ada.says(`bob (${bob.clientId}) left ${first}`);
  await ada.reload();
  await ada.says('People: ada');
  await ada.click('leave');
  await ada.says(`Back from ${first}`, 'The room object was told');
  await apps.close();
});

test('enablex: an invitation that a forced join has settled is not offered again by a reload, inside or outside', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const teacher = await open(name, 'teacher.js', 'tina', 'moderator');
  const ada = await open(name, 'student.js', 'ada');
  const [first = '', second = ''] = await create(teacher);
  await ada.page.getByLabel('answer').fill('later');
  await teacher.click('invite', { clients: ada.clientId, room: first });
  await ada.says(`Asked into ${first} by ${teacher.clientId}`);
  await teacher.click('force', { clients: ada.clientId, room: first });
  await ada.says(`Moved into ${first} by ${teacher.clientId}`, `Inside ${first}, Breakout 1, made by ${teacher.clientId}, holds 3`);
  const offers = async (label: string, last: string): Promise<string[]> => {
    await ada.click(label);
    return (await ada.linesUntil(last)).filter((line) => /^(Asked|Moved) into/.test(line));
  };
  for (const again of ['once', 'twice']) {
    await ada.reload();
    assert.deepEqual(await offers('pause', '0 Room paused'), [], `reloaded ${again} inside`);
  }
  await ada.reload();
  await ada.says(new RegExp(`^Inside ${first}, `));
  await ada.click('leave');
  await ada.says(`Back from ${first}`);
  await ada.reload();
  assert.deepEqual(await offers('resume', '0 Room resumed'), [], 'reloaded in the parent');
  // A new invitation is another one: it is offered, and again after a reload.
  await ada.page.getByLabel('answer').fill('later');
  await teacher.click('invite', { clients: ada.clientId, room: second });
  await ada.says(`Asked into ${second} by ${teacher.clientId}`);
  await ada.reload();
  await ada.says(`Asked into ${second} by ${teacher.clientId}`, new RegExp(`^Inside ${second}, `));
  await apps.close();
});

test('enablex: a participant with the grant owns what they made, in TypeScript', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const owner = await open(name, 'owner.ts', 'olga');
  const [ada, bob] = [await open(name, 'student.js', 'ada'), await open(name, 'owner.ts', 'bob')];
  await owner.click('create');
  await owner.says(/^[A-Z]/, /^Made: 1731: /);
  await apps.operate('ParticipantService', 'SetGrants', { room: name, participantId: owner.clientId, grants: { createBreakouts: true } });
  await owner.click('create');
  const [, id = ''] = /^Made: (b\d+)$/.exec(await owner.says(/^Made: b\d+$/)) ?? [];
  await owner.click('invite', { clients: `${ada.clientId},${bob.clientId}` });
  await owner.says('Invited: 0');
  await ada.says(`Inside ${id}, Breakout 1, made by ${owner.clientId}, holds 3`);
  await bob.says(`Asked into ${id}`);
  await owner.click('join');
  await owner.says('The same room: true', `Inside ${id} with ada (participant),olga (participant)`);
  await ada.says(`${owner.clientId} joined ${id}`);
  for (const [label, line] of [['mute', 'Room muted'], ['unmute', '0 Room unmuted'], ['pause', 'Room paused']] as const) {
    await owner.click(label);
    await owner.says(line);
  }
  await owner.click('leave');
  await owner.says('Resumed');
  await owner.click('pause');
  await owner.says(/parent room/);
  await owner.click('clear');
  await owner.says(`${ada.clientId} is back`);
  await owner.click('force', { clients: ada.clientId });
  await ada.says(`Inside ${id}, Breakout 1, made by ${owner.clientId}, holds 3`);
  await owner.click('destroy');
  await Promise.all([owner.says(`Gone: ${id}`), ada.says(`Destroyed: ${id}`)]);
  await bob.click('hang up');
  await bob.says('Out: You left the room.');
  assert.deepEqual((await bob.lines()).filter((line) => line.startsWith('Gone')), []);
  await apps.close();
});

test('enablex: an app’s mistakes stay its own, and each has its code', { timeout: 300_000 }, async () => {
  const name = apps.nextRoom();
  const app = await open(name, 'careless.js', 'ada', 'moderator');
  const answers = async (label: string, given: unknown, code: number): Promise<void> => {
    await app.click(label, { given: JSON.stringify(given) });
    assert.equal(await app.says(/^\d+/), String(code), `${label} ${JSON.stringify(given)}`);
  };
  for (const [change, code] of [[{ participants: 1 }, 1724], [{ participants: 'many' }, 1724], [{ participants: 99 }, 1725], [{ participants: null }, 1734], [{ max_rooms: 11 }, 1726], [{ max_rooms: 0 }, 1731], [{ audio: null }, 1731], [{ share: 'yes' }, 1731]] as const) await answers('create', change, code);
  for (const nothing of [null, 7, 'text', []]) await answers('create with what is given', nothing, 1734);
  for (const [label, code] of [['create, callback only', 1734], ['invite, callback only', 1731], ['join, callback only', 1731], ['reject, callback only', 1731], ['mute, callback only', 1138]] as const) await answers(label, null, code);
  for (const odd of [null, {}, { room_id: 7 }, { clients: [], room_id: 'b99' }, { room_id: '' }, 'b99']) {
    await answers('invite', odd, 1731);
    await answers('join', odd, 1731);
    await app.says('Told: 1731');
    await answers('reject', odd, 1731);
  }
  await app.click('join, no callback', { given: '{}' });
  await app.says('Told: 1731');
  await answers('mute', { audio: true }, 1138);
  await answers('pause', null, 1138);
  await answers('resume', null, 0);
  await answers('create', {}, 0);
  await answers('join', { room_id: 'b1', role: 'participant' }, 0);
  await app.says(/^Inside: \{"room_id":"b1","name":"Breakout 1","owner":"[^"]+","participants":2,"audio":true,"video":false,"share":false,"canvas":false,"clients":\[\{"clientId":"[^"]+","name":"ada","role":"moderator"\}\]\}$/);
  assert.deepEqual(await app.errors(2), ['Error: a listener that rejects', 'Error: a listener that throws'], 'each error of a listener is the page’s');
  for (const odd of [{}, null, [], 'audio', { audio: 'true' }, { audio: 1 }, { audio: false, video: false }]) await answers('mute', odd, 1138);
  for (const odd of [{}, { audio: 'true' }]) await answers('unmute', odd, 1138);
  await answers('unmute', null, 0);
  await app.click('taken off');
  await app.says('Taken off: 0');
  await app.click('throw in a callback');
  assert.deepEqual(await app.errors(1), ['Error: a callback that throws']);
  await app.click('answer twice');
  await app.click('answer twice');
  await app.says('Answer 1', 'Answer 2');
  await answers('create', {}, 1731);
  await answers('join', { room_id: 'b1' }, 1731);
  await app.says('Told: 1731');
  await app.click('leave twice');
  await app.says('0', /^Again: /, 'Out: {"type":"breakout-room-disconnected","message":{"room_id":"b1"}}');
  await app.click('listen after the end');
  await app.says('Listens');
  await answers('leave', null, 1138);
  await app.click('everything without a callback');
  await app.says('resumeRoom: undefined');
  await answers('destroy', null, 0);
  await app.click('without a token');
  await app.says(/^1729: .{12}/);
  await apps.operate('RoomService', 'UpdateRoom', { room: name, settings: { mode: 'ROOM_MODE_LECTURE' } });
  await answers('create', {}, 5067);
  await app.click('hang up');
  await app.says('0');
  for (const label of ['pause', 'resume']) await answers(label, null, 1138);
  await answers('create', {}, 1731);
  await answers('join', { room_id: 'b1' }, 1731);
  assert.ok(!(await app.lines()).includes('never'), 'a removed listener, and one for no event');
  await apps.close();
});

test('enablex: every line of an app that names a row has run', () => {
  assert.deepEqual(apps.coverage.missing(), []);
});
