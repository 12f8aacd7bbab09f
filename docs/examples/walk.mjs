// The whole breakout story of a signaling server, in Node without packages.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import assert from 'node:assert/strict';

const url = process.env.SIDEROOM_URL ?? 'http://127.0.0.1:7900';
const key = process.env.SIDEROOM_KEY ?? 'dev';
const secret = process.env.SIDEROOM_SECRET;
assert(secret, `set SIDEROOM_SECRET to the secret of the API key ${key}`);
const room = `node-${process.pid}-${Date.now()}`;

// --- A token: HS256 over two parts in base64url.
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function sign(claims) {
  const text = `${encode({ alg: 'HS256', typ: 'JWT', kid: key })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
const exp = Math.floor(Date.now() / 1000) + 600;
const operator = sign({ aud: 'sideroom-api', exp });
const clientToken = (identity, role) =>
  sign({ aud: 'sideroom-client', exp, room, sub: identity, name: identity, role });

// --- Calls: as the signaling server, or with a client's token.
const post = (token, method, body) =>
  fetch(`${url}/sideroom.v1.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ room, ...body }),
  });
async function callAs(token, method, body) {
  const response = await post(token, method, body);
  const answer = await response.json();
  assert(response.ok, `${method}: ${JSON.stringify(answer)}`);
  return answer;
}
const call = (method, body) => callAs(operator, method, body);
async function failsWith(reason, method, body) {
  const response = await post(operator, method, body);
  assert.equal((await response.json()).error?.reason, reason, method);
}

// --- Events: one JSON object a line, for as long as we read.
async function* lines(response) {
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    yield* parts.filter(Boolean).map((line) => JSON.parse(line));
  }
}
/** The payload of the next event of this type in which `fields` have these values. */
async function expect(type, fields = {}) {
  const late = setTimeout(() => {
    console.error(`the event ${type} ${JSON.stringify(fields)} did not come`);
    process.exit(1);
  }, 10_000);
  for (;;) {
    const { value, done } = await stream.next();
    assert(!done, `the stream ended before ${type}`);
    assert(!value.error, JSON.stringify(value));
    const payload = value.event?.[type];
    if (!payload) continue;
    if (!Object.entries(fields).every(([name, wanted]) => JSON.stringify(payload[name]) === JSON.stringify(wanted))) continue;
    clearTimeout(late);
    console.log(`  event ${type} ${JSON.stringify(fields)}`);
    return payload;
  }
}

const offer = await readFile(new URL('offer.sdp', import.meta.url), 'utf8');
async function join(identity, role) {
  const token = clientToken(identity, role);
  const tracks = [
    { mid: '0', kind: 'TRACK_KIND_AUDIO' },
    { mid: '1', kind: 'TRACK_KIND_SCREEN' },
  ];
  const joined = await call('ParticipantService/Join', { requestId: `join-${identity}`, clientToken: token, offer, tracks });
  assert(joined.sdp.startsWith('v=0'));
  return { id: joined.participantId, token };
}

console.log(`room ${room}`);
await call('RoomService/CreateRoom', { requestId: 'create', settings: { maxActiveTalkers: 6 } });
const stream = lines(await post(operator, 'EventService/Watch', {}));
assert.equal((await stream.next()).value.snapshot.name, room);
const teacher = await join('teacher', 'moderator');
const ann = await join('ann', 'participant');
const bob = await join('bob', 'participant');
await callAs(ann.token, 'ParticipantService/Publish', { kinds: ['TRACK_KIND_AUDIO'] });
await expect('trackPublished', { participantId: ann.id });

console.log('create, twice with one request id');
const create = {
  requestId: 'breakouts',
  definition: { maxRooms: 2, participants: 4, media: { audio: true, screen: true }, names: ['Red', 'Blue'] },
};
const { breakouts: [red, blue] } = await callAs(teacher.token, 'BreakoutService/CreateBreakouts', create);
await expect('breakoutsCreated');
assert((await callAs(teacher.token, 'BreakoutService/CreateBreakouts', create)).answer.replayed);
await failsWith('ParticipantCountMissing', 'BreakoutService/CreateBreakouts', { definition: { maxRooms: 1 } });

console.log('invite, decline, invite, join');
await call('BreakoutService/Invite', { breakoutId: red.id, participantIds: [ann.id, bob.id] });
await expect('invitationReceived', { participantId: bob.id });
await callAs(bob.token, 'BreakoutService/RejectInvite', { breakoutId: red.id });
await expect('invitationRejected', { participantId: bob.id, breakoutId: red.id });
await callAs(ann.token, 'BreakoutService/JoinBreakout', { streamInfo: { audio: true } });
await expect('participantMoved', { participantId: ann.id, toGroupId: red.id, reason: 'MOVE_REASON_JOINED' });
await call('BreakoutService/Invite', { breakoutId: red.id, participantIds: [bob.id], forceJoin: true });
await expect('participantMoved', { participantId: bob.id, reason: 'MOVE_REASON_FORCED' });

console.log('pause, resume and mute the parent');
await callAs(ann.token, 'ParticipantService/SetParentGate', { paused: true });
await callAs(ann.token, 'ParticipantService/SetParentGate', { paused: false });
await expect('parentGateChanged', { participantId: ann.id });
await call('ParticipantService/SetRoomGate', { audioMuted: true, videoMuted: true });
await expect('roomGateChanged');
await call('ParticipantService/Mute', { participantId: ann.id, kinds: ['TRACK_KIND_AUDIO'] });
await expect('muteChanged', { participantId: ann.id, byModerator: ['TRACK_KIND_AUDIO'] });

console.log('move, message, help');
const moves = [ann, bob].map(({ id }) => ({ participantId: id, toGroupId: blue.id }));
assert.equal((await call('BreakoutService/MoveParticipants', { moves })).moved.length, 2);
await expect('participantMoved', { participantId: bob.id, fromGroupId: red.id, toGroupId: blue.id });
await call('RoomService/SendMessage', { allGroups: true, text: 'two minutes left' });
await expect('messageSent', { text: 'two minutes left' });
await callAs(ann.token, 'BreakoutService/RaiseHelp', { text: 'we are stuck' });
await expect('helpChanged', { participantId: ann.id, raised: true });
await callAs(teacher.token, 'BreakoutService/AnswerHelp', { participantId: ann.id, text: 'coming' });
await expect('helpChanged', { participantId: ann.id, answeredBy: teacher.id });

console.log('clear');
await call('BreakoutService/ClearBreakouts');
await expect('participantMoved', { reason: 'MOVE_REASON_CLEARED' });
await expect('participantMoved', { reason: 'MOVE_REASON_CLEARED' });

console.log('the timer');
await call('BreakoutService/MoveParticipants', { moves: [{ participantId: ann.id, toGroupId: red.id }] });
if (!process.env.SIDEROOM_SKIP_TIMER) {
  const endsAtMs = String(Date.now() + 1500);
  await call('BreakoutService/UpdateSettings', { settings: { endsAtMs, endGraceMs: 300 } });
  await expect('settingsChanged');
  await expect('timerTicked', { inGrace: true });
  await expect('participantMoved', { participantId: ann.id, reason: 'MOVE_REASON_TIME_UP' });
}

console.log('destroy');
await call('BreakoutService/DestroyBreakouts');
await expect('breakoutsDestroyed', { breakoutIds: [red.id, blue.id] });
const journal = await call('RoomService/ListMoves');
assert(journal.moves.some((stay) => stay.reason === 'MOVE_REASON_FORCED'));
await call('RoomService/DeleteRoom');
await expect('roomClosed');
console.log('ok');
process.exit(0);
