/**
 * A teacher splits a class: the worked example of docs/rpc.md with the SDK, run in the repository's root.
 * SIDEROOM_URL, SIDEROOM_KEY and SIDEROOM_SECRET say where the server is. It ends with `ok`.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Client, type Event, SideroomError } from '../src/index.js';

const room = `sdk-node-${process.pid}-${Date.now()}`;
const client = new Client();
// As a browser would make it.
const offer = await readFile('docs/examples/offer.sdp', 'utf8');

await client.rooms.createRoom({ room });
const watch = await client.watch(room);

/** The payload of the next event of this type in which `fields` have these values. */
async function expect<Name extends keyof Event>(name: Name, fields: Partial<Event[Name]> = {}): Promise<void> {
  for (;;) {
    const { value, done } = await watch.next();
    assert(!done, `the watch ended before ${name}`);
    const payload = value.event?.[name] as Record<string, unknown> | undefined;
    if (!payload) continue;
    if (!Object.entries(fields).every(([key, wanted]) => isDeepStrictEqual(payload[key], wanted))) continue;
    console.log(`  event ${name}`);
    return;
  }
}

/** Joins for somebody, as a gateway of the app's own would. Their id, and a client that acts as they do. */
async function join(identity: string, role?: 'moderator'): Promise<{ id: string; as: Client }> {
  const clientToken = client.key.clientToken({ room, identity, ...(role && { role }) });
  const { participantId } = await client.participants.join({
    room,
    clientToken,
    offer,
    tracks: [
      { mid: '0', kind: 'TRACK_KIND_AUDIO' },
      { mid: '1', kind: 'TRACK_KIND_SCREEN' },
    ],
  });
  return { id: participantId, as: client.withToken(clientToken) };
}

const teacher = await join('teacher', 'moderator');
const ann = await join('ann');
const bob = await join('bob');
await ann.as.participants.publish({ kinds: ['TRACK_KIND_AUDIO'] });
await expect('trackPublished', { participantId: ann.id });

console.log('create, twice with one request id');
const definition = { maxRooms: 2, participants: 4, media: { audio: true, screen: true }, names: ['Red', 'Blue'] };
const create = { requestId: 'breakouts', definition };
const { breakouts } = await teacher.as.breakouts.createBreakouts(create);
const [red = '', blue = ''] = breakouts.map((breakout) => breakout.id);
assert((await teacher.as.breakouts.createBreakouts(create)).answer?.replayed);
try {
  await client.breakouts.createBreakouts({ room, definition: { maxRooms: 1 } });
  assert.fail('a definition without participants was accepted');
} catch (error) {
  assert(error instanceof SideroomError && error.reason === 'ParticipantCountMissing', String(error));
}

console.log('invite, decline, invite, join');
await client.breakouts.invite({ room, breakoutId: red, participantIds: [ann.id, bob.id] });
await expect('invitationReceived', { participantId: bob.id });
await bob.as.breakouts.rejectInvite({ breakoutId: red });
await expect('invitationRejected', { participantId: bob.id });
await ann.as.breakouts.joinBreakout({ streamInfo: { audio: true } });
await expect('participantMoved', { participantId: ann.id, toGroupId: red, reason: 'MOVE_REASON_JOINED' });
await client.breakouts.invite({ room, breakoutId: red, participantIds: [bob.id], forceJoin: true });
await expect('participantMoved', { participantId: bob.id, reason: 'MOVE_REASON_FORCED' });

console.log('pause, resume and mute the parent');
await ann.as.participants.setParentGate({ paused: true });
await ann.as.participants.setParentGate({ paused: false });
await expect('parentGateChanged', { participantId: ann.id });
await client.participants.setRoomGate({ room, audioMuted: true, videoMuted: true });
await expect('roomGateChanged');
await client.participants.mute({ room, participantId: ann.id, kinds: ['TRACK_KIND_AUDIO'] });
await expect('muteChanged', { participantId: ann.id, byModerator: ['TRACK_KIND_AUDIO'] });

console.log('move, message, help');
const moves = [ann, bob].map(({ id }) => ({ participantId: id, toGroupId: blue }));
assert.equal((await client.breakouts.moveParticipants({ room, moves })).moved.length, 2);
await expect('participantMoved', { participantId: bob.id, toGroupId: blue });
await client.rooms.sendMessage({ room, allGroups: true, text: 'two minutes left' });
await expect('messageSent', { text: 'two minutes left' });
await ann.as.breakouts.raiseHelp({ text: 'we are stuck' });
await expect('helpChanged', { participantId: ann.id, raised: true });
await teacher.as.breakouts.answerHelp({ participantId: ann.id, text: 'coming' });
await expect('helpChanged', { participantId: ann.id, answeredBy: teacher.id });

console.log('the timer');
await client.breakouts.updateSettings({ room, settings: { endsAtMs: Date.now() + 3000, endGraceMs: 300 } });
await expect('timerTicked', { inGrace: true });
await expect('participantMoved', { reason: 'MOVE_REASON_TIME_UP' });

console.log('destroy');
await client.breakouts.destroyBreakouts({ room });
await expect('breakoutsDestroyed', { breakoutIds: [red, blue] });
const { moves: stays } = await client.rooms.listMoves({ room });
assert(stays.some((stay) => stay.reason === 'MOVE_REASON_FORCED'));
await client.rooms.deleteRoom({ room });
await expect('roomClosed');
console.log('ok');
