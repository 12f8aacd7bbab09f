/** The move journal as a timeline: who went where, when, and why. */
import type { Move, RoomState } from '@sideroom/client';
import { fill, h } from './dom.js';

const SHOWN = 120;

/** Why somebody is in a group, after their name. */
export const WHY: Record<string, string> = {
  joined: 'joined it',
  forced: 'was moved without being asked',
  auto_moved: 'was moved when it opened',
  left: 'came back',
  moved: 'was moved',
  shuffled: 'was shuffled',
  cleared: 'was brought back',
  destroyed: 'came back as the breakouts ended',
  closed: 'came back as it was closed',
  time_up: 'came back as the time was up',
  arranged: 'was moved as prepared',
  rotated: 'changed rooms',
  joined_room: 'joined the meeting',
  left_room: 'left the meeting',
};

/** The panel with the journal, newest first. */
export class Timeline {
  readonly element = h('section', { class: 'panel', 'aria-label': 'Move journal' });
  readonly #list = h('ol', { class: 'timeline' });
  #shown = '';

  constructor(attendance: () => void) {
    this.element.append(h('div', { class: 'row' }, h('h2', { class: 'grow' }, 'Move journal'), h('button', { type: 'button', onclick: attendance }, 'Attendance')), this.#list);
  }

  /** Takes the whole journal. */
  update(moves: readonly Move[], room: RoomState): void {
    const key = `${moves.length} ${moves.at(-1)?.fromMs} ${room.breakouts.length}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const nameOf = (id: string): string => room.participants.find((each) => each.id === id)?.displayName ?? (id === 'operator' ? 'the signaling server' : id === 'system' ? 'the server' : id);
    const groupOf = (id: string): string => (id === 'parent' ? 'Main room' : (room.breakouts.find((each) => each.id === id)?.displayName ?? `breakout ${id}`));
    const entries = [...moves].sort((a, b) => b.fromMs - a.fromMs).slice(0, SHOWN);
    const lines = entries.map((move) => {
      const who = room.participants.find((each) => each.id === move.participantId)?.displayName ?? move.identity;
      const by = move.by && move.by !== move.participantId ? `, by ${nameOf(move.by)}` : '';
      const time = new Date(move.fromMs);
      return h(
        'li',
        {},
        h('time', { dateTime: time.toISOString() }, time.toLocaleTimeString()),
        h('span', { class: `dot ${move.groupId === 'parent' ? 'back' : ''}` }),
        h('span', {}, h('b', {}, who), ` ${WHY[move.reason] ?? move.reason}: ${groupOf(move.groupId)}${by}`),
      );
    });
    fill(this.#list, ...(lines.length ? lines : [h('li', { class: 'dim small', style: 'display:block' }, 'Nobody has moved yet.')]));
  }
}
