// A controller of an iOS app, carried over to TypeScript line by line: a class that is its own delegate.
import { EnxRoom, joinRoom, type IosDelegate, type IosPayload } from '@sideroom/client/dialects/ios';
import { button, field, say } from '../page.js';

declare global {
  interface Window {
    token: string;
  }
}

const clients = field('clients');
const roomId = field('room');

class ViewController implements IosDelegate {
  room: EnxRoom | undefined;
  breakout: EnxRoom | undefined;

  didAckCreateBreakOutRoom(data: IosPayload<'didAckCreateBreakOutRoom'>): void { // row: ios.didAckCreateBreakOutRoom
    if (data.result === 0) return say(`Created ${data.msg.rooms.join()}`);
    say(`Not created: ${data.result} ${data.msg}`); // row: ios.codes
  }
  didAckCreateAndInviteBreakOutRoom(data: IosPayload<'didAckCreateAndInviteBreakOutRoom'>): void { // row: ios.didAckCreateAndInviteBreakOutRoom
    if (data.result === 0) say(`Created with guests ${data.msg.rooms.join()}`);
  }
  didAckInviteBreakOutRoom(data: IosPayload<'didAckInviteBreakOutRoom'>): void { // row: ios.didAckInviteBreakOutRoom ios.inviteFromInside
    say(`Invited: ${data.result} ${data.msg}`);
  }
  didAckRejectBreakoutRoom(data: IosPayload<'didAckRejectBreakoutRoom'>): void { // row: ios.didAckRejectBreakoutRoom
    say(`Rejected: ${data.result} ${data.msg}`);
  }
  didAckPause(data: IosPayload<'didAckPause'>): void { // row: ios.didAckPause
    say(`Pause: ${data.result} ${data.msg}`);
  }
  didAckResume(data: IosPayload<'didAckResume'>): void { // row: ios.didAckResume
    say(`Resume: ${data.result} ${data.msg}`);
  }
  didAckMuteRoom(data: IosPayload<'didAckMuteRoom'>): void { // row: ios.didAckMuteRoom
    say(`Mute: ${data.result} ${data.msg}`);
  }
  didAckUnmuteRoom(data: IosPayload<'didAckUnmuteRoom'>): void { // row: ios.didAckUnmuteRoom
    say(`Unmute: ${data.result} ${data.msg}`);
  }
  didBreakoutRoomCreated({ rooms, owner }: IosPayload<'didBreakoutRoomCreated'>): void { // row: ios.didBreakoutRoomCreated
    const ids: string[] = rooms;
    say(`${owner} created ${ids.join()}`);
  }
  didBreakoutRoomInvited(data: IosPayload<'didBreakoutRoomInvited'>): void { // row: ios.didBreakoutRoomInvited
    const clients: string[] = data.clients;
    say(`${data.requestor} invited ${clients.join()} to ${data.room_id}`);
  }
  didBreakoutRoomInviteRejected(data: IosPayload<'didBreakoutRoomInviteRejected'>): void { // row: ios.didBreakoutRoomInviteRejected
    say(`${data.clientId} rejected ${data.room_id}`);
  }
  didInvitationForBreakoutRoom(data: IosPayload<'didInvitationForBreakoutRoom'>): void { // row: ios.didInvitationForBreakoutRoom
    say(`Asked into ${data.message.room_id} by ${data.message.requestor}`);
  }
  didBreakoutroomjoining(data: IosPayload<'didBreakoutroomjoining'>, room: EnxRoom): void { // row: ios.didBreakoutroomjoining
    say(`Moved into ${data.message.room_id}, there already: ${room.native.me.groupId === data.message.room_id}`); // row: ios.didBreakoutroomjoining.connected
  }
  didConnectedBreakoutRoom(roomMetadata: IosPayload<'didConnectedBreakoutRoom'>, room: EnxRoom): void { // row: ios.didConnectedBreakoutRoom
    this.breakout = room;
    say(`Connected to ${roomMetadata.room_id} with ${roomMetadata.clients.map(({ name }) => name).sort().join()}`);
  }
  didFailedJoinBreakOutRoom(data: IosPayload<'didFailedJoinBreakOutRoom'>): void { // row: ios.didFailedJoinBreakOutRoom
    say(`Join failed: ${data.result} ${data.msg}`);
  }
  didUserJoinedBreakoutRoom(data: IosPayload<'didUserJoinedBreakoutRoom'>): void { // row: ios.didUserJoinedBreakoutRoom
    say(`${data.clientId} joined ${data.room}`);
  }
  didDisconnectedBreakoutRoom(data: IosPayload<'didDisconnectedBreakoutRoom'>): void { // row: ios.didDisconnectedBreakoutRoom
    say(`Disconnected: ${JSON.stringify(data)}`);
  }
  didDisconnectededBreakoutRoom(data: IosPayload<'didDisconnectededBreakoutRoom'>): void { // row: ios.didDisconnectededBreakoutRoom
    say(`Cleared: ${JSON.stringify(data)}`);
  }
  didUserDisconnectedFromBreakoutRoom(data: IosPayload<'didUserDisconnectedFromBreakoutRoom'>): void { // row: ios.didUserDisconnectedFromBreakoutRoom
    say(`${data.name} (${data.clientId}) left ${data.room}`);
  }
  didEventError(data: IosPayload<'didEventError'>): void { // row: ios.unhandled
    say(`Event error: ${data.result} ${data.msg}`);
  }
}

const controller = new ViewController();
const room: EnxRoom = await joinRoom(location.origin, window.token, controller);
controller.room = room;
const dictionary = { participants: 3, audio: true, video: false, canvas: false, share: false, max_rooms: 1 };

button('create', () => room.createBreakOutRoom(dictionary));
button('create too many', () => room.createBreakOutRoom({ ...dictionary, max_rooms: 11 }));
button('create and invite', () => room.createAndInviteBreakoutRoom(dictionary)); // row: ios.spellings
button('invite', () => room.inviteToBreakOutRoom({ clients: clients().split(','), room_id: roomId() }));
button('force', () => room.inviteToBreakOutRoom({ clients: `[${clients()}]`, room_id: roomId(), force_join: true }));
button('join', () => room.joinBreakOutRoom({ role: 'participant', room_id: roomId() }, { audio: true, video: false, screen: false, canvas: false }));
button('reject', () => room.rejectBreakOutRoom({ room_id: roomId() }));
button('pause', () => room.pause());
button('resume', () => room.resume());
button('mute', () => room.muteRoom({ audio: true, video: true }));
button('unmute', () => room.unmuteRoom({ audio: true, video: true }));
button('disconnect', () => controller.breakout?.disconnect()); // row: ios.disconnect.instance
button('clear', () => room.clearAllBreakOutSession());
button('destroy', () => room.destroyAllBreakOutSession());
say(`I am ${room.native.me.id}`);
say('ready');
