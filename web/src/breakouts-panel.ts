/** The panel of all groups: the people in each, and the moderators' commands. */
import type { Room } from '@sideroom/client';
import { arrangeDialog } from './arrange.js';
import { attendanceDialog, RoomNames } from './attendance.js';
import { createDialog, finishDialog, rulesDialog, timerDialog } from './breakouts-dialogs.js';
import { h, icon, iconButton, morph, short } from './dom.js';
import type { GroupCards } from './group-card.js';
import { KeptOut } from './hosting.js';
import { helpList } from './help.js';
import { answerButtons, askedBy, waiting } from './invitations.js';
import { run } from './notices.js';
import { schedulesDialog } from './schedules.js';
import { maySideRoom, sideRoomDialog } from './side-room.js';

/** The panel with every group of the room. */
export class BreakoutsPanel {
  readonly element: HTMLElement;
  readonly #body = h('div', { class: 'body' });
  readonly #names: RoomNames;
  readonly #keptOut: KeptOut;

  constructor(
    private readonly room: Room,
    private readonly cards: GroupCards,
    close: () => void,
  ) {
    this.#keptOut = new KeptOut(room, () => this.element.isConnected && this.update());
    this.#names = new RoomNames(room);
    const title = h('header', {}, h('h2', {}, 'Rooms'), iconButton('close', 'Close the list of rooms', close));
    this.element = h('section', { class: 'side', 'aria-label': 'Rooms' }, title, this.#body);
  }

  /** Brings the panel up to date, in place. */
  update(): void {
    const { room } = this;
    const visible = room.breakouts.all;
    const known = new Set(visible.map(({ id }) => id));
    const focused = this.#body.querySelector<HTMLElement>('[data-person]:focus')?.dataset['person'];
    const elsewhere = [...room.participants.values()].filter(({ groupId, isAway }) => isAway && !known.has(groupId));
    morph(
      this.#body,
      helpList(room),
      this.#invitations(),
      room.me.isModerator ? this.#commands() : this.#guide(),
      this.cards.main(),
      ...visible.map((breakout) => this.cards.breakout(breakout)),
      elsewhere.length ? h('p', { class: 'dim small', 'data-key': 'elsewhere' }, `In other rooms: ${elsewhere.map(({ name }) => short(name)).join(', ')}`) : null,
    );
    // The focus goes along with a person who changes rooms.
    if (focused && !this.#body.querySelector(':focus')) this.#body.querySelector<HTMLElement>(`[data-person="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Puts the cursor at the start of the panel. */
  focus(): void {
    this.element.querySelector<HTMLElement>('header button')?.focus();
    void this.#keptOut.read().catch(() => {});
  }

  #invitations(): HTMLElement | null {
    const { room } = this;
    const cards = waiting(room).map((invitation) =>
      h(
        'div',
        { class: 'banner invitation', role: 'group', 'aria-label': `Invitation to ${invitation.breakout.name}`, 'data-key': invitation.breakout.id },
        h('span', { class: 'grow' }, `${askedBy(room, invitation)} asks you to join ${short(invitation.breakout.name)}.`),
        h('div', { class: 'row tight' }, ...answerButtons(invitation, 'panel')),
      ),
    );
    return cards.length ? h('div', { class: 'stack', 'data-key': 'invitations' }, ...cards) : null;
  }

  #commands(): HTMLElement {
    const { room } = this;
    const breakouts = room.breakouts.all;
    const full = breakouts.length >= room.settings.maxBreakouts;
    const create = this.#button('create', breakouts.length ? 'More rooms' : 'New rooms', () => createDialog(room), breakouts.length ? '' : 'primary');
    if (!breakouts.length) return this.#commandRow(h('p', { class: 'dim' }, 'Split the meeting into smaller rooms. You can bring everybody back at any time.'), create, this.#prepare(), ...this.#rules());
    const addressing = room.me.addressingAll.length > 0;
    const closed = breakouts.some(({ isOpen }) => !isOpen);
    return this.#commandRow(
      null,
      closed ? this.#button('open', 'Open all rooms', () => run(() => room.breakouts.open()), 'primary') : null,
      this.#button('address', addressing ? 'Stop speaking to all' : 'Speak to all rooms', () => run(() => (addressing ? room.breakouts.stopAddressing() : room.breakouts.addressAll()))),
      this.#button('timer', room.breakouts.settings.endsAtMs ? 'Change timer' : 'Set timer', () => timerDialog(room)),
      full ? null : create,
      full ? null : this.#prepare(),
      this.#button('plan', 'Plan', () => schedulesDialog(room)),
      this.#button('shuffle', 'Shuffle people', () => run(() => room.breakouts.shuffle())),
      ...this.#rules(),
      this.#button('finish', 'Bring people back…', () => finishDialog(room)),
    );
  }

  /** The same elements before and after there are rooms: the focus stays on a button that stays. */
  #commandRow(guide: HTMLElement | null, ...buttons: (HTMLElement | null)[]): HTMLElement {
    return h('div', { class: 'stack', 'data-key': 'commands' }, guide, h('div', { class: 'row' }, ...buttons));
  }

  #rules(): (HTMLElement | null)[] {
    const out = this.#keptOut.people.length;
    return [this.#button('attendance', 'Attendance', () => run(() => attendanceDialog(this.room, this.#names))), this.#button('rules', 'Rules', () => rulesDialog(this.room)), !out ? null : this.#button('kept', 'People kept out', () => run(() => this.#keptOut.dialog()))];
  }

  #prepare(): HTMLElement {
    return this.#button('prepare', 'Prepare from a list', () => arrangeDialog(this.room));
  }

  #guide(): HTMLElement {
    const { room } = this;
    const { settings, selectable } = room.breakouts;
    let text = 'When a moderator asks you into a room, you can join or decline here.';
    if (room.me.isAway) text = settings.allowReturn ? 'You can return to the main room with the button below.' : 'A moderator brings you back to the main room.';
    else if (selectable.some(({ isOpen }) => isOpen)) text = 'Choose a room to join.';
    const away = room.me.isAway && !settings.allowReturn;
    const guide = h('p', { class: 'dim', 'data-key': 'guide' }, away ? icon('lock') : null, text);
    if (!maySideRoom(room)) return guide;
    return h('div', { class: 'stack', 'data-key': 'guide and side' }, guide, this.#button('side', 'New side room', () => sideRoomDialog(room)));
  }

  #button(key: string, label: string, onclick: () => void, kind = ''): HTMLButtonElement {
    return h('button', { type: 'button', class: kind, 'data-key': key, onclick }, label);
  }
}

