// A controller that keeps the product's selectors and reads its arrays of one dictionary; it makes mistakes, too.
import { joinRoom } from '@sideroom/client/dialects/ios';
import { button, field, say } from '../page.js';

const roomId = field('room');
let breakout;

const delegate = {
  'room:didAckCreateBreakOutRoom:'(room, data) { // row: ios.selectors
    const response = data[0];
    if (response.result === 0) say(`Created ${response.msg.rooms}`);
    else say(`Not created: ${response.result}`);
  },
  'room:didAckRejectBreakoutRoom:': (room, data) => say(`Rejected: ${data[0].result}`),
  'room:didAckMuteRoom:': (room, data) => say(`Mute: ${data[0].result} ${data[0].msg}`),
  'room:didAckUnmuteRoom:': (room, data) => say(`Unmute: ${data[0].result} ${data[0].msg}`),
  'room:didAckInviteBreakOutRoom:': (room, data) => say(`Invited: ${data[0].result}`),
  'room:didAckCreateAndInviteBreakOutRoom:': (room, data) => say(`Created with guests: ${data[0].result}`),
  'room:didFailedJoinBreakOutRoom:': (room, data) => say(`Join failed: ${data[0].result}`),
  'room:didConnectedBreakoutRoom:': (room, roomMetadata) => {
    breakout = room;
    say(`Connected to ${roomMetadata.room_id}`);
    throw new Error('a delegate that throws');
  },
  'room:didDisconnectedBreakoutRoom:': async (room, data) => {
    say(`Disconnected: ${data.length} ${data[0].msg}`);
    throw new Error('a delegate that rejects');
  },
  'room:didEventError:': (room, data) => say(`Event error: ${data[0].result}`),
};
const room = await joinRoom(location.origin, window.token, delegate);
button('create', () => room['createBreakOutRoom:']({ participants: 2, audio: true, video: false, canvas: false, share: false, max_rooms: 1 }));
button('join', () => room['joinBreakOutRoom:withStreamInfo:']({ role: 'moderator', room_id: roomId() }, { audio: true }));
button('mute', () => room['muteRoom:']({ audio: true, video: true }));
button('unmute', () => room['unmuteRoom:']({ audio: true, video: true }));
button('disconnect', () => breakout.disconnect());
button('mistakes', () => {
  const selectors = ['createBreakOutRoom:', 'createAndInviteBreakoutRoom:', 'inviteToBreakOutRoom:', 'joinBreakOutRoom:withStreamInfo:', 'rejectBreakOutRoom:', 'muteRoom:'];
  for (const selector of selectors) for (const args of [[null], ['text'], [7, 7], [[]]]) room[selector](...args);
  say('Nothing was thrown');
});
button('leave', () => {
  room.disconnect();
  room['createBreakOutRoom:']({});
  room.clearAllBreakOutSession();
});
say(`I am ${room.native.me.id}`);
say('ready');
