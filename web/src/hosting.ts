/** Moderators' commands on the meeting and on people. */
import type { Participant, Room } from '@sideroom/client';

/** Ends the meeting for everybody. */
export async function endMeeting(room: Room): Promise<void> {
  await room.command('RoomService/DeleteRoom');
}

/** Sends somebody away. */
export async function removePerson(room: Room, person: Participant): Promise<void> {
  await room.remove(person.id);
}
