/** Apps for the ACS calling SDK, as their authors write them, over the real server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Apps } from './apps.ts';

let apps: Apps;

before(async () => {
  apps = await Apps.start('acs');
});
after(() => apps?.stop());

/** Calls the server's API, as the meeting's own console does. */
const manage = (room: string, method: string, body: object = {}): Promise<Record<string, unknown>> => apps.operate('BreakoutService', method, { room, ...body });

/** Makes one breakout, and assigns people to it. */
async function makeBlue(room: string, identities: string[], definition: object = {}): Promise<string> {
  const answer = await manage(room, 'CreateBreakouts', { definition: { maxRooms: 1, participants: '2', names: ['Blue'], media: { audio: true }, ...definition } });
  const [{ id }] = answer['breakouts'] as [{ id: string }];
  if (identities.length) await manage(room, 'Assign', { breakoutId: id, identities });
  return id;
}

test('acs: a guest’s app, after the samples', { timeout: 240_000 }, async () => {
  const room = apps.nextRoom();
  const guest = await apps.open(room, 'guest.js', 'ada');
  const id = await makeBlue(room, ['ada'], { state: 'BREAKOUT_STATE_CLOSED' });
  await guest.says('Assigned to Blue, closed');
  await guest.says('Thread: string of true');
  await guest.says('Auto move: false');
  await manage(room, 'OpenBreakouts');
  await guest.says('Assigned to Blue, open');
  await guest.click('join');
  await guest.says(`Joined the call ${id}`);
  await guest.says('The same call: true');
  const host = await apps.open(room, 'organizer.ts', 'bob', 'moderator');
  await host.click('join');
  await host.says(`Joined ${id}`);
  await guest.says('Came: bob');
  await guest.click('who');
  await guest.says('1 iterator, inside: bob, 1');
  await guest.clickUntil('state', 'Main LocalHold, breakout Connected');
  await guest.click('leave');
  await host.says('Came: . Went: ada.');
  await guest.clickUntil('state', 'Main Connected, breakout Disconnected');
  await guest.click('join');
  await guest.says('The same call: true');
  await guest.click('return');
  await guest.says('Back in Connected');
  await manage(room, 'UpdateSettings', { settings: { allowReturn: false, endsAtMs: String(Date.now() + 600_000) } });
  await guest.says(/^Ends at \d+, no return: true$/);
  await guest.click('join');
  await guest.says('The same call: true');
  await guest.click('leave if allowed');
  await guest.says('You may not return.');
  await manage(room, 'DestroyBreakouts');
  await guest.says('Assigned to Blue, closed');
  await guest.click('stop');
  await makeBlue(room, ['ada']);
  await guest.clickUntil('state', 'Main Connected, breakout Disconnected');
  await apps.close();
});

test('acs: a guest who is assigned before the call, and moved without being asked', { timeout: 240_000 }, async () => {
  const room = apps.nextRoom();
  const host = await apps.open(room, 'organizer.ts', 'bob', 'moderator');
  const id = await makeBlue(room, ['ada'], { state: 'BREAKOUT_STATE_CLOSED', autoMove: true });
  await host.says('Blue closed true false [ada]');
  const guest = await apps.open(room, 'guest.js', 'ada');
  await manage(room, 'OpenBreakouts');
  await guest.says(`Joined the call ${id}`);
  await guest.reload();
  await guest.says(`Joined the call ${id}`);
  await guest.clickUntil('state', 'Main LocalHold, breakout Connected');
  await apps.close();
});

test('acs: an organizer’s app in TypeScript', { timeout: 240_000 }, async () => {
  const room = apps.nextRoom();
  const host = await apps.open(room, 'organizer.ts', 'bob', 'moderator');
  const id = await makeBlue(room, ['ada', 'bob']);
  await host.says('Blue open false false [ada,bob]');
  await host.says('Assigned to Blue, open');
  await host.click('list');
  await host.says('Blue: ada');
  await host.says('Blue: bob');
  await manage(room, 'Unassign', { identities: ['bob'] });
  await host.says('Assigned to Blue, closed');
  await host.click('join');
  await host.says(`Joined ${id}`);
  await host.says('Main call: LocalHold');
  await host.click('hold');
  await host.says('Main call: Connected');
  await host.says('Main call: LocalHold');
  await host.click('mute');
  await host.says('Muted: false');
  await host.says('Muted: true');
  await host.says('In the end: false');
  const guest = await apps.open(room, 'guest.js', 'ada');
  await guest.click('join');
  await host.says('Came: ada. Went: .');
  await host.click('hang up');
  await host.says('Breakout call: Disconnecting');
  await host.says('Breakout call: Disconnected');
  await host.says('Over: Disconnected, Connected');
  await manage(room, 'DestroyBreakouts');
  await host.says('Rooms: 0');
  await apps.close();
});

test('acs: an app’s mistakes stay its own, and every error has its codes', { timeout: 240_000 }, async () => {
  const room = apps.nextRoom();
  const app = await apps.open(room, 'careless.js', 'ada');
  const tells = async (label: string, answer: string): Promise<void> => {
    await app.click(label);
    await app.says(`${label}: ${answer}`);
  };
  const id = await makeBlue(room, ['ada'], { state: 'BREAKOUT_STATE_CLOSED' });
  await app.says('heard assignedBreakoutRooms Blue closed');
  await tells('join', '412/46256 ExpectedError');
  await tells('describe', '412/46258 UnexpectedClientError');
  await tells('hold', '500/46255 UnexpectedServerError');
  await manage(room, 'OpenBreakouts');
  await app.says('heard assignedBreakoutRooms Blue open');
  await manage(room, 'Unassign', { identities: ['ada'] });
  await app.says('heard assignedBreakoutRooms Blue closed');
  await tells('join', '412/46260 UnexpectedClientError');
  await manage(room, 'Assign', { breakoutId: id, identities: ['ada'] });
  await app.says('heard assignedBreakoutRooms Blue open');
  await tells('join', 'fine');
  await app.click('video');
  await app.says('This call has no startVideo(). Call native.local.openCamera().');
  await app.click('copy');
  await app.says(/"displayName":"Blue".*"state":"open"/);
  await manage(room, 'UpdateSettings', { settings: { allowReturn: false } });
  await app.says(/^heard breakoutRoomsSettings/);
  await tells('hang up', '500/46259 UnexpectedServerError');
  await app.click('hang up, unawaited');
  await tells('resume', 'fine');
  await apps.operate('ParticipantService', 'SetRoomGate', { room, paused: true });
  await tells('resume', '412/46257 UnexpectedServerError');
  await manage(room, 'DestroyBreakouts');
  await app.says('heard assignedBreakoutRooms Blue closed');
  await tells('join', '412/46256 ExpectedError');
  const blue = await makeBlue(room, ['ada']);
  await app.says('heard assignedBreakoutRooms Blue open');
  for (const name of ['one', 'two']) {
    const filler = await apps.open(room, 'organizer.ts', name, 'moderator');
    await filler.click('join');
    await filler.says(`Joined ${blue}`);
  }
  await tells('join', '500/46254 UnexpectedServerError');
  await manage(room, 'DestroyBreakouts');
  for (const [availability, allowReturn, answer] of [['NOT_SUPPORTED', true, '400/46250 ExpectedError'], ['DISABLED', false, '405/46251 ExpectedError']] as const) {
    await apps.operate('RoomService', 'UpdateRoom', { room, settings: { breakouts: { availability: `AVAILABILITY_${availability}`, allowReturn } } });
    await app.says(/^heard breakoutRoomsSettings/);
    await tells('feature', answer);
  }
  assert.deepEqual(await app.errors(2), ['Error: a listener that rejects', 'Error: a listener that throws'], 'each error of a listener is the page’s');
  await apps.close();
});

test('acs: every line of an app that names a row has run', () => {
  assert.deepEqual(apps.coverage.missing(), []);
});
