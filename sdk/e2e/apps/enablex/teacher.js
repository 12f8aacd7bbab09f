// A teacher's app, written after the published samples: function callbacks, listeners after the calls, few checks.
import { joinRoom } from '@sideroom/client/dialects/enablex';
import { button, field, say } from '../page.js';

const room = await joinRoom(location.origin, window.token);
const clients = field('clients');
const roomId = field('room');
let rooms = [];

room.addEventListener('user-joined-breakout-room', function (result) {
  say(`${result.clientId} came into ${result.room}`);
});

button('create', function () {
  const def = { participants: 3, audio: true, video: false, canvas: true, share: true, max_rooms: 2 };
  room.createBreakoutRoom(def, function (data) { // row: enablex.createBreakoutRoom
    if (data.result === 0) {
      rooms = data.msg.rooms;
      say(`Rooms: ${rooms}`);
    }
  });
});
button('create and invite', function () {
  room.createAndInviteBreakoutRoom({ participants: '2', audio: true, video: true, canvas: false, share: false, max_rooms: '1' }, function (data) { // row: enablex.createAndInviteBreakoutRoom
    if (data.result === 0) say(`Rooms with guests: ${data.msg.rooms}`);
    else say(`Not created: ${data.result} ${data.msg}`);
  });
});
button('create, silently', () => room.createBreakoutRoom({ participants: 2, audio: true, video: false, canvas: false, share: false, max_rooms: 1 })); // row: enablex.callback.missing
button('invite', function () {
  room.inviteToBreakoutRoom({ clients: [clients()], room_id: roomId() }, function (data) { // row: enablex.inviteToBreakoutRoom
    say(`Invited: ${data.result} ${data.msg}`);
  });
  room.addEventListener('breakout-invite-rejected', function (event) { // row: enablex.breakout-invite-rejected
    say(`${event.message.client_id} said no to ${event.message.room_id}`);
  });
});
button('force', function () {
  const inv = { clients: `[${clients()}]`, room_id: roomId(), force_join: true }; // row: enablex.inviteToBreakoutRoom.string enablex.inviteToBreakoutRoom.force
  room.inviteToBreakoutRoom(inv, function (data) {
    say(`Moved: ${data.result} ${data.msg}`);
  });
});
button('go inside', function () {
  room.joinBreakOutRoom({ role: 'moderator', room_id: roomId() }, { audio: true, video: false, screen: false, canvas: false });
  room.addEventListener('breakout-room-connected', (roomMeta) => say(`Inside ${roomMeta.room_id}`));
});
button('clear', function () {
  room.clearAllBreakOutSession(); // row: enablex.clearAllBreakOutSession
  room.addEventListener('breakout-user-disconnected', function (event) { // row: enablex.breakout-user-disconnected enablex.sameTick
    say(`${event.message.client_id} is back from ${event.message.room_id}`);
  });
});
button('destroy', function () {
  room.destroyAllBreakOutSession(); // row: enablex.destroyAllBreakOutSession
  room.addEventListener('breakout-room-destroyed', function (event) { // row: enablex.breakout-room-destroyed
    say(`Gone: ${event.message.rooms}, told as ${event.type}`);
  });
});
say(`I am ${room.clientId}`);
say('ready');
