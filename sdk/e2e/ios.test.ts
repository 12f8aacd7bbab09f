/** Apps for the EnableX iOS SDK, carried over as their authors write them, over the real server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Apps, type User } from './apps.ts';

let apps: Apps;

before(async () => {
  apps = await Apps.start('ios');
});
after(() => apps?.stop());

const open = (room: string, app: string, identity: string, role?: string): Promise<User> => apps.open(room, app, identity, role);

const LEFT = 'Disconnected: {"moderatorId":"","msg":"Breakout Room disconnected","result":0}';

test('ios: a controller that is its own delegate', { timeout: 240_000 }, async () => {
  const name = apps.nextRoom();
  const [mod, second] = [await open(name, 'controller.ts', 'tina', 'moderator'), await open(name, 'controller.ts', 'otto', 'moderator')];
  const [ada, bob] = [await open(name, 'controller.ts', 'ada'), await open(name, 'controller.ts', 'bob')];
  await mod.click('create too many');
  await mod.says(/^Not created: 1726 .{12}/);
  await mod.click('create');
  const [, room = ''] = /^Created (b\d+)$/.exec(await mod.says(/^Created b/)) ?? [];
  await second.says(`${mod.clientId} created ${room}`);
  await mod.click('invite', { clients: ada.clientId, room });
  await mod.says('Invited: 0 Success');
  await second.says(`${mod.clientId} invited ${ada.clientId} to ${room}`);
  await ada.says(`Asked into ${room} by ${mod.clientId}`);
  await ada.reload();
  await ada.says(`Asked into ${room} by ${mod.clientId}`);
  await ada.click('reject', { room });
  await ada.says('Rejected: 0 Success');
  await second.says(`${ada.clientId} rejected ${room}`);
  await ada.click('join', { room });
  await ada.says(/^Join failed: 1731 .{12}/);
  await mod.click('force', { clients: ada.clientId, room });
  await ada.says(`Moved into ${room}, there already: true`, `Connected to ${room} with ada`);
  await mod.click('force', { clients: bob.clientId, room });
  await bob.says(`Connected to ${room} with ada,bob`);
  await ada.says(`${bob.clientId} joined ${room}`);
  for (const [label, line] of [['pause', 'Pause: 0 Room muted'], ['resume', 'Resume: 0 Room resumed'], ['mute', 'Mute: 0 Room muted'], ['unmute', 'Unmute: 0 Room unmuted']] as const) {
    await mod.click(label);
    await mod.says(line);
  }
  await ada.click('disconnect');
  await ada.says(LEFT);
  await bob.says(`ada (${ada.clientId}) left ${room}`);
  await mod.click('clear');
  await bob.says(`Disconnected: {"room_id":"${room}"}`, `Cleared: {"room_id":"${room}"}`);
  await mod.click('join', { room });
  await mod.says(`Connected to ${room} with tina`);
  await mod.click('invite', { clients: ada.clientId, room });
  await mod.says(/^Invited: (1138|1731) /);
  await mod.reload();
  await mod.says(`Connected to ${room} with tina`);
  await mod.click('disconnect');
  await mod.says(LEFT);
  await ada.click('destroy');
  await ada.says(/^Event error: 1138 /);
  await ada.click('pause');
  await ada.says(/^Pause: 1138 /);
  await mod.click('destroy');
  await mod.click('create and invite');
  await mod.says(/^Created with guests b/);
  await Promise.all([ada, bob].map((each) => each.says(/^Asked into b/)));
  await apps.close();
});

test('ios: the product’s selectors, and mistakes', { timeout: 240_000 }, async () => {
  const name = apps.nextRoom();
  const app = await open(name, 'selectors.js', 'tina', 'moderator');
  await app.click('create');
  const [, room = ''] = /^Created (b\d+)$/.exec(await app.says(/^Created b/)) ?? [];
  await app.click('mistakes');
  await app.says('Nothing was thrown');
  await app.click('mute');
  await app.says('Mute: 0 Room muted');
  await app.click('unmute');
  await app.says('Unmute: 0 Room unmuted');
  await app.click('join', { room });
  await app.says(`Connected to ${room}`);
  assert.deepEqual(await app.errors(1), ['Error: a delegate that throws']);
  await app.click('disconnect');
  await app.says('Disconnected: 1 Breakout Room disconnected');
  assert.deepEqual(await app.errors(1), ['Error: a delegate that rejects']);
  await app.click('leave');
  await app.says('Not created: 1734', 'Event error: 1138');
  await apps.close();
});

test('ios: every line of an app that names a row has run', () => {
  assert.deepEqual(apps.coverage.missing(), []);
});
