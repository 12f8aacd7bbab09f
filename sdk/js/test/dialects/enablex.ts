/** The documented flows of the EnableX web SDK, re-enacted. */
import { EnxRoom, joinRoom, type EnxJoinError, type EnxAnswer, type EnxBreakoutDefinition, type EnxEvents, type EnxRooms } from '../../src/dialects/enablex/index.ts';
import { answerOf, equal, ok, soon, until, type Scenario, type Stage } from './stage.ts';

const TWO: EnxBreakoutDefinition = { participants: 3, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };

async function enter(stage: Stage, identity: string, role: 'moderator' | 'participant' = 'participant'): Promise<EnxRoom> {
  return new EnxRoom(await stage.join(identity, role));
}

function event<K extends keyof EnxEvents>(room: EnxRoom, name: K): Promise<EnxEvents[K]> {
  return soon(new Promise<EnxEvents[K]>((resolve) => room.addEventListener(name, resolve)), name);
}

async function create(room: EnxRoom, change: object = {}): Promise<string[]> {
  const answer = await answerOf<EnxAnswer<EnxRooms>>((cb) => room.createBreakoutRoom({ ...TWO, ...change }, cb), 'createBreakoutRoom');
  equal(answer.result, 0, `createBreakoutRoom says ${JSON.stringify(answer.msg)}`);
  return (answer.msg as EnxRooms).rooms;
}

const refusal = async (room: EnxRoom, change: object): Promise<number> =>
  (await answerOf<EnxAnswer<EnxRooms>>((cb) => room.createBreakoutRoom({ ...TWO, ...change } as EnxBreakoutDefinition, cb), 'createBreakoutRoom')).result;

const said = (call: (callback: (answer: EnxAnswer) => void) => void, what: string): Promise<EnxAnswer> => answerOf(call, what);

/** A moderator, a participant inside the one breakout, and the breakout's id. */
async function inside(stage: Stage, ...others: string[]): Promise<{ mod: EnxRoom; guest: EnxRoom; more: EnxRoom[]; id: string }> {
  const [mod, guest] = [await enter(stage, 'mod', 'moderator'), await enter(stage, 'guest')];
  const more: EnxRoom[] = [];
  for (const name of others) more.push(await enter(stage, name));
  const [id = ''] = await create(mod);
  for (const each of [guest, ...more]) {
    const connected = event(each, 'breakout-room-connected');
    mod.inviteToBreakoutRoom({ clients: [each.clientId], room_id: id, force_join: true });
    await connected;
  }
  return { mod, guest, more, id };
}

export const enablex: Scenario[] = [
  {
    name: 'enablex: rooms are created, and what is wrong with a definition has its code',
    rows: ['enablex.createBreakoutRoom', 'enablex.1724', 'enablex.1725', 'enablex.1726', 'enablex.1731', 'enablex.1734'],
    async run(stage) {
      const mod = await enter(stage, 'mod', 'moderator');
      const rooms = await create(mod, { max_rooms: 2 });
      equal(rooms.length, 2, 'rooms');
      ok(rooms.every((id) => typeof id === 'string' && id), 'ids are strings');
      equal(await refusal(mod, { participants: 1 }), 1724, 'too few');
      equal(await refusal(mod, { participants: 'many' }), 1724, 'not a number');
      equal(await refusal(mod, { participants: 500 }), 1725, 'too many');
      equal(await refusal(mod, { participants: undefined }), 1734, 'missing');
      equal(await refusal(mod, { max_rooms: 9 }), 1726, 'eleven rooms');
      equal(await refusal(mod, { audio: undefined }), 1731, 'a flag is missing');
      equal(mod.native.breakouts.all.length, 2, 'nothing changed by what was refused');
    },
  },
  {
    name: 'enablex: people are distributed at random',
    rows: ['enablex.createAndInviteBreakoutRoom'],
    async run(stage) {
      const [mod, guest] = [await enter(stage, 'mod', 'moderator'), await enter(stage, 'guest')];
      const invited = event(guest, 'join-breakout-room');
      const answer = await answerOf<EnxAnswer<EnxRooms>>((cb) => mod.createAndInviteBreakoutRoom(TWO, cb), 'createAndInviteBreakoutRoom');
      equal(answer.result, 0, 'result');
      const { message } = await invited;
      equal(message, { room_id: (answer.msg as EnxRooms).rooms[0], requestor: mod.clientId }, 'the invitation');
    },
  },
  {
    name: 'enablex: an invitation, a join with stream info, and everyone inside learns of it',
    rows: ['enablex.inviteToBreakoutRoom', 'enablex.join-breakout-room', 'enablex.joinBreakOutRoom', 'enablex.breakout-room-connected', 'enablex.user-joined-breakout-room'],
    async run(stage) {
      const { mod, guest, id } = await inside(stage);
      const late = await enter(stage, 'late');
      const invited = event(late, 'join-breakout-room');
      equal(await said((cb) => mod.inviteToBreakoutRoom({ clients: [late.clientId], room_id: id }, cb), 'invite'), { result: 0, msg: 'Success' }, 'the answer');
      const { type, message } = await invited;
      equal([type, message], ['join-breakout-room', { room_id: id, requestor: mod.clientId }], 'the invitation');
      const told = event(guest, 'user-joined-breakout-room');
      const connected = event(late, 'breakout-room-connected');
      const answer = await said((cb) => late.joinBreakOutRoom({ role: 'participant', room_id: id }, { audio: true, video: false, screen: false, canvas: false }, cb), 'join');
      equal(answer.result, 0, 'joined');
      const meta = (await connected).message;
      equal([meta.room_id, meta.participants, meta.audio], [id, 3, true], 'room meta');
      const { clientId, room } = await told;
      equal([clientId, room], [late.clientId, id], 'who came');
    },
  },
  {
    name: 'enablex: clients as the documented string, and a forced join',
    rows: ['enablex.inviteToBreakoutRoom.string', 'enablex.inviteToBreakoutRoom.force', 'enablex.breakout-room-joining'],
    async run(stage) {
      const [mod, guest, other] = [await enter(stage, 'mod', 'moderator'), await enter(stage, 'guest'), await enter(stage, 'other')];
      const [id = ''] = await create(mod);
      const order: string[] = [];
      guest.addEventListener('breakout-room-joining', ({ message }) => order.push(`joining ${message.room_id} by ${message.requestor}`));
      guest.addEventListener('breakout-room-connected', ({ message }) => order.push(`connected ${message.room_id}`));
      const second = event(other, 'breakout-room-connected');
      const first = event(guest, 'breakout-room-connected');
      mod.inviteToBreakoutRoom({ clients: `[${guest.clientId}, ${other.clientId}]`, room_id: id, force_join: true });
      await Promise.all([first, second]);
      equal(order, [`joining ${id} by ${mod.clientId}`, `connected ${id}`], 'the order of events');
    },
  },
  {
    name: 'enablex: a join that fails says so twice, by event and by callback',
    rows: ['enablex.breakout-room-error'],
    async run(stage) {
      const [mod, guest] = [await enter(stage, 'mod', 'moderator'), await enter(stage, 'guest')];
      const [id = ''] = await create(mod);
      const failed = event(guest, 'breakout-room-error');
      const answer = await said((cb) => guest.joinBreakOutRoom({ role: 'participant', room_id: id }, { audio: true }, cb), 'join uninvited');
      equal(answer.result, 1731, 'the code');
      equal(await failed, answer, 'the event is the answer');
      ok(typeof answer.msg === 'string' && answer.msg.length > 10, 'a sentence');
    },
  },
  {
    name: 'enablex: an invitation is rejected, in both spellings',
    rows: ['enablex.rejectBreakOutRoomInvite', 'enablex.rejectBreakOutRoomInvitation', 'enablex.breakout-invite-rejected'],
    async run(stage) {
      const [mod, guest] = [await enter(stage, 'mod', 'moderator'), await enter(stage, 'guest')];
      const [id = ''] = await create(mod);
      for (const spelling of ['rejectBreakOutRoomInvite', 'rejectBreakOutRoomInvitation'] as const) {
        const invited = event(guest, 'join-breakout-room');
        mod.inviteToBreakoutRoom({ clients: [guest.clientId], room_id: id });
        await invited;
        const told = event(mod, 'breakout-invite-rejected');
        equal((await said((cb) => guest[spelling](id, cb), spelling)).result, 0, spelling);
        equal((await told).message, { room_id: id, client_id: guest.clientId }, 'what the moderator learns');
      }
    },
  },
  {
    name: 'enablex: the parent is paused, resumed, muted and unmuted from inside',
    rows: ['enablex.pauseRoom', 'enablex.resumeRoom', 'enablex.pause', 'enablex.resume', 'enablex.muteRoom', 'enablex.unMuteRoom', 'enablex.unMuteRoom.both'],
    async run(stage) {
      const { guest } = await inside(stage);
      const gate = (): unknown => guest.native.me.gate;
      const none = { paused: false, audioMuted: false, videoMuted: false };
      equal(gate(), none, 'joining leaves the parent live');
      equal(await said((cb) => guest.pauseRoom(cb), 'pauseRoom'), { result: 0, msg: 'Room paused' }, 'pauseRoom');
      await until(guest.native, () => guest.native.me.gate.paused, 'paused');
      equal(await said((cb) => guest.resumeRoom(cb), 'resumeRoom'), { result: 0, msg: 'Room resumed' }, 'resumeRoom');
      equal(await said((cb) => guest.pause(cb), 'pause'), { result: 0, msg: 'Room paused' }, 'pause');
      equal(await said((cb) => guest.resume(cb), 'resume'), { result: 0, msg: 'Room resumed' }, 'resume');
      await until(guest.native, () => !guest.native.me.gate.paused, 'resumed');
      equal(await said((cb) => guest.muteRoom({ audio: true, video: false }, cb), 'muteRoom'), { result: 0, msg: 'Room muted' }, 'muteRoom');
      await until(guest.native, () => guest.native.me.gate.audioMuted && !guest.native.me.gate.videoMuted, 'audio muted');
      equal(await said((cb) => guest.unMuteRoom({ audio: true, video: false }, cb), 'unMuteRoom'), { result: 0, msg: 'Room unmuted' }, 'unMuteRoom');
      await said((cb) => guest.muteRoom({ audio: true, video: true }, cb), 'muteRoom both');
      equal(await said((cb) => guest.unMuteRoom(null, cb), 'unMuteRoom without info'), { result: 0, msg: 'Room unmuted' }, 'unmute means both');
      await until(guest.native, () => JSON.stringify(gate()) === JSON.stringify(none), 'all open again');
    },
  },
  {
    name: 'enablex: a pause that fails is 1138',
    rows: ['enablex.1138'],
    async run(stage) {
      const guest = await enter(stage, 'guest');
      guest.native.leave();
      for (const call of ['pauseRoom', 'resumeRoom'] as const) equal((await said((cb) => guest[call](cb), call)).result, 1138, call);
      equal((await said((cb) => guest.muteRoom({ audio: true }, cb), 'muteRoom')).result, 1138, 'muteRoom');
    },
  },
  {
    name: 'enablex: the room object of a breakout disconnects, and the rest is told',
    rows: ['enablex.disconnect', 'enablex.breakout-room-disconnected', 'enablex.user-disconnected-breakout-room'],
    async run(stage) {
      const { mod, guest, id, more: [other] } = await inside(stage, 'other');
      ok(other, 'somebody stays');
      const last = await enter(stage, 'last');
      const connected = event(last, 'breakout-room-connected');
      mod.inviteToBreakoutRoom({ clients: [last.clientId], room_id: id, force_join: true });
      const { room } = await connected;
      const gone = event(last, 'breakout-room-disconnected');
      const told = [event(guest, 'user-disconnected-breakout-room'), event(other, 'user-disconnected-breakout-room')];
      room.disconnect();
      equal((await gone).message, { room_id: id }, 'the leaver');
      for (const { clientId, name, room: left } of await Promise.all(told)) equal([clientId, name, left], [last.clientId, 'last', id], 'those who stay');
    },
  },
  {
    name: 'enablex: clear returns everybody, one event each, and keeps the rooms',
    rows: ['enablex.clearAllBreakOutSession', 'enablex.breakout-user-disconnected'],
    async run(stage) {
      const { mod, guest, more: [other], id } = await inside(stage, 'other');
      const back: string[] = [];
      const both = soon(new Promise<void>((resolve) => mod.addEventListener('breakout-user-disconnected', ({ message }) => {
        equal(message.room_id, id, 'room');
        back.push(message.client_id);
        if (back.length === 2) resolve();
      })), 'breakout-user-disconnected twice');
      mod.clearAllBreakOutSession();
      await both;
      equal(back.sort(), [guest.clientId, other?.clientId].sort(), 'who is back');
      equal(mod.native.breakouts.all.length, 1, 'the room is kept');
    },
  },
  {
    name: 'enablex: destroy returns everybody, and the parent is resumed and unmuted',
    rows: ['enablex.destroyAllBreakOutSession', 'enablex.breakout-room-destroyed'],
    async run(stage) {
      const { mod, guest, id } = await inside(stage);
      await said((cb) => guest.pauseRoom(cb), 'pauseRoom');
      await said((cb) => guest.muteRoom({ audio: true, video: true }, cb), 'muteRoom');
      const destroyed = event(guest, 'breakout-room-destroyed');
      mod.destroyAllBreakOutSession();
      equal((await destroyed).message.rooms, [id], 'what is gone');
      await until(guest.native, () => !guest.native.me.isAway && !guest.native.me.gate.paused && !guest.native.me.gate.audioMuted && !guest.native.me.gate.videoMuted, 'the parent is open');
      await until(mod.native, () => mod.native.breakouts.all.length === 0, 'no rooms');
    },
  },
  {
    name: 'enablex: no breakouts in lecture mode',
    rows: ['enablex.5067'],
    async run(stage) {
      const mod = await enter(stage, 'mod', 'moderator');
      await mod.native.setMode('lecture');
      equal(await refusal(mod, {}), 5067, 'create');
      equal((await said((cb) => mod.inviteToBreakoutRoom({ clients: [], room_id: 'b1' }, cb), 'invite')).result, 5067, 'invite');
    },
  },
  {
    name: 'enablex: a join without any media credentials is 1729',
    rows: ['enablex.1729'],
    async run(stage) {
      const refused = await joinRoom(stage.setup.url, 'no token at all').then(() => undefined, (error: EnxJoinError) => error);
      equal(refused?.result, 1729, 'a connect without a valid token');
      ok(refused?.msg && refused.msg.length > 10, 'a sentence');
    },
  },
];
