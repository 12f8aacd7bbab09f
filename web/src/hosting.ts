/** Moderators' commands on the meeting and on people. */
import { SideroomError, type Participant, type Room } from '@sideroom/client';

/**
 * Ends the meeting for everybody. A server that deletes rooms for API keys only refuses a moderator: then
 * everybody is sent away, and the moderator leaves last.
 */
export async function endMeeting(room: Room): Promise<void> {
  try {
    await room.command('RoomService/DeleteRoom');
  } catch (error) {
    if (!isRefused(error)) throw error;
    const others = [...room.participants.values()].filter(({ isMe }) => !isMe);
    await Promise.all(others.map(({ id }) => room.remove(id)));
    room.leave();
  }
}

const isRefused = (error: unknown): boolean => error instanceof SideroomError && (error.code === 'NoSuchMethod' || error.code === 'PermissionDenied');

/** Sends somebody away. */
export async function removePerson(room: Room, person: Participant): Promise<void> {
  await room.remove(person.id);
}
