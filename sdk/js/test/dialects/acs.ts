/** The documented flows of the ACS calling SDK with breakout rooms, re-enacted. */
import { CommunicationError, Features, type BreakoutRoom, type BreakoutRoomsEventData, type Call } from '../../src/dialects/acs/index.ts';
import { assigned, next, party, rooms } from './acs-party.ts';
import { equal, failureOf, ok, until, type Scenario } from './stage.ts';

export const acs: Scenario[] = [
  {
    name: 'acs: the feature, its one event stream, and on and off',
    rows: ['acs.feature', 'acs.on', 'acs.off', 'acs.type.breakoutRooms', 'acs.breakoutRooms'],
    async run(stage) {
      const [mod, guest] = [await party(stage, 'mod', 'moderator'), await party(stage, 'guest')];
      const silent: BreakoutRoomsEventData[] = [];
      const listener = (event: BreakoutRoomsEventData): void => void silent.push(event);
      mod.feature.on('breakoutRoomsUpdated', listener);
      mod.feature.off('breakoutRoomsUpdated', listener);
      const told = next(mod, 'breakoutRooms', (data) => data.length === 2);
      await rooms(mod).create({ rooms: 2, capacity: 2, names: ['Blue', 'Green'] });
      equal((await told).map(({ displayName }: BreakoutRoom) => displayName), ['Blue', 'Green'], 'the list');
      equal(mod.feature.breakoutRooms.map(({ displayName }) => displayName), ['Blue', 'Green'], 'breakoutRooms');
      equal(guest.feature.breakoutRooms, [], 'a participant sees none');
      equal(guest.heard.filter(({ type }) => type === 'breakoutRooms').length, 0, 'and is told of none');
      equal(silent.length, 0, 'off');
    },
  },
  {
    name: 'acs: settings with their end, for everybody',
    rows: ['acs.type.breakoutRoomsSettings', 'acs.breakoutRoomsSettings'],
    async run(stage) {
      const [mod, guest] = [await party(stage, 'mod', 'moderator'), await party(stage, 'guest')];
      const told = next(guest, 'breakoutRoomsSettings');
      const endsAtMs = Date.now() + 600_000;
      await rooms(mod).configure({ allowReturn: false, endsAtMs });
      const data = await told;
      equal([data.disableReturnToMainMeeting, data.roomEndTime?.getTime()], [true, endsAtMs], 'the event');
      equal(guest.feature.breakoutRoomsSettings.disableReturnToMainMeeting, true, 'the property');
    },
  },
  {
    name: 'acs: an assignment, and what is known of the breakout',
    rows: ['acs.type.assignedBreakoutRooms', 'acs.assignedBreakoutRoom', 'acs.BreakoutRoom.displayName', 'acs.BreakoutRoom.threadId', 'acs.BreakoutRoom.state', 'acs.BreakoutRoom.autoMove', 'acs.BreakoutRoom.invitees'],
    async run(stage) {
      const { mod, guest, room } = await assigned(stage, { state: 'closed' });
      equal(guest.feature.assignedBreakoutRoom?.displayName, 'Blue', 'assignedBreakoutRoom');
      equal([room.displayName, room.state, room.autoMoveParticipantToBreakoutRoom], ['Blue', 'closed', false], 'its properties');
      equal(typeof room.threadId, 'string', 'threadId');
      await until(mod.call.native, () => mod.feature.breakoutRooms[0]?.invitees.length === 1, 'invitees');
      equal(mod.feature.breakoutRooms[0]?.invitees, [{ id: 'guest' }], 'invitees');
      const opened = next(guest, 'assignedBreakoutRooms', (data) => data?.state === 'open');
      await rooms(mod).open();
      equal((await opened).displayName, 'Blue', 'told again when it opens');
    },
  },
  {
    name: 'acs: join puts the main call on hold, resume takes it off, hangUp returns',
    rows: ['acs.type.join', 'acs.BreakoutRoom.join', 'acs.BreakoutRoom.call', 'acs.call.id', 'acs.call.remoteParticipants', 'acs.call.hangUp', 'acs.main.resume', 'acs.hold'],
    async run(stage) {
      const { mod, guest, room, id } = await assigned(stage);
      equal(room.call, undefined, 'no call before');
      const told: Promise<Call> = next(guest, 'join');
      const call = await room.join();
      equal((await told).id, id, 'the event carries the call');
      equal([call.id, room.call?.id], [id, id], 'the call');
      await until(guest.call.native, () => guest.call.state === 'LocalHold', 'the main call is on hold');
      await rooms(mod).find(id)?.join();
      await until(guest.call.native, () => call.remoteParticipants.length === 1, 'remoteParticipants');
      equal(call.remoteParticipants[0]?.identifier.rawId, 'mod', 'who is there');
      await guest.call.resume();
      await until(guest.call.native, () => guest.call.state === 'Connected', 'off hold');
      await call.hangUp();
      await until(guest.call.native, () => !guest.call.native.me.isAway, 'back');
      equal(room.call, undefined, 'no call after');
    },
  },
  {
    name: 'acs: auto move when the breakout opens',
    rows: ['acs.type.join.autoMove'],
    async run(stage) {
      const { mod, guest, id } = await assigned(stage, { state: 'closed', autoMove: true });
      const told: Promise<Call> = next(guest, 'join');
      await rooms(mod).open();
      equal((await told).id, id, 'moved without asking');
      equal(guest.feature.assignedBreakoutRoom?.autoMoveParticipantToBreakoutRoom, true, 'as announced');
    },
  },
  {
    name: 'acs: where returning is disabled hangUp is refused, and says why',
    rows: ['acs.hangUp.disabled', 'acs.46259'],
    async run(stage) {
      const { mod, guest, room } = await assigned(stage);
      await rooms(mod).configure({ allowReturn: false });
      const call = await room.join();
      equal(await failureOf(call.hangUp()), [500, 46259], 'the code');
      equal(guest.call.native.me.isAway, true, 'still inside');
      await rooms(mod).configure({ allowReturn: true });
      await call.hangUp();
      equal(await failureOf(call.hangUp()), [500, 46259], 'a second time');
    },
  },
  {
    name: 'acs: a closed breakout, one without assignment, a full one',
    rows: ['acs.46256', 'acs.46260', 'acs.46254'],
    async run(stage) {
      const { mod, guest, room, id } = await assigned(stage, { state: 'closed' });
      equal(await failureOf(room.join()), [412, 46256], 'closed');
      await rooms(mod).open();
      await rooms(mod).unassign(['guest']);
      await until(guest.call.native, () => guest.feature.assignedBreakoutRoom === undefined, 'unassigned');
      equal(await failureOf(room.join()), [412, 46260], 'not assigned');
      await rooms(mod).find(id)?.assign(['guest']);
      for (const name of ['one', 'two']) {
        const filler = await stage.join(name);
        await rooms(mod).move({ [filler.me.id]: id });
      }
      const again = guest.feature.assignedBreakoutRoom ?? (await next(guest, 'assignedBreakoutRooms', Boolean));
      equal(await failureOf(again.join()), [500, 46254], 'full');
    },
  },
  {
    name: 'acs: hold and resume that fail',
    rows: ['acs.46255', 'acs.46257'],
    async run(stage) {
      const { mod, guest, room } = await assigned(stage);
      await room.join();
      await mod.call.native.setRoomGate({ paused: true });
      equal(await failureOf(guest.call.resume()), [412, 46257], 'resume while a moderator paused the parent for all');
      guest.call.native.leave();
      equal(await failureOf(guest.call.hold()), [500, 46255], 'hold after the call has ended');
    },
  },
  {
    name: 'acs: details that cannot be read',
    rows: ['acs.46258'],
    async run(stage) {
      const { mod, guest } = await assigned(stage);
      await rooms(mod).destroy();
      const blank = guest.feature.describe({ displayName: 'Nowhere' });
      equal(await failureOf(blank.join()), [412, 46258], 'a breakout without an id');
    },
  },
  {
    name: 'acs: not supported, and switched off by the operator',
    rows: ['acs.46250', 'acs.46251'],
    async run(stage) {
      const mod = await party(stage, 'mod', 'moderator');
      for (const [availability, codes] of [['AVAILABILITY_NOT_SUPPORTED', [400, 46250]], ['AVAILABILITY_DISABLED', [405, 46251]]] as const) {
        await stage.operate({ breakouts: { availability } });
        const wanted = availability === 'AVAILABILITY_DISABLED' ? 'disabled' : 'not_supported';
        await until(mod.call.native, () => mod.call.native.breakouts.settings.availability === wanted, wanted);
        let refusal: unknown;
        try {
          mod.call.feature(Features.BreakoutRooms);
        } catch (error) {
          refusal = error;
        }
        ok(refusal instanceof CommunicationError, 'the feature is refused');
        equal([refusal.code, refusal.subCode], codes, wanted);
      }
      await stage.operate({ breakouts: { availability: 'AVAILABILITY_AVAILABLE' } });
    },
  },
];
