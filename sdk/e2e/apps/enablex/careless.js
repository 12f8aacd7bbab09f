// An app that makes mistakes: its own stay its own, and each is answered with a code and a sentence.
import { EnxRoom, joinRoom } from '@sideroom/client/dialects/enablex';
import { button, field, say } from '../page.js';

const room = await joinRoom(location.origin, window.token);
const given = field('given');
const def = { participants: 2, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };
let breakoutRoom;
let count = 0;

room.addEventListener('breakout-room-connected', () => {
  throw new Error('a listener that throws'); // row: enablex.throwing
});
room.addEventListener('breakout-room-connected', async () => {
  throw new Error('a listener that rejects');
});
room.addEventListener('breakout-room-connected', (event) => {
  breakoutRoom = event.room;
  say(`Inside: ${JSON.stringify(event.message)}`); // row: enablex.payloads
});
room.addEventListener('breakout-room-connected', undefined);
room.addEventListener('no-such-event', () => say('never'));
const removed = () => say('never');
room.addEventListener('breakout-room-disconnected', removed);
room.removeEventListener('breakout-room-disconnected', removed);
room.removeEventListener('breakout-room-disconnected', removed);
room.addEventListener('breakout-room-disconnected', (event) => say(`Out: ${JSON.stringify(event)}`));
room.addEventListener('breakout-room-error', (result) => say(`Told: ${result.result}`));

/** Says the code of an answer, and that it has a sentence. */
function answered(data) {
  say(`${data.result}${data.result && data.msg.length < 12 ? ' without a sentence' : ''}`); // row: enablex.1724 enablex.1725 enablex.1726 enablex.1731 enablex.1731.refused enablex.1731.unknown enablex.1734 enablex.5067 enablex.1138 enablex.muteRoom.nothing enablex.gate.parent enablex.edges
}
const value = () => JSON.parse(given());
button('create', () => room.createBreakoutRoom({ ...def, ...value() }, answered));
button('create with what is given', () => room.createBreakoutRoom(value(), answered));
button('create, callback only', () => room.createBreakoutRoom(answered));
button('invite', () => room.inviteToBreakoutRoom(value(), answered));
button('invite, callback only', () => room.inviteToBreakoutRoom(answered));
button('join', () => room.joinBreakOutRoom(value(), answered));
button('join, callback only', () => room.joinBreakOutRoom(answered));
button('join, no callback', () => room.joinBreakOutRoom(value(), null));
button('reject', () => room.rejectBreakOutRoomInvite(value(), answered));
button('reject, callback only', () => room.rejectBreakOutRoomInvite(answered));
button('mute', () => room.muteRoom(value(), answered));
button('mute, callback only', () => room.muteRoom(answered));
button('unmute', () => room.unMuteRoom(value(), answered));
button('pause', () => room.pauseRoom(answered));
button('resume', () => room.resumeRoom(answered));
button('destroy', () => room.destroyAllBreakOutSession(answered));
button('everything without a callback', () => {
  const methods = ['createBreakoutRoom', 'createAndInviteBreakoutRoom', 'inviteToBreakoutRoom', 'joinBreakOutRoom', 'rejectBreakOutRoomInvite', 'pauseRoom', 'muteRoom', 'unMuteRoom', 'resumeRoom'];
  for (const method of methods) for (const args of [[], [undefined], [null, null], ['text'], [7, {}], [[]]]) say(`${method}: ${room[method](...args)}`);
});
button('throw in a callback', () => room.resumeRoom(() => {
  throw new Error('a callback that throws');
}));
button('answer twice', () => room.resumeRoom(() => say(`Answer ${(count += 1)}`)));
button('taken off', () => {
  const { pauseRoom, resumeRoom } = room;
  pauseRoom((data) => resumeRoom(() => say(`Taken off: ${data.result}`)));
});
button('leave', () => breakoutRoom.disconnect(answered));
button('leave twice', () => {
  breakoutRoom.disconnect(answered);
  breakoutRoom.disconnect((data) => say(`Again: ${data.result}`));
});
button('listen after the end', () => {
  breakoutRoom.addEventListener('user-joined-breakout-room', () => say('never'));
  say('Listens');
});
button('hang up', () => room.disconnect(answered));
button('without a token', () => joinRoom(location.origin, 'none').catch((error) => say(`${error.result}: ${error.msg}`))); // row: enablex.1729
say(`Made of the class: ${room instanceof EnxRoom}`);
say(`I am ${room.clientId}`);
say('ready');
