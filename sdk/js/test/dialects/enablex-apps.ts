/** Apps written for the EnableX web SDK, with the different habits of its samples. */
import { EnxRoom, type EnxAnswer, type EnxBreakoutDefinition, type EnxConnected, type EnxEventName, type EnxRooms } from '../../src/dialects/enablex/index.ts';
import { answerOf, equal, ok, soon, uncaught, until, type Scenario, type Stage } from './stage.ts';

const ONE: EnxBreakoutDefinition = { participants: 3, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };
const ALL: EnxEventName[] = [
  'join-breakout-room', 'breakout-room-joining', 'breakout-room-connected', 'breakout-room-error', 'user-joined-breakout-room',
  'breakout-invite-rejected', 'breakout-room-disconnected', 'user-disconnected-breakout-room', 'breakout-user-disconnected',
  'breakout-room-destroyed', 'room-disconnected',
];

/** An app: its room, and everything that it received, in order. */
class App {
  readonly told: { name: string; event: any }[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(readonly room: EnxRoom) {
    for (const name of ALL) room.addEventListener(name, (event) => this.note(name, event));
  }

  note(name: string, event: unknown): void {
    this.told.push({ name, event });
    for (const wake of this.#waiting) wake();
  }

  /** Waits for the `count`th event of a name. */
  async heard(name: string, count = 1): Promise<any> {
    const found = (): { event: any }[] => this.told.filter((each) => each.name === name);
    const wait = async (): Promise<any> => {
      while (found().length < count) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            this.#waiting.delete(wake);
            resolve();
          };
          this.#waiting.add(wake);
        });
      }
      return found()[count - 1]?.event;
    };
    return soon(wait(), `${name} (${count})`);
  }

  get names(): string[] {
    return this.told.map(({ name }) => name);
  }
  get id(): string {
    return this.room.clientId;
  }
}

async function app(stage: Stage, identity: string, role: 'moderator' | 'participant' = 'participant'): Promise<App> {
  return new App(new EnxRoom(await stage.join(identity, role)));
}

const said = (call: (callback: (answer: EnxAnswer) => void) => void, what: string): Promise<EnxAnswer> => answerOf(call, what);

async function create(who: App, change: object = {}): Promise<string[]> {
  const answer = await answerOf<EnxAnswer<EnxRooms>>((cb) => who.room.createBreakoutRoom({ ...ONE, ...change }, cb), 'createBreakoutRoom');
  if (answer.result !== 0) throw new Error(`createBreakoutRoom: ${answer.result} ${answer.msg}`);
  return answer.msg.rooms;
}

async function refusal(who: App, change: object): Promise<number> {
  return (await answerOf<EnxAnswer<EnxRooms>>((cb) => who.room.createBreakoutRoom({ ...ONE, ...change } as EnxBreakoutDefinition, cb), 'createBreakoutRoom')).result;
}

async function put(mod: App, who: App, room_id: string): Promise<EnxConnected> {
  const before = who.names.filter((name) => name === 'breakout-room-connected').length;
  mod.room.inviteToBreakoutRoom({ clients: [who.id], room_id, force_join: true });
  return who.heard('breakout-room-connected', before + 1);
}

const fields = (value: object): string[] => Object.keys(value).sort();

export const enablexApps: Scenario[] = [
  {
    name: 'enablex: the argument of breakout-room-connected is metadata and a room object in one',
    rows: ['enablex.connected.argument', 'enablex.connected.owner', 'enablex.connected.clients'],
    async run(stage) {
      const [mod, guest, late] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest'), await app(stage, 'late')];
      const [id = ''] = await create(mod);
      await put(mod, guest, id);
      const event = await put(mod, late, id);
      for (const [way, meta] of Object.entries({ event, message: event.message, room: event.room })) {
        equal([meta.room_id, meta.owner, meta.participants, meta.audio, meta.video, meta.share, meta.canvas], [id, mod.id, 3, true, false, false, false], way);
        equal(meta.clients.map(({ clientId }) => clientId).sort(), [guest.id, late.id].sort(), `${way}: everyone inside`);
        equal(typeof meta.addEventListener, 'function', `${way} is a room object`);
      }
      const { room_id, disconnect, ...rest } = event;
      equal([room_id, typeof disconnect, rest.owner], [id, 'function', mod.id], 'destructured');
      equal({ ...event }.room_id, id, 'spread');
      equal(JSON.parse(JSON.stringify(event)).clients, event.clients, 'serialized');
      equal(structuredClone(event.message).room_id, id, 'cloned');
      equal(fields(event.message), ['audio', 'canvas', 'clients', 'name', 'owner', 'participants', 'room_id', 'share', 'video'], 'fields');
      const gone = soon(new Promise<any>((resolve) => event.addEventListener('breakout-room-disconnected', resolve)), 'its own listener');
      const silent: unknown[] = [];
      const listener = (each: unknown): void => void silent.push(each);
      event.addEventListener('breakout-room-disconnected', listener);
      event.message.removeEventListener('breakout-room-disconnected', listener);
      const left = answerOf<EnxAnswer>((cb) => disconnect(cb), 'disconnect');
      equal(await left, { result: 0, msg: 'Success' }, 'disconnect without its object');
      equal((await gone).message, { room_id: id }, 'told');
      equal(silent.length, 0, 'removed');
      equal((await said((cb) => event.disconnect(cb), 'disconnect again')).result, 1138, 'there is nothing to leave any more');
    },
  },
  {
    name: 'enablex: after a reload inside a breakout the room object is there again, and so is an invitation',
    rows: ['enablex.connected.reload', 'enablex.join-breakout-room.reload'],
    async run(stage) {
      const [mod, guest, asked] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest'), await app(stage, 'asked')];
      const [id = ''] = await create(mod);
      await put(mod, guest, id);
      mod.room.inviteToBreakoutRoom({ clients: [asked.id], room_id: id });
      await asked.heard('join-breakout-room');
      const again = await app(stage, 'guest');
      const event = await again.heard('breakout-room-connected');
      equal([event.room_id, event.owner], [id, mod.id], 'its metadata');
      event.disconnect();
      equal((await again.heard('breakout-room-disconnected')).message, { room_id: id }, 'it disconnects');
      const late = new EnxRoom(await stage.join('asked'));
      const told: string[] = [];
      await new Promise((resolve) => setTimeout(resolve));
      const both = ['one', 'two'].map((which) => new Promise<void>((resolve) => late.addEventListener('join-breakout-room', (each) => {
        told.push(`${which} ${each.message.room_id}`);
        resolve();
      })));
      await soon(Promise.all(both), 'join-breakout-room after the reload');
      equal(told.sort(), [`one ${id}`, `two ${id}`], 'once each');
    },
  },
  {
    name: 'enablex: a listener or callback that throws stops no other',
    rows: ['enablex.throwing'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      const heard: string[] = [];
      const listening = new EnxRoom(guest.room.native);
      listening.addEventListener('join-breakout-room', () => {
        throw new Error('of a listener');
      });
      listening.addEventListener('join-breakout-room', async () => {
        throw new Error('of a promise');
      });
      listening.addEventListener('join-breakout-room', () => heard.push('second'));
      const reported = await uncaught(async () => {
        const [id = ''] = await create(mod);
        mod.room.inviteToBreakoutRoom({ clients: [guest.id], room_id: id }, () => {
          throw new Error('of a callback');
        });
        await guest.heard('join-breakout-room');
        equal((await said((cb) => guest.room.joinBreakOutRoom({ room_id: id }, { audio: true }, cb), 'join')).result, 0, 'later commands work');
        await guest.heard('breakout-room-connected');
      });
      equal(heard, ['second'], 'the listener after it');
      equal(reported.sort(), ['of a callback', 'of a listener', 'of a promise'], 'each is reported as uncaught');
    },
  },
  {
    name: 'enablex: every spelling exists, on its object or taken off it',
    rows: ['enablex.createBreakOutRoom', 'enablex.inviteToBreakOutRoom', 'enablex.unmuteRoom'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      const { createBreakOutRoom, inviteToBreakOutRoom } = mod.room;
      const made = await answerOf<EnxAnswer<EnxRooms>>((cb) => createBreakOutRoom(ONE, cb), 'createBreakOutRoom');
      ok(made.result === 0, 'createBreakOutRoom');
      const [id = ''] = made.msg.rooms;
      equal(await said((cb) => inviteToBreakOutRoom({ clients: [guest.id], room_id: id, force_join: true }, cb), 'inviteToBreakOutRoom'), { result: 0, msg: 'Success' }, 'inviteToBreakOutRoom');
      await guest.heard('breakout-room-connected');
      await said((cb) => guest.room.muteRoom({ audio: true, video: true }, cb), 'muteRoom');
      equal(await said((cb) => guest.room.unmuteRoom({ audio: true }, cb), 'unmuteRoom'), { result: 0, msg: 'Room unmuted' }, 'unmuteRoom');
      equal(await said((cb) => guest.room.unmuteRoom(cb), 'unmuteRoom'), { result: 0, msg: 'Room unmuted' }, 'unmuteRoom without info');
    },
  },
  {
    name: 'enablex: a callback in the place of an optional argument is called, and may be missing',
    rows: ['enablex.callback.place', 'enablex.callback.missing'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      const [id = ''] = await create(mod);
      mod.room.inviteToBreakoutRoom({ clients: [guest.id], room_id: id });
      await guest.heard('join-breakout-room');
      equal((await said((cb) => guest.room.joinBreakOutRoom({ role: 'participant', room_id: id }, cb), 'join')).result, 0, 'in the place of stream info');
      await guest.heard('breakout-room-connected');
      await said((cb) => guest.room.muteRoom({ audio: true, video: true }, cb), 'muteRoom');
      equal((await said((cb) => guest.room.unMuteRoom(cb), 'unMuteRoom')).result, 0, 'in the place of info');
      equal((await said((cb) => guest.room.muteRoom(cb as never), 'muteRoom')).result, 1138, 'in the place of what is required: an error, told');
      equal((await said((cb) => mod.room.createBreakoutRoom(cb as never), 'create')).result, 1734, 'without a definition');
      // Calls without a callback, most of which fail: nothing is thrown, nothing is left unhandled.
      guest.room.createBreakoutRoom(ONE);
      guest.room.inviteToBreakoutRoom({ clients: [], room_id: 'b99' });
      guest.room.joinBreakOutRoom({ room_id: 'b99' }, { audio: true });
      guest.room.rejectBreakOutRoomInvite('b99');
      guest.room.muteRoom({});
      guest.room.pauseRoom();
      guest.room.destroyAllBreakOutSession();
      await guest.heard('breakout-room-error');
      mod.room.clearAllBreakOutSession();
      equal((await guest.heard('breakout-room-disconnected')).message, { room_id: id }, 'clear without a callback');
    },
  },
  {
    name: 'enablex: every code of a creation, at the edge of every number',
    rows: ['enablex.edges'],
    async run(stage) {
      const mod = await app(stage, 'mod', 'moderator');
      const most = mod.room.native.settings.maxActiveTalkers - 1;
      const cases: [object, number][] = [
        ...[1, 0, -1, 2.5, Number.NaN, 'many', '2.5', '-3', true, {}, [], '1'].map((participants): [object, number] => [{ participants }, 1724]),
        ...[most + 1, String(most + 1), 2 ** 32, 2 ** 53, 1e21, Number.POSITIVE_INFINITY].map((participants): [object, number] => [{ participants }, 1725]),
        ...[undefined, null, ''].map((participants): [object, number] => [{ participants }, 1734]),
        ...[11, '11', 2 ** 32, 1e21].map((max_rooms): [object, number] => [{ max_rooms }, 1726]),
        ...[0, -1, 1.5, 'two', undefined, null, Number.NaN].map((max_rooms): [object, number] => [{ max_rooms }, 1731]),
        ...['audio', 'video', 'canvas', 'share'].flatMap((flag) => [undefined, null, 'yes', 1].map((value): [object, number] => [{ [flag]: value }, 1731])),
        [{ participants: undefined, max_rooms: 99, audio: undefined }, 1734],
      ];
      for (const [change, code] of cases) equal(await refusal(mod, change), code, JSON.stringify(change));
      equal(mod.room.native.breakouts.all.length, 0, 'nothing was made by what was refused');
      equal((await create(mod, { participants: '2', max_rooms: '2' })).length, 2, 'numbers as strings');
      equal((await create(mod, { participants: most, max_rooms: 8 })).length, 8, 'the largest that there is room for');
      equal(await refusal(mod, {}), 1726, 'the eleventh');
    },
  },
  {
    name: 'enablex: unknown rooms and refused creations are 1731',
    rows: ['enablex.1731.unknown', 'enablex.1731.refused'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      equal(await refusal(guest, {}), 1731, 'a creation by somebody who may not');
      let errors = 0;
      for (const room_id of ['b99', 'nowhere', '', 7, undefined] as string[]) {
        equal((await said((cb) => mod.room.inviteToBreakoutRoom({ clients: [guest.id], room_id }, cb), 'invite')).result, 1731, `invite to ${room_id}`);
        const answer = await said((cb) => guest.room.joinBreakOutRoom({ role: 'participant', room_id }, { audio: true }, cb), 'join');
        equal(answer.result, 1731, `join ${room_id}`);
        errors += 1;
        equal(await guest.heard('breakout-room-error', errors), answer, `the event of ${room_id}`);
        equal((await said((cb) => guest.room.rejectBreakOutRoomInvite(room_id, cb), 'reject')).result, 1731, `reject ${room_id}`);
      }
      const [id = ''] = await create(mod);
      await put(mod, guest, id);
      equal((await said((cb) => guest.room.joinBreakOutRoom({ room_id: id }, { audio: true }, cb), 'join')).result, 1731, 'inside already');
      mod.room.joinBreakOutRoom({ role: 'moderator', room_id: id }, { audio: true });
      await mod.heard('breakout-room-connected');
      equal(await refusal(mod, {}), 1731, 'a creation from inside a breakout');
    },
  },
  {
    name: 'enablex: a mute that names nothing is an error, and in the parent pause and mute say why they do nothing',
    rows: ['enablex.muteRoom.nothing', 'enablex.gate.parent'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      for (const call of ['pauseRoom', 'pause'] as const) {
        const answer = await said((cb) => guest.room[call](cb), call);
        equal(answer.result, 1138, call);
        ok(typeof answer.msg === 'string' && answer.msg.includes('parent room'), `${call} says why`);
      }
      equal((await said((cb) => guest.room.muteRoom({ audio: true }, cb), 'muteRoom')).result, 1138, 'muteRoom');
      equal(await said((cb) => guest.room.resumeRoom(cb), 'resumeRoom'), { result: 0, msg: 'Room resumed' }, 'resuming what is not paused');
      equal(await said((cb) => guest.room.unMuteRoom(cb), 'unMuteRoom'), { result: 0, msg: 'Room unmuted' }, 'unmuting what is not muted');
      const [id = ''] = await create(mod);
      await put(mod, guest, id);
      const odd = [{}, { audio: false, video: false }, { audio: 'true' }, { audio: 1 }, { video: null }, null, undefined, 'audio', []] as object[];
      for (const info of odd) equal((await said((cb) => guest.room.muteRoom(info, cb), 'muteRoom')).result, 1138, JSON.stringify(info) ?? 'nothing');
      for (const info of odd.slice(0, 5)) equal((await said((cb) => guest.room.unMuteRoom(info, cb), 'unMuteRoom')).result, 1138, JSON.stringify(info));
      equal(guest.room.native.me.gate, { paused: false, audioMuted: false, videoMuted: false }, 'nothing changed');
    },
  },
  {
    name: 'enablex: the callback comes first, then the events that the command caused',
    rows: ['enablex.order', 'enablex.sameTick'],
    async run(stage) {
      const [mod, guest] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest')];
      const [id = ''] = await create(mod);
      const noted = (who: App, what: string) => (answer: EnxAnswer): void => who.note(`${what} ${answer.result}`, answer);
      guest.room.joinBreakOutRoom({ room_id: id }, { audio: true }, noted(guest, 'join'));
      await guest.heard('breakout-room-error');
      const { room } = guest;
      const connected = new Promise<EnxConnected>((resolve) => {
        room.addEventListener('join-breakout-room', (event) => {
          room.joinBreakOutRoom({ role: 'participant', room_id: event.message.room_id }, { audio: true, video: false, screen: false, canvas: false }, noted(guest, 'join'));
          room.pauseRoom(noted(guest, 'pause'));
          room.addEventListener('breakout-room-connected', resolve);
        });
      });
      mod.room.inviteToBreakoutRoom({ clients: [guest.id], room_id: id });
      const breakoutRoom = await soon(connected, 'a listener that was added after the call');
      await guest.heard('pause 0');
      breakoutRoom.disconnect(noted(guest, 'disconnect'));
      await guest.heard('breakout-room-disconnected');
      equal(guest.names.filter((name) => !name.startsWith('pause')), ['join 1731', 'breakout-room-error', 'join-breakout-room', 'join 0', 'breakout-room-connected', 'disconnect 0', 'breakout-room-disconnected'], 'the order');
      equal(await said((cb) => guest.room.resumeRoom(cb), 'resumeRoom'), { result: 0, msg: 'Room resumed' }, 'back in the parent');
      await put(mod, guest, id);
      mod.room.clearAllBreakOutSession(noted(mod, 'clear'));
      await mod.heard('breakout-user-disconnected');
      await put(mod, guest, id);
      mod.room.destroyAllBreakOutSession(noted(mod, 'destroy'));
      await mod.heard('breakout-room-destroyed');
      equal(mod.names, ['clear 0', 'breakout-user-disconnected', 'destroy 0', 'breakout-room-destroyed'], 'of a moderator');
      await guest.heard('breakout-room-destroyed');
      equal(guest.names.slice(-2), ['breakout-room-disconnected', 'breakout-room-destroyed'], 'of a member');
    },
  },
  {
    name: 'enablex: payloads have exactly the published fields, and are plain',
    rows: ['enablex.payloads'],
    async run(stage) {
      const [mod, guest, late] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest'), await app(stage, 'late')];
      const [id = ''] = await create(mod);
      await put(mod, guest, id);
      const plain = (event: any, shape: object, what: string): void => {
        equal(event, shape, what);
        equal([fields(event), Object.getPrototypeOf(event) === Object.prototype, structuredClone(event)], [fields(shape), true, shape], `${what} is plain`);
      };
      const joined = late.heard('breakout-room-connected');
      mod.room.inviteToBreakoutRoom({ clients: `['${late.id}']`, room_id: id, force_join: true });
      plain(await late.heard('breakout-room-joining'), { type: 'breakout-room-joining', message: { room_id: id, requestor: mod.id } }, 'joining');
      await joined;
      const came = await guest.heard('user-joined-breakout-room');
      plain(came, { clientId: late.id, room: id }, 'joined');
      equal(came.type, 'user-joined-breakout-room', 'its type can be read');
      (await joined).disconnect();
      plain(await guest.heard('user-disconnected-breakout-room'), { clientId: late.id, name: 'late', room: id }, 'left');
      plain(await late.heard('breakout-room-disconnected'), { type: 'breakout-room-disconnected', message: { room_id: id } }, 'disconnected');
      mod.room.inviteToBreakoutRoom({ clients: `[${late.id}]`, room_id: id });
      plain(await late.heard('join-breakout-room'), { type: 'join-breakout-room', message: { room_id: id, requestor: mod.id } }, 'asked');
      late.room.rejectBreakOutRoomInvite(id);
      plain(await mod.heard('breakout-invite-rejected'), { type: 'breakout-invite-rejected', message: { room_id: id, client_id: late.id } }, 'rejected');
      mod.room.clearAllBreakOutSession();
      plain(await mod.heard('breakout-user-disconnected'), { type: 'breakout-user-disconnected', message: { room_id: id, client_id: guest.id } }, 'returned');
      await put(mod, guest, id);
      mod.room.destroyAllBreakOutSession();
      plain(await guest.heard('breakout-room-destroyed'), { type: 'breakout-room-destroyed', message: { rooms: [id] } }, 'destroyed');
    },
  },
  {
    name: 'enablex: a participant with the grant creates, invites, clears and destroys',
    rows: ['enablex.grant', 'enablex.owner.told'],
    async run(stage) {
      const [owner, guest, invited, other] = [await app(stage, 'owner'), await app(stage, 'guest'), await app(stage, 'invited'), await app(stage, 'other')];
      await stage.grant(owner.id, { createBreakouts: true });
      await until(owner.room.native, () => owner.room.native.me.grants.createBreakouts, 'the grant');
      const [id = ''] = await create(owner);
      const event = await put(owner, guest, id);
      equal(event.owner, owner.id, 'the creator owns it');
      await until(guest.room.native, () => !guest.room.native.me.gate.paused, 'the parent is live though nobody might say so for the room');
      owner.room.clearAllBreakOutSession();
      equal((await owner.heard('breakout-user-disconnected')).message, { room_id: id, client_id: guest.id }, 'one for each');
      await put(owner, guest, id);
      owner.room.inviteToBreakoutRoom({ clients: [invited.id], room_id: id });
      await invited.heard('join-breakout-room');
      owner.room.destroyAllBreakOutSession();
      for (const who of [owner, guest]) equal((await who.heard('breakout-room-destroyed')).message, { rooms: [id] }, 'the owner, and whoever was inside');
      await until(invited.room.native, () => invited.room.native.breakouts.invitations.length === 0, 'the invitation goes away');
      equal([invited, other].map(({ names }) => names.includes('breakout-room-destroyed')), [false, false], 'nobody else');
    },
  },
  {
    name: 'enablex: disconnect on the parent’s room object leaves the meeting',
    rows: ['enablex.disconnect.parent'],
    async run(stage) {
      const [mod, guest, stays] = [await app(stage, 'mod', 'moderator'), await app(stage, 'guest'), await app(stage, 'stays')];
      const [id = ''] = await create(mod);
      await put(mod, stays, id);
      await put(mod, guest, id);
      guest.room.disconnect((answer) => guest.note(`disconnect ${answer.result}`, answer));
      await guest.heard('room-disconnected');
      equal(guest.names.slice(-3), ['disconnect 0', 'breakout-room-disconnected', 'room-disconnected'], 'the leaver');
      equal(await stays.heard('user-disconnected-breakout-room'), { clientId: guest.id, name: 'guest', room: id }, 'those who stay');
      const { clientId } = guest.room;
      await until(mod.room.native, () => !mod.room.native.participants.has(clientId), 'gone');
    },
  },
];
