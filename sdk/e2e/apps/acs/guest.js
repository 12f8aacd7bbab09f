// A guest's app, written after the published samples: it checks nothing that they do not check.
import { Features, joinCall } from '@sideroom/client/dialects/acs';
import { button, say } from '../page.js';

const mainMeetingCall = await joinCall(location.origin, window.token);
const breakoutRoomsFeature = mainMeetingCall.feature(Features.BreakoutRooms); // row: acs.feature
let breakoutRoomCall;

const breakoutRoomsUpdatedListener = (event) => {
  switch (event.type) {
    case 'breakoutRooms':
      say(`There are ${event.data.length} breakout rooms.`);
      event.data.forEach((room) => say(`- ${room.displayName}`));
      break;
    case 'assignedBreakoutRooms': { // row: acs.type.assignedBreakoutRooms
      const assignedRoom = event.data;
      say(`Assigned to ${assignedRoom.displayName}, ${assignedRoom.state}`); // row: acs.BreakoutRoom.displayName acs.BreakoutRoom.state acs.type.assignedBreakoutRooms.gone
      say(`Thread: ${typeof assignedRoom.threadId} of ${assignedRoom.threadId.length > 0}`); // row: acs.BreakoutRoom.threadId
      say(`Auto move: ${assignedRoom.autoMoveParticipantToBreakoutRoom}`); // row: acs.BreakoutRoom.autoMove
      break;
    }
    case 'breakoutRoomsSettings': // row: acs.type.breakoutRoomsSettings
      say(`Ends at ${new Date(event.data.roomEndTime).getTime()}, no return: ${event.data.disableReturnToMainMeeting}`);
      break;
    case 'join': // row: acs.type.join acs.type.join.autoMove
      breakoutRoomCall = event.data;
      breakoutRoomCall.on('remoteParticipantsUpdated', ({ added }) => added.forEach((p) => say(`Came: ${p.displayName || p.identifier}`)));
      say(`Joined the call ${breakoutRoomCall.id}`); // row: acs.call.id
      break;
    default:
      say(`Unknown event ${event.type}`);
  }
};
breakoutRoomsFeature.on('breakoutRoomsUpdated', breakoutRoomsUpdatedListener); // row: acs.on acs.on.late

button('join', async () => {
  const breakoutRoom = breakoutRoomsFeature.assignedBreakoutRoom; // row: acs.assignedBreakoutRoom
  if (breakoutRoom.state == 'open' && !breakoutRoom.autoMoveParticipantToBreakoutRoom) {
    const call = await breakoutRoom.join(); // row: acs.BreakoutRoom.join acs.hold
    say(`The same call: ${call === breakoutRoomCall && call === breakoutRoom.call}`); // row: acs.BreakoutRoom.call acs.type.join.same
  }
});
button('who', () => {
  const iterators = [breakoutRoomCall.remoteParticipants.values()].map((p) => p.displayName || p.identifier);
  const people = [...breakoutRoomCall.remoteParticipants.values()].map((p) => p.displayName || p.identifier); // row: acs.remote.values acs.remote.displayName acs.remote.identifier
  say(`${iterators.length} iterator, inside: ${people.join(', ')}, ${breakoutRoomCall.remoteParticipants.length}`); // row: acs.call.remoteParticipants
});
button('leave', () => {
  breakoutRoomCall.hangUp(); // row: acs.call.hangUp acs.unawaited
  mainMeetingCall.resume(); // row: acs.main.resume
});
button('leave if allowed', () => {
  if (breakoutRoomsFeature.breakoutRoomsSettings.disableReturnToMainMeeting == false) { // row: acs.breakoutRoomsSettings
    breakoutRoomCall.hangUp();
    mainMeetingCall.resume();
  } else say('You may not return.');
});
button('return', async () => {
  breakoutRoomCall.hangUp();
  const main = await breakoutRoomCall.returnToMainMeeting(); // row: acs.call.returnToMainMeeting
  say(`Back in ${main.state}`);
});
button('stop', () => breakoutRoomsFeature.off('breakoutRoomsUpdated', breakoutRoomsUpdatedListener)); // row: acs.off
button('state', () => say(`Main ${mainMeetingCall.state}, breakout ${breakoutRoomCall?.state}`)); // row: acs.call.state
say('ready');
