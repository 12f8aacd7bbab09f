/** The calls of the ACS dialect as objects of an app: their events, and careless uses by an app. */
import { Features, callOf, type BreakoutRoom, type Call, type RemoteParticipant } from '../../src/dialects/acs/index.ts';
import { assigned, next, party, rooms } from './acs-party.ts';
import { equal, failureOf, ok, soon, uncaught, until, type Scenario } from './stage.ts';

/** The events of a call, in order. */
function record(call: Call): string[] {
  const told: string[] = [];
  const names = (people: RemoteParticipant[]): string => people.map((each) => each.displayName || each.identifier).join('+');
  call.on('stateChanged', () => told.push(call.state));
  call.on('remoteParticipantsUpdated', ({ added, removed }) => told.push(`added ${names(added)} removed ${names(removed)}`));
  return told;
}

export const acsCalls: Scenario[] = [
  {
    name: 'acs: who is in a call, as array, iterator and map, each always the same object',
    rows: ['acs.remote.values', 'acs.remote.displayName', 'acs.remote.identifier', 'acs.call.on.remoteParticipantsUpdated'],
    async run(stage) {
      const { mod, guest, room, id } = await assigned(stage);
      const call = await room.join();
      const told = record(call);
      await rooms(mod).find(id)?.join();
      await until(guest.call.native, () => call.remoteParticipants.length === 1, 'the other one');
      const people = call.remoteParticipants;
      equal([people.length, people.size, [...people.values()].length, [...people].length], [1, 1, 1, 1], 'counts');
      const [other] = people;
      ok(other && people.get('mod') === other && people.has('mod') && call.remoteParticipants[0] === other, 'the same object');
      equal(people.map((each) => each.displayName || each.identifier), ['mod'], 'map gives a plain array');
      equal(other.identifier, { kind: 'communicationUser', communicationUserId: 'mod', rawId: 'mod' }, 'identifier');
      equal([`${other.identifier}`, other.state, other.role, other.isMuted], ['mod', 'Connected', 'Organizer', true], 'as text');
      await rooms(mod).find(id)?.leave();
      await until(guest.call.native, () => call.remoteParticipants.length === 0, 'the other one is gone');
      equal(told, ['added mod removed ', 'added  removed mod'], 'remoteParticipantsUpdated');
      equal(other.state, 'Disconnected', 'the state of somebody who left');
    },
  },
  {
    name: 'acs: the states of both calls, and what they are told of',
    rows: ['acs.call.state', 'acs.call.on.stateChanged', 'acs.call.off', 'acs.main.hold'],
    async run(stage) {
      const { guest, room } = await assigned(stage);
      const main = record(guest.call);
      const call = await room.join();
      const told = record(call);
      const silent = (): void => void told.push('off');
      call.on('stateChanged', silent);
      call.off('stateChanged', silent);
      await until(guest.call.native, () => guest.call.state === 'LocalHold', 'on hold');
      await guest.call.resume();
      equal(guest.call.state, 'Connected', 'resumed');
      await guest.call.hold();
      equal(guest.call.state, 'LocalHold', 'and held again');
      equal(call.state, 'Connected', 'the breakout room’s call goes on');
      await call.hangUp();
      equal([call.state, guest.call.state, call.remoteParticipants.length], ['Disconnected', 'Connected', 0], 'after hangUp');
      equal(told, ['Disconnecting', 'Disconnected'], 'told of the call');
      equal(main.filter((each) => !each.startsWith('added')), ['LocalHold', 'Connected', 'LocalHold', 'Connected'], 'told of the main call');
      equal(call.callEndReason?.resultCategories, ['Success'], 'callEndReason');
      equal(await failureOf(guest.call.hold()), [500, 46255], 'hold where nothing can be held');
    },
  },
  {
    name: 'acs: hangUp and resume that nobody awaits',
    rows: ['acs.unawaited', 'acs.call.returnToMainMeeting'],
    async run(stage) {
      const { mod, guest, room } = await assigned(stage);
      const call = await room.join();
      call.hangUp();
      guest.call.resume();
      await until(guest.call.native, () => guest.call.state === 'Connected' && call.state === 'Disconnected', 'back');
      const again = await room.join();
      again.hangUp();
      ok((await again.returnToMainMeeting()) === guest.call, 'returnToMainMeeting gives the main call');
      equal(guest.call.state, 'Connected', 'and it is off hold');
      await rooms(mod).configure({ allowReturn: false });
      const last = await room.join();
      last.hangUp();
      guest.call.resume();
      await until(guest.call.native, () => guest.call.state === 'Connected', 'the refusal keeps nobody from resuming');
      equal(last.state, 'Connected', 'still inside');
    },
  },
  {
    name: 'acs: the data of an assignment that is gone can be read',
    rows: ['acs.type.assignedBreakoutRooms.gone'],
    async run(stage) {
      const { mod, guest, room, id } = await assigned(stage);
      const gone = (data: BreakoutRoom): boolean => data.state === 'closed';
      const unassigned = next(guest, 'assignedBreakoutRooms', gone);
      await rooms(mod).unassign(['guest']);
      const last: BreakoutRoom = await unassigned;
      equal([last.displayName, last.state, last.autoMoveParticipantToBreakoutRoom, typeof last.threadId], ['Blue', 'closed', false, 'string'], 'after unassign');
      equal([guest.feature.assignedBreakoutRoom, room.state], [undefined, 'closed'], 'and an object that was kept is closed, too');
      const again = next(guest, 'assignedBreakoutRooms', (data) => data.state === 'open');
      await rooms(mod).find(id)?.assign(['guest']);
      ok((await again) === room, 'assigned again: the same object');
      const destroyed = next(guest, 'assignedBreakoutRooms', gone);
      await rooms(mod).destroy();
      equal([(await destroyed).displayName, room.state], ['Blue', 'closed'], 'after destroy');
      equal(await failureOf(room.join()), [412, 46256], 'joining what is gone');
      equal(mod.heard.filter((event) => !event.data), [], 'nobody is told nothing');
    },
  },
  {
    name: 'acs: a moderator who is assigned and unassigned is told so, and may still join',
    rows: ['acs.type.assignedBreakoutRooms.moderator'],
    async run(stage) {
      const { mod, id } = await assigned(stage);
      const told = next(mod, 'assignedBreakoutRooms', (data) => data.state === 'open');
      await rooms(mod).find(id)?.assign(['mod']);
      await told;
      equal(mod.feature.breakoutRooms[0]?.invitees, [{ id: 'guest' }, { id: 'mod' }], 'an assignment takes nothing from what a moderator knows');
      const gone = next(mod, 'assignedBreakoutRooms', (data) => data.state === 'closed');
      await rooms(mod).unassign(['mod']);
      equal([(await gone).displayName, mod.feature.breakoutRooms[0]?.state], ['Blue', 'open'], 'closed as an assignment, open in the list');
      equal((await mod.feature.breakoutRooms[0]?.join())?.id, id, 'join');
    },
  },
  {
    name: 'acs: whoever listens late is told what there is',
    rows: ['acs.on.late'],
    async run(stage) {
      const { mod, id } = await assigned(stage);
      await rooms(mod).find(id)?.assign(['late']);
      const late = await party(stage, 'late');
      const assignment = late.heard.find(({ type }) => type === 'assignedBreakoutRooms')?.data as BreakoutRoom;
      equal(assignment?.displayName, 'Blue', 'an assignment that is older than the call');
      await assignment.join();
      const again = await party(stage, 'late');
      equal((again.heard.find(({ type }) => type === 'join')?.data as Call)?.id, id, 'the call of somebody who reloads inside');
      equal(again.heard.map(({ type }) => type), ['assignedBreakoutRooms', 'join'], 'and nothing else');
    },
  },
  {
    name: 'acs: objects keep their identity, and an app may copy what it gets',
    rows: ['acs.identity', 'acs.type.join.same'],
    async run(stage) {
      const { guest, room, mod } = await assigned(stage);
      ok(guest.call.feature({ name: 'BreakoutRooms' }) === guest.feature, 'the feature is one object');
      ok(guest.feature.assignedBreakoutRoom === room, 'a breakout room is one object');
      const told = next(guest, 'join');
      const call = await room.join();
      ok((await told) === call && room.call === call && (await room.join()) === call, 'a call is one object');
      ok(call.feature({ name: 'BreakoutRooms' }) === guest.feature, 'the feature of its call is that of the main call');
      equal({ ...room }.displayName, 'Blue', 'a copy has the fields');
      equal(JSON.parse(JSON.stringify(call)).state, 'Connected', 'and so has JSON');
      mod.feature.breakoutRooms.pop();
      equal(mod.feature.breakoutRooms.length, 1, 'a list is the app’s own');
    },
  },
  {
    name: 'acs: errors carry code, subcode and category, and say what a call lacks',
    rows: ['acs.resultCategories', 'acs.lacks'],
    async run(stage) {
      const { guest, room } = await assigned(stage, { state: 'closed' });
      const failed = await room.join().then(() => undefined, (error: unknown) => error as { code: number; subCode: number; resultCategories: string[]; message: string });
      equal([failed?.code, failed?.subCode, failed?.resultCategories], [412, 46256, ['ExpectedError']], 'join while closed');
      const lacking = guest.call as unknown as Record<string, () => Promise<void>>;
      const refused = await lacking['startVideo']?.().then(() => undefined, (error: Error) => error);
      ok(refused?.message.includes('native.local.openCamera()'), 'says what to do instead');
      let thrown: unknown;
      try {
        guest.call.on('stateChange' as 'stateChanged', () => {});
      } catch (error) {
        thrown = error;
      }
      ok(thrown instanceof Error && thrown.message.includes('stateChanged'), 'an event that does not exist');
      thrown = undefined;
      try {
        guest.call.feature({ name: 'Recording' });
      } catch (error) {
        thrown = error;
      }
      ok(thrown instanceof Error && thrown.message.includes('Features.BreakoutRooms'), 'a feature that does not exist');
    },
  },
  {
    name: 'acs: the microphone of a call, and a moderator who mutes it',
    rows: ['acs.call.mute', 'acs.call.unmute', 'acs.call.on.isMutedChanged'],
    async run(stage) {
      const { mod, guest, room } = await assigned(stage);
      const call = await room.join();
      equal(call.isMuted, true, 'nothing is published');
      const told: boolean[] = [];
      call.on('isMutedChanged', () => told.push(call.isMuted));
      await call.unmute();
      await until(guest.call.native, () => !call.isMuted, 'unmuted');
      await call.mute();
      equal([call.isMuted, guest.call.isMuted], [true, true], 'muted, in both calls');
      await call.unmute();
      equal(call.isMuted, false, 'unmuted again');
      const muted = new Promise<void>((resolve) => call.on('mutedByOthers', () => resolve()));
      await mod.call.native.muteOther(guest.call.native.me.id, ['audio']);
      await soon(muted, 'mutedByOthers');
      equal(call.isMuted, true, 'muted by a moderator');
      equal(await failureOf(call.unmute()), [403, 0], 'who cannot be overruled');
      equal(told, [false, true, false, true], 'each change is told once');
    },
  },
  {
    name: 'acs: a listener that throws or rejects stops no other',
    rows: ['acs.listeners'],
    async run(stage) {
      const reported = await uncaught(async () => {
        const [mod, guest] = [await party(stage, 'mod', 'moderator'), await stage.join('guest')];
        const call = callOf(guest);
        const feature = call.feature(Features.BreakoutRooms);
        feature.on('breakoutRoomsUpdated', () => {
          throw new Error('of a listener');
        });
        feature.on('breakoutRoomsUpdated', async () => {
          throw new Error('of a promise');
        });
        feature.on('breakoutRoomsUpdated', (event) => {
          (event as { data: unknown }).data = undefined;
        });
        const told = new Promise<BreakoutRoom>((resolve) => feature.on('breakoutRoomsUpdated', ({ type, data }) => void (type === 'assignedBreakoutRooms' && resolve(data as BreakoutRoom))));
        const [made] = await rooms(mod).create({ rooms: 1, capacity: 2, names: ['Blue'], media: { audio: true } });
        await made?.assign(['guest']);
        equal((await soon(told, 'the last listener')).displayName, 'Blue', 'what the last one is told');
      });
      equal([...new Set(reported)].sort(), ['of a listener', 'of a promise'], 'each is reported as uncaught');
    },
  },
];
