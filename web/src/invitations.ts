/**
 * Invitations of this participant, as cards above the meeting. They never take the focus, so that whoever
 * types goes on typing; a screen reader reads them. One that is put aside waits in the panel with the rooms.
 */
import type { Invitation, Room } from '@sideroom/client';
import { h, short } from './dom.js';
import { run } from './notices.js';

/** The cards, and which of them were put aside. */
export class Invitations {
  readonly #aside = new Set<string>();

  constructor(
    private readonly room: Room,
    private readonly changed: () => void,
  ) {
    room.breakouts.on('invitation', ({ breakout }) => this.#aside.delete(breakout.id));
    room.breakouts.on('invitationOver', ({ breakoutId }) => this.#aside.delete(breakoutId));
  }

  /** The cards that are shown now. */
  cards(): HTMLElement[] {
    return waiting(this.room)
      .filter(({ breakout }) => !this.#aside.has(breakout.id))
      .map((invitation) => this.#card(invitation));
  }

  #card(invitation: Invitation): HTMLElement {
    const { room } = this;
    const { breakout } = invitation;
    const back = room.breakouts.settings.allowReturn ? 'You can return to the main room at any time.' : 'A moderator brings you back.';
    const later = (): void => {
      this.#aside.add(breakout.id);
      this.changed();
    };
    return h(
      'section',
      { class: 'banner invitation', role: 'group', 'aria-label': `Invitation to ${breakout.name}`, 'data-key': `invitation ${breakout.id}` },
      h('div', { class: 'grow' }, h('b', {}, `${askedBy(room, invitation)} asks you to join ${short(breakout.name)}`), h('p', { class: 'small' }, back)),
      h('div', { class: 'row tight' }, ...answerButtons(invitation, 'card'), h('button', { type: 'button', class: 'plain', 'data-key': 'later', title: 'The invitation waits under Rooms', onclick: later }, 'Later')),
    );
  }
}

/** The invitations that wait for an answer. */
export function waiting(room: Room): Invitation[] {
  return room.breakouts.invitations.filter(({ forced, breakout }) => !forced && !breakout.isMine);
}

/** The name of the one who asks. */
export function askedBy(room: Room, { requestor }: Invitation): string {
  const name = room.participants.get(requestor)?.name;
  return name ? short(name) : requestor === 'operator' ? 'The organizer' : 'A moderator';
}

/** Join and Decline, in this order. */
export function answerButtons(invitation: Invitation, place: string): HTMLElement[] {
  const { id } = invitation.breakout;
  return [
    h('button', { type: 'button', class: 'primary', 'data-key': `accept ${place} ${id}`, onclick: () => run(() => invitation.accept()) }, 'Join'),
    h('button', { type: 'button', 'data-key': `decline ${place} ${id}`, onclick: () => run(() => invitation.reject()) }, 'Decline'),
  ];
}
