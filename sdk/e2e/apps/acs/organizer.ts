// An organizer's app in TypeScript: every published type, under `strict`, as the samples declare their variables.
import {
  Features,
  joinCall,
  type AssignedBreakoutRoomEvent,
  type AssignedBreakoutRoomsEvent,
  type BreakoutRoom,
  type BreakoutRoomSettings,
  type BreakoutRoomSettingsEvent,
  type BreakoutRoomState,
  type BreakoutRoomsCallFeature,
  type BreakoutRoomsEvent,
  type BreakoutRoomsSettingsEvent,
  type Call,
  type Invitee,
  type JoinBreakoutRoomEvent,
  type JoinBreakoutRoomsEvent,
  type RemoteParticipant,
  type TeamsCall,
  type TimestampInfo,
} from '@sideroom/client/dialects/acs';
import { button, say } from '../page.js';

declare global {
  interface Window {
    token: string;
  }
}

const mainCall: Call = await joinCall(location.origin, window.token);
const feature: BreakoutRoomsCallFeature = mainCall.feature(Features.BreakoutRooms);
say(`One feature: ${feature === mainCall.feature(Features.BreakoutRooms)}`); // row: acs.identity
let breakoutRoomCall: Call | TeamsCall | undefined;

/** The list that organizers get. */
function onRooms(event: BreakoutRoomsEvent): void {
  event.data.forEach((room: BreakoutRoom) => describe(room));
  say(`Rooms: ${event.data.length}`);
}
function onSettings(event: BreakoutRoomsSettingsEvent | BreakoutRoomSettingsEvent): void {
  const settings: BreakoutRoomSettings = event.data;
  const disableReturnToMainMeeting: boolean = settings.disableReturnToMainMeeting;
  const roomEndTime: TimestampInfo = settings.roomEndTime;
  say(`No return: ${disableReturnToMainMeeting}, end: ${Boolean(roomEndTime)}`);
}
function onAssigned(event: AssignedBreakoutRoomsEvent | AssignedBreakoutRoomEvent): void {
  const { displayName, state }: BreakoutRoom = event.data;
  say(`Assigned to ${displayName}, ${state}`); // row: acs.type.assignedBreakoutRooms.moderator
}
function onJoin(event: JoinBreakoutRoomsEvent | JoinBreakoutRoomEvent): void {
  breakoutRoomCall = event.data;
  say(`Joined ${event.data.id}`);
}
function describe(room: BreakoutRoom): void {
  const displayName: string = room.displayName;
  const state: BreakoutRoomState = room.state;
  const auto: boolean = room.autoMoveParticipantToBreakoutRoom;
  const call: Call | TeamsCall = room.call;
  const invitees: Invitee[] = room.invitees;
  say(`${displayName} ${state} ${auto} ${Boolean(call)} [${invitees.map(({ id }) => id).join()}]`);
}

feature.on('breakoutRoomsUpdated', (event) => {
  switch (event.type) {
    case 'breakoutRooms': // row: acs.type.breakoutRooms
      return onRooms(event);
    case 'breakoutRoomsSettings':
    case 'breakoutRoomSettings':
      return onSettings(event);
    case 'assignedBreakoutRooms':
    case 'assignedBreakoutRoom':
      return onAssigned(event);
    case 'join':
      return onJoin(event);
  }
});

mainCall.on('stateChanged', () => say(`Main call: ${mainCall.state}`)); // row: acs.call.on.stateChanged

button('list', () => {
  feature.breakoutRooms.forEach((room) => { // row: acs.breakoutRooms
    room.invitees.forEach((invitee) => say(`${room.displayName}: ${invitee.id}`)); // row: acs.BreakoutRoom.invitees
  });
});
button('join', async () => {
  const [breakoutRoom] = feature.breakoutRooms;
  if (breakoutRoom?.state !== 'open') return;
  const call: Call | TeamsCall = await breakoutRoom.join();
  const inside: RemoteParticipant[] = call.remoteParticipants;
  say(`Inside already: ${inside.length}`);
  const names = (people: RemoteParticipant[]): string => people.map((p) => String(p.displayName || p.identifier)).join('+');
  call.on('remoteParticipantsUpdated', ({ added, removed }) => say(`Came: ${names(added)}. Went: ${names(removed)}.`)); // row: acs.call.on.remoteParticipantsUpdated
  call.on('stateChanged', () => say(`Breakout call: ${call.state}`));
  const muted = (): void => say(`Muted: ${call.isMuted}`);
  call.on('isMutedChanged', muted); // row: acs.call.on.isMutedChanged
  button('mute', async () => {
    await call.unmute(); // row: acs.call.unmute
    await call.mute(); // row: acs.call.mute
    call.off('isMutedChanged', muted); // row: acs.call.off
    await call.unmute();
    say(`In the end: ${call.isMuted}`);
  });
});
button('hold', async () => {
  await mainCall.resume();
  await mainCall.hold(); // row: acs.main.hold
});
button('hang up', async () => {
  await breakoutRoomCall?.hangUp();
  say(`Over: ${breakoutRoomCall?.state}, ${mainCall.state}`);
});
say('ready');
