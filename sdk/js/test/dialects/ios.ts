/** Every delegate method of the EnableX iOS SDK, with its object and payload. */
import { IosRoom, type IosDelegate, type IosSelectors } from '../../src/dialects/ios/index.ts';
import { equal, ok, soon, until, type Scenario, type Stage } from './stage.ts';

const TWO = { participants: 3, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };

/** Keeps every call of a delegate, and waits for the next one of a name. */
class Recorder {
  readonly calls: { name: string; payload: any; room: IosRoom }[] = [];
  onCall: (name: string) => void = () => {};
  readonly #waiting: (() => void)[] = [];
  readonly delegate: IosDelegate = new Proxy({}, {
    get: (_, name) => (String(name).startsWith('room:') ? undefined : (payload: unknown, room: IosRoom) => {
      this.calls.push({ name: String(name), payload, room });
      this.onCall(String(name));
      for (const wake of this.#waiting.splice(0)) wake();
    }),
  });

  next(name: keyof IosDelegate): Promise<any> {
    const seen = this.count(name);
    const wait = async (): Promise<unknown> => {
      while (this.count(name) === seen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return this.calls.filter((call) => call.name === name).at(-1)?.payload;
    };
    return soon(wait(), name);
  }
  count(name: string): number {
    return this.calls.filter((call) => call.name === name).length;
  }
}

interface Phone {
  room: IosRoom;
  heard: Recorder;
}

async function phone(stage: Stage, identity: string, role: 'moderator' | 'participant' = 'participant'): Promise<Phone> {
  const heard = new Recorder();
  return { room: new IosRoom(await stage.join(identity, role), heard.delegate), heard };
}

async function create(mod: Phone): Promise<string> {
  const answered = mod.heard.next('didAckCreateBreakOutRoom');
  mod.room.createBreakOutRoom(TWO);
  const { result, msg } = await answered;
  equal(result, 0, `didAckCreateBreakOutRoom ${JSON.stringify(msg)}`);
  return msg.rooms[0];
}

async function force(mod: Phone, guest: Phone, roomId: string): Promise<void> {
  const connected = guest.heard.next('didConnectedBreakoutRoom');
  mod.room.inviteToBreakOutRoom({ clients: [guest.room.native.me.id], room_id: roomId, force_join: true });
  await connected;
}

export const ios: Scenario[] = [
  {
    name: 'ios: creating is acknowledged, and every moderator in the parent learns of it',
    rows: ['ios.didAckCreateBreakOutRoom', 'ios.didAckCreateAndInviteBreakOutRoom', 'ios.didBreakoutRoomCreated'],
    async run(stage) {
      const [mod, second, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'second', 'moderator'), await phone(stage, 'guest')];
      const told = second.heard.next('didBreakoutRoomCreated');
      const id = await create(mod);
      equal(await told, { rooms: [id], owner: mod.room.native.me.id }, 'what the other moderator learns');
      const answered = mod.heard.next('didAckCreateAndInviteBreakOutRoom');
      mod.room.createAndInviteBreakOutRoom(TWO);
      equal((await answered).result, 0, 'didAckCreateAndInviteBreakOutRoom');
      equal(guest.heard.count('didBreakoutRoomCreated'), 0, 'a participant is not told');
    },
  },
  {
    name: 'ios: an invitation, its rejection, and who learns of both',
    rows: ['ios.didAckInviteBreakOutRoom', 'ios.didInvitationForBreakoutRoom', 'ios.didBreakoutRoomInvited', 'ios.didAckRejectBreakoutRoom', 'ios.didBreakoutRoomInviteRejected'],
    async run(stage) {
      const [mod, second, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'second', 'moderator'), await phone(stage, 'guest')];
      const id = await create(mod);
      const me = guest.room.native.me.id;
      const [acknowledged, invited, told] = [mod.heard.next('didAckInviteBreakOutRoom'), guest.heard.next('didInvitationForBreakoutRoom'), second.heard.next('didBreakoutRoomInvited')];
      mod.room.inviteToBreakOutRoom({ clients: [me], room_id: id });
      equal(await acknowledged, { result: 0, msg: 'Success' }, 'the acknowledgement');
      equal(await invited, { type: 'join-breakout-room', message: { room_id: id, requestor: mod.room.native.me.id } }, 'the invitee');
      equal(await told, { room_id: id, clients: [me], requestor: mod.room.native.me.id }, 'every moderator');
      const [said, learnt] = [guest.heard.next('didAckRejectBreakoutRoom'), second.heard.next('didBreakoutRoomInviteRejected')];
      guest.room.rejectInviteBreakOutRoom(id);
      equal(await said, { result: 0, msg: 'Success' }, 'the rejection is acknowledged');
      equal(await learnt, { room_id: id, clientId: me }, 'who rejected');
    },
  },
  {
    name: 'ios: a forced join, the entrance, and everyone inside',
    rows: ['ios.didBreakoutroomjoining', 'ios.didConnectedBreakoutRoom', 'ios.didUserJoinedBreakoutRoom'],
    async run(stage) {
      const [mod, guest, late] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest'), await phone(stage, 'late')];
      const id = await create(mod);
      await force(mod, guest, id);
      const [joining, connected, told] = [late.heard.next('didBreakoutroomjoining'), late.heard.next('didConnectedBreakoutRoom'), guest.heard.next('didUserJoinedBreakoutRoom')];
      mod.room.inviteToBreakOutRoom({ clients: `["${late.room.native.me.id}"]`, room_id: id, force_join: true });
      equal((await joining).message.room_id, id, 'joining');
      equal((await connected).room_id, id, 'room meta');
      equal(await told, { clientId: late.room.native.me.id, room: id }, 'everyone inside');
    },
  },
  {
    name: 'ios: a join that fails',
    rows: ['ios.didFailedJoinBreakOutRoom'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const id = await create(mod);
      const failed = guest.heard.next('didFailedJoinBreakOutRoom');
      guest.room.joinBreakOutRoom({ room_id: id }, { audio: true });
      const { result, msg } = await failed;
      equal(result, 1731, 'the code');
      ok(msg.length > 10, 'a sentence');
    },
  },
  {
    name: 'ios: leaving, and being returned by clear and by destroy',
    rows: ['ios.didDisconnectedBreakoutRoom', 'ios.didUserDisconnectedFromBreakoutRoom'],
    async run(stage) {
      const [mod, guest, other] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest'), await phone(stage, 'other')];
      const id = await create(mod);
      await force(mod, guest, id);
      await force(mod, other, id);
      const [left, told] = [guest.heard.next('didDisconnectedBreakoutRoom'), other.heard.next('didUserDisconnectedFromBreakoutRoom')];
      guest.room.disconnect();
      const me = guest.room.native.me.id;
      equal(await left, { moderatorId: '', msg: 'Breakout Room disconnected', result: 0 }, 'the leaver');
      equal(await told, { clientId: me, name: 'guest', room: id }, 'those who stay');
      for (const end of ['clearAllBreakOutSession', 'destroyAllBreakOutSession'] as const) {
        await force(mod, guest, id);
        const returned = guest.heard.next('didDisconnectedBreakoutRoom');
        mod.room[end]();
        equal(await returned, { room_id: id }, end);
        equal((await returned).moderatorId, mod.room.native.me.id, `${end} by whom`);
      }
    },
  },
  {
    name: 'ios: pause, resume, mute and unmute are for the whole parent, and a moderator’s',
    rows: ['ios.didAckPause', 'ios.didAckResume', 'ios.didAckMuteRoom', 'ios.didAckUnmuteRoom'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const gate = (): { paused: boolean; audioMuted: boolean; videoMuted: boolean } => guest.room.native.roomGate;
      const rows = [
        ['didAckPause', (): void => mod.room.pauseRoom(), 'Room muted', () => gate().paused],
        ['didAckResume', (): void => mod.room.resumeRoom(), 'Room resumed', () => !gate().paused],
        ['didAckMuteRoom', (): void => mod.room.muteRoom({ audio: true, video: true }), 'Room muted', () => gate().audioMuted && gate().videoMuted],
        ['didAckUnmuteRoom', (): void => mod.room.unmuteRoom(), 'Room unmuted', () => !gate().audioMuted && !gate().videoMuted],
      ] as const;
      for (const [name, call, msg, holds] of rows) {
        const answered = mod.heard.next(name);
        call();
        equal(await answered, { result: 0, msg }, name);
        await until(guest.room.native, holds, `${name} reaches everybody`);
      }
      const refused = guest.heard.next('didAckPause');
      guest.room.pauseRoom();
      equal((await refused).result, 1138, 'a participant may not');
    },
  },
  {
    name: 'ios: an invite from inside a breakout has no effect',
    rows: ['ios.inviteFromInside'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const id = await create(mod);
      const inside = mod.heard.next('didConnectedBreakoutRoom');
      mod.room.joinBreakOutRoom({ role: 'moderator', room_id: id }, { audio: true });
      await inside;
      const answered = mod.heard.next('didAckInviteBreakOutRoom');
      mod.room.inviteToBreakOutRoom({ clients: [guest.room.native.me.id], room_id: id, force_join: true });
      ok((await answered).result !== 0, 'it is refused');
      equal(guest.room.native.me.isAway, false, 'nobody moved');
      equal(guest.heard.count('didBreakoutroomjoining'), 0, 'nobody was told');
    },
  },
  {
    name: 'ios: every spelling of a command, and arguments as dictionaries',
    rows: ['ios.spellings', 'ios.codes'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const invited = guest.heard.next('didInvitationForBreakoutRoom');
      const answered = mod.heard.next('didAckCreateAndInviteBreakOutRoom');
      mod.room.createAndInviteBreakoutRoom(TWO);
      const [id] = (await answered).msg.rooms;
      await invited;
      const rejected = guest.heard.next('didAckRejectBreakoutRoom');
      guest.room.rejectBreakOutRoom({ room_id: id });
      equal(await rejected, { result: 0, msg: 'Success' }, 'rejectBreakOutRoom');
      for (const [call, name, msg] of [['pause', 'didAckPause', 'Room muted'], ['resume', 'didAckResume', 'Room resumed']] as const) {
        const acknowledged = mod.heard.next(name);
        mod.room[call]();
        equal(await acknowledged, { result: 0, msg }, call);
      }
      for (const [change, code] of [[{ participants: 1 }, 1724], [{ participants: 99 }, 1725], [{ max_rooms: 11 }, 1726], [{ participants: undefined }, 1734], [{ share: undefined }, 1731]] as const) {
        const refused = mod.heard.next('didAckCreateBreakOutRoom');
        mod.room.createBreakOutRoom({ ...TWO, ...change } as typeof TWO);
        equal((await refused).result, code, JSON.stringify(change));
      }
      const [noRoom, noMute] = [guest.heard.next('didFailedJoinBreakOutRoom'), mod.heard.next('didAckMuteRoom')];
      guest.room.joinBreakOutRoom({ room_id: 'nowhere' });
      mod.room.muteRoom({});
      equal([(await noRoom).result, (await noMute).result], [1731, 1138], 'an unknown room, a mute of nothing');
    },
  },
  {
    name: 'ios: a forced invitee is told of joining when connected, and a clear arrives in both spellings',
    rows: ['ios.didBreakoutroomjoining.connected', 'ios.didDisconnectededBreakoutRoom', 'ios.disconnect.instance'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const id = await create(mod);
      let where = '';
      guest.heard.onCall = (name) => {
        if (name === 'didBreakoutroomjoining') where = guest.room.native.me.groupId;
      };
      await force(mod, guest, id);
      equal(where, id, 'inside by then');
      equal(guest.heard.calls.map(({ name }) => name), ['didBreakoutroomjoining', 'didConnectedBreakoutRoom'], 'in this order');
      const left = guest.heard.next('didDisconnectedBreakoutRoom');
      guest.heard.calls.at(-1)?.room.disconnect();
      equal(await left, { moderatorId: '', msg: 'Breakout Room disconnected', result: 0 }, 'disconnect on the breakout’s instance');
      await force(mod, guest, id);
      const both = ['didDisconnectedBreakoutRoom', 'didDisconnectededBreakoutRoom'].map((name) => guest.heard.next(name as keyof IosDelegate));
      mod.room.clearAllBreakOutSession();
      for (const payload of await Promise.all(both)) equal(payload, { room_id: id }, 'returned by clear');
    },
  },
  {
    name: 'ios: what fails without an acknowledgement is told, and nothing is left unhandled',
    rows: ['ios.unhandled'],
    async run(stage) {
      const [mod, guest] = [await phone(stage, 'mod', 'moderator'), await phone(stage, 'guest')];
      const id = await create(mod);
      for (const call of ['clearAllBreakOutSession', 'destroyAllBreakOutSession'] as const) {
        const failed = guest.heard.next('didEventError');
        equal(guest.room[call](), undefined, `${call} returns nothing that could reject`);
        equal((await failed).result, 1138, call);
      }
      await force(mod, guest, id);
      await mod.room.native.breakouts.configure({ allowReturn: false });
      const failed = guest.heard.next('didEventError');
      guest.room.disconnect();
      equal((await failed).result, 5067, 'a return that is not allowed');
    },
  },
  {
    name: 'ios: the product’s selectors, with the room first and an array of one dictionary',
    rows: ['ios.selectors'],
    async run(stage) {
      const told: [string, IosRoom, any][] = [];
      let wake = (): void => {};
      const note = (name: string) => (room: IosRoom, payload: unknown): void => {
        told.push([name, room, payload]);
        wake();
      };
      const heard = async (name: string): Promise<[IosRoom, any]> => {
        for (;;) {
          const found = told.find(([each]) => each === name);
          if (found) return [found[1], found[2]];
          await soon(new Promise<void>((resolve) => (wake = resolve)), name);
        }
      };
      const delegate: IosSelectors = {
        'room:didAckCreateBreakOutRoom:': note('created'),
        'room:didConnectedBreakoutRoom:': note('connected'),
        'room:didDisconnectedBreakoutRoom:': note('left'),
        'room:didAckMuteRoom:': note('muted'),
      };
      const room = new IosRoom(await stage.join('mod', 'moderator'), delegate);
      room['createBreakOutRoom:'](TWO);
      const [parent, [created, ...rest]] = await heard('created');
      equal([parent === room, created.result, rest], [true, 0, []], 'an array of one');
      room['muteRoom:']({ audio: true });
      equal((await heard('muted'))[1], [{ result: 0, msg: 'Room muted' }], 'a mute');
      room['joinBreakOutRoom:withStreamInfo:']({ role: 'moderator', room_id: created.msg.rooms[0] }, { audio: true });
      const [inner, meta] = await heard('connected');
      equal([inner !== room, meta.room_id], [true, created.msg.rooms[0]], 'the metadata itself, and the breakout’s instance');
      inner.disconnect();
      equal((await heard('left'))[1], [{ moderatorId: '', msg: 'Breakout Room disconnected', result: 0 }], 'left');
    },
  },
];
