// A student's app, written after the published samples. It keeps the argument of breakout-room-connected as its room.
import { joinRoom } from '@sideroom/client/dialects/enablex';
import { button, field, say } from '../page.js';

const parentRoom = await joinRoom(location.origin, window.token);
const room = parentRoom;
const clients = field('clients');
const answer = field('answer');
let breakoutRoom;
let invitedTo;

function switchUi(roomMeta) {
  say(`Inside ${roomMeta.room_id}, ${roomMeta.name}, made by ${roomMeta.owner}, holds ${roomMeta.participants}`); // row: enablex.connected.owner
  say(`Media: ${roomMeta.audio} ${roomMeta.video} ${roomMeta.share} ${roomMeta.canvas}`);
  say(`People: ${roomMeta.clients.map((client) => client.name).sort()}`); // row: enablex.connected.clients
}

parentRoom.addEventListener('join-breakout-room', function (event) { // row: enablex.join-breakout-room enablex.join-breakout-room.reload
  say(`Asked into ${event.message.room_id} by ${event.message.requestor}`);
  invitedTo = event.message.room_id;
  if (answer() === 'later') return;
  if (answer() === 'no') {
    room.rejectBreakOutRoomInvite(event.message.room_id, (data) => say(`Declined: ${data.result}`)); // row: enablex.rejectBreakOutRoomInvite
    return;
  }
  if (answer() === 'never') {
    room.rejectBreakOutRoomInvitation(event.message.room_id, (data) => say(`Declined for good: ${data.result}`)); // row: enablex.rejectBreakOutRoomInvitation
    return;
  }
  const joinee = { role: 'participant', room_id: event.message.room_id };
  room.joinBreakOutRoom(joinee, { audio: true, video: false, screen: false, canvas: false }, function (data) { // row: enablex.joinBreakOutRoom
    say(`Join: ${data.result} ${data.msg}`); // row: enablex.order
  });
  const onConnected = function (event) {
    say('Told after the call');
    room.removeEventListener('breakout-room-connected', onConnected);
  };
  room.addEventListener('breakout-room-connected', onConnected);
  room.addEventListener('breakout-room-error', function (result) { // row: enablex.breakout-room-error
    say(`Error: ${result.result} ${result.msg}`);
  });
  room.addEventListener('user-joined-breakout-room', function (result) { // row: enablex.user-joined-breakout-room
    say(`${result.clientId} joined ${result.room}`);
  });
});
parentRoom.addEventListener('breakout-room-joining', (event) => { // row: enablex.breakout-room-joining
  say(`Moved into ${event.message.room_id} by ${event.message.requestor}`);
});
parentRoom.addEventListener('breakout-room-connected', (event) => { // row: enablex.breakout-room-connected enablex.connected.reload
  breakoutRoom = event; // row: enablex.connected.argument
  switchUi(event);
  breakoutRoom.addEventListener('user-disconnected-breakout-room', (result) => { // row: enablex.user-disconnected-breakout-room
    say(`${result.name} (${result.clientId}) left ${result.room}`);
  });
  breakoutRoom.addEventListener('breakout-room-disconnected', () => say('The room object was told'));
});
parentRoom.addEventListener('breakout-room-disconnected', (event) => { // row: enablex.breakout-room-disconnected
  say(`Back from ${event.message.room_id}`);
  parentRoom.resumeRoom(function () {}); // row: enablex.resumeRoom
});
parentRoom.addEventListener('breakout-room-destroyed', (event) => say(`Destroyed: ${event.message.rooms}`));

const told = (data) => say(`${data.result} ${data.msg}`);
button('pause', () => parentRoom.pauseRoom(told)); // row: enablex.pauseRoom
button('resume', () => room.resumeRoom(told));
button('pause, in short', () => room.pause(told)); // row: enablex.pause
button('resume, in short', () => parentRoom.resume(told)); // row: enablex.resume
button('mute', () => room.muteRoom({ audio: true, video: true }, told)); // row: enablex.muteRoom
button('unmute sound', () => room.unMuteRoom({ audio: true }, told)); // row: enablex.unMuteRoom
button('unmute', () => room.unMuteRoom(told)); // row: enablex.unMuteRoom.both enablex.callback.place
button('unmute, in small letters', () => room.unmuteRoom(told)); // row: enablex.unmuteRoom
button('gate', () => say(`Gate: ${JSON.stringify(room.native.me.gate)}`));
button('join', () => room.joinBreakOutRoom({ role: 'participant', room_id: invitedTo }, { audio: true }, told));
button('leave', () => breakoutRoom.disconnect()); // row: enablex.disconnect
button('return alone', () => room.clearAllBreakOutSession());
button('invite from inside', () => breakoutRoom.inviteToBreakoutRoom({ clients: clients(), room_id: breakoutRoom.room_id }, told));
say(`I am ${parentRoom.clientId}`);
say('ready');
