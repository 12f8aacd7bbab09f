/** The attendance of the meeting, for moderators. */
import type { Room } from '@sideroom/client';
import { showAttendance, type Names } from './attendance-table.js';
import { serverNow } from './clock.js';

/** Names of rooms that are gone by the time of the question. */
export class RoomNames {
  readonly #seen = new Map<string, string>([['parent', 'Main room']]);

  constructor(room: Room) {
    const learn = (): void => room.breakouts.all.forEach(({ id, name }) => this.#seen.set(id, name));
    room.breakouts.on('changed', learn);
    learn();
  }
  of(id: string): string {
    return this.#seen.get(id) ?? `breakout ${id}`;
  }
}

/** Shows who was where, and gives it as a file. */
export async function attendanceDialog(room: Room, groups: RoomNames): Promise<void> {
  const rows = await room.attendance();
  const nameOf = (id: string): string | undefined => room.participants.get(id)?.name;
  const names: Names = {
    person: ({ participantId, identity }) => nameOf(participantId) ?? identity,
    group: (id) => groups.of(id),
    author: (id) => nameOf(id) ?? (id === 'operator' ? 'the organizer' : id === 'system' ? '' : id),
  };
  showAttendance(room.name, rows, serverNow(), names);
}
