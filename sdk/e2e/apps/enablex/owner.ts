// The app of a participant who may create breakouts, in TypeScript under `strict`.
import {
  EnxRoom,
  joinRoom,
  type EnxAnswer,
  type EnxBreakoutDefinition,
  type EnxBreakoutRoom,
  type EnxCallback,
  type EnxConnected,
  type EnxEventName,
  type EnxEvents,
  type EnxFailure,
  type EnxInvitation,
  type EnxInvited,
  type EnxJoinee,
  type EnxMember,
  type EnxMuteInfo,
  type EnxRoomMeta,
  type EnxRooms,
  type EnxStreamInfo,
  type EnxSuccess,
} from '@sideroom/client/dialects/enablex';
import { button, field, say } from '../page.js';

declare global {
  interface Window {
    token: string;
  }
}

const room: EnxRoom = await joinRoom(location.origin, window.token);
const clients = field('clients');
let rooms: string[] = [];
let breakoutRoom: EnxRoom | undefined;

const def: EnxBreakoutDefinition = { participants: 3, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };

function describe(data: EnxAnswer<EnxRooms>): string {
  if (data.result === 0) return data.msg.rooms.join();
  const failure: EnxFailure = data;
  return `${failure.result}: ${failure.msg}`;
}
button('create', () => {
  room.createBreakOutRoom(def, (data) => { // row: enablex.createBreakOutRoom enablex.grant
    if (data.result === 0) rooms = data.msg.rooms;
    else say(data.msg.toUpperCase());
    say(`Made: ${describe(data)}`);
  });
});
button('invite', () => {
  const invitation: EnxInvitation = { clients: clients().split(','), room_id: rooms[0] ?? '', force_join: false };
  room.inviteToBreakOutRoom(invitation, (data: EnxAnswer) => say(`Invited: ${data.result}`)); // row: enablex.inviteToBreakOutRoom
});
button('force', () => room.inviteToBreakOutRoom({ clients: clients().split(','), room_id: rooms[0] ?? '', force_join: true }));
button('join', () => {
  const joinee: EnxJoinee = { role: 'participant', room_id: rooms[0] ?? '' };
  const streamInfo: EnxStreamInfo = { audio: true, video: false, screen: false, canvas: false };
  room.joinBreakOutRoom(joinee, streamInfo);
});

function switchUi(roomMeta: EnxRoomMeta): void {
  const people: EnxMember[] = roomMeta.clients;
  say(`Inside ${roomMeta.room_id} with ${people.map(({ clientId, name, role }) => `${name} (${role}${clientId ? '' : ', no id'})`).sort().join()}`);
}
room.addEventListener('breakout-room-connected', (event: EnxConnected) => {
  breakoutRoom = event;
  const inner: EnxBreakoutRoom = event.message;
  say(`The same room: ${inner.room_id === event.room_id && event.room.room_id === event.room_id}`);
  switchUi(event);
  breakoutRoom.addEventListener('user-joined-breakout-room', (result) => say(`${result.clientId} joined ${result.room}`));
});
room.addEventListener('join-breakout-room', ({ message }: EnxInvited) => say(`Asked into ${message.room_id}`));
room.addEventListener('breakout-user-disconnected', ({ message }) => say(`${message.client_id} is back`)); // row: enablex.owner.told
room.addEventListener('breakout-room-destroyed', ({ message }) => {
  rooms = message.rooms;
  say(`Gone: ${rooms.join()}`);
});
room.addEventListener('breakout-room-error', (result: EnxFailure) => say(`Error: ${result.result}`));
room.addEventListener('breakout-room-disconnected', () => room.resumeRoom(() => say('Resumed')));
room.addEventListener('room-disconnected', (event) => say(`Out: ${event.message.msg}`));
const name: EnxEventName = 'breakout-invite-rejected';
room.addEventListener(name, (event: EnxEvents['breakout-invite-rejected']) => say(`${event.message.client_id} said no`));

const told: EnxCallback = (data) => say(isFine(data) ? data.msg : `${data.result} ${data.msg}`);
function isFine(data: EnxAnswer): data is EnxSuccess {
  return data.result === 0;
}
button('mute', () => {
  const info: EnxMuteInfo = { audio: true, video: true };
  room.muteRoom(info, told);
});
button('unmute', () => room.unMuteRoom((data) => say(`${data.result} ${data.msg}`)));
button('pause', () => room.pauseRoom((data) => say(data.msg)));
button('leave', () => breakoutRoom?.disconnect());
button('clear', () => room.clearAllBreakOutSession());
button('destroy', () => room.destroyAllBreakOutSession());
button('hang up', () => room.disconnect()); // row: enablex.disconnect.parent
say(`I am ${room.clientId}`);
say('ready');
