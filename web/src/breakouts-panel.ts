/** Who is where, and a moderator's hand on it: create, drag people, open, close, listen in, bring back. */
import type { Breakout, Participant, Room } from '@sideroom/client';
import { fill, h, hueOf, icon, iconButton, initials } from './dom.js';
import { createDialog, rulesDialog, timerDialog } from './breakouts-dialogs.js';
import { notify, openDialog, run } from './notices.js';

/** The panel with every group of the room. */
export class BreakoutsPanel {
  readonly element: HTMLElement;
  readonly #body = h('div', { class: 'body' });
  #dragged = '';

  constructor(
    private readonly room: Room,
    close: () => void,
  ) {
    const title = h('header', {}, h('h2', {}, 'Rooms'), iconButton('close', 'Close rooms', close));
    this.element = h('section', { class: 'side', 'aria-label': 'Rooms' }, title, this.#body);
  }

  /** Draws the panel anew; focus stays where it was. */
  update(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset['key'];
    const { room } = this;
    const visible = room.breakouts.all;
    const known = new Set(visible.map(({ id }) => id));
    const elsewhere = [...room.participants.values()].filter(({ groupId, isAway }) => isAway && !known.has(groupId));
    fill(
      this.#body,
      room.me.isModerator ? this.#commands(visible) : this.#plainCommands(),
      this.#group('parent', room.groupName('parent'), room.membersOf('parent')),
      ...visible.map((breakout) => this.#group(breakout.id, breakout.name, breakout.members, breakout)),
      elsewhere.length ? h('p', { class: 'dim small' }, `In other breakouts: ${elsewhere.map(({ name }) => name).join(', ')}`) : null,
    );
    if (focused) this.#body.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #commands(breakouts: readonly Breakout[]): HTMLElement {
    const { room } = this;
    const closed = breakouts.some(({ isOpen }) => !isOpen);
    const addressing = room.me.addressingAll.length > 0;
    const create = this.#button('create', 'New rooms', () => createDialog(room), 'primary');
    if (!breakouts.length) {
      return h('div', { class: 'stack' }, h('p', { class: 'dim' }, 'Split the meeting into smaller rooms. You can bring everybody back at any time.'), create);
    }
    return h(
      'div',
      { class: 'row' },
      create,
      this.#button('address', addressing ? 'Stop announcing' : 'Announce to all', () =>
        run(() => (addressing ? room.breakouts.stopAddressing() : room.breakouts.addressAll())),
      ),
      this.#button('timer', room.breakouts.settings.endsAtMs ? 'Change timer' : 'Set a timer', () => timerDialog(room)),
      closed ? this.#button('open', 'Open all', () => run(() => room.breakouts.open())) : this.#button('close-all', 'Close all', () => run(() => room.breakouts.close())),
      this.#button('rules', 'Rules', () => rulesDialog(room)),
      this.#button('shuffle', 'Shuffle', () => run(() => room.breakouts.shuffle())),
      this.#button('clear', 'Bring all back', () => run(() => room.breakouts.clear())),
      this.#button('destroy', 'End rooms', () => this.#confirmEnd(), 'danger'),
    );
  }

  #plainCommands(): HTMLElement {
    const { room } = this;
    if (room.me.isAway) {
      const asked = room.me.helpRaised;
      const mayReturn = room.breakouts.settings.allowReturn;
      return h(
        'div',
        { class: 'row' },
        mayReturn ? this.#button('return', 'Return to the main room', () => run(() => room.breakouts.run('LeaveBreakout')), 'primary') : h('span', { class: 'pill' }, icon('lock'), 'The moderators bring you back'),
        this.#button('help', asked ? 'Withdraw call for help' : 'Ask for help', () =>
          run(() => (asked ? room.breakouts.withdrawHelp() : room.breakouts.askForHelp())),
        ),
      );
    }
    return h('p', { class: 'dim' }, 'When a moderator invites you into a breakout, you can accept or decline here.');
  }

  #group(id: string, name: string, members: Participant[], breakout?: Breakout): HTMLElement {
    const { room } = this;
    const mine = room.me.groupId === id;
    const count = breakout ? `${members.length} of ${breakout.capacity}` : String(members.length);
    const header = h('header', {}, h('h3', {}, name), breakout && !breakout.isOpen ? h('span', { class: 'pill warn' }, 'Closed') : null, h('span', { class: 'pill' }, count));
    const people = h('div', { class: 'people', role: 'list', 'aria-label': `In ${name}` }, ...members.map((member) => this.#chip(member)));
    const card = h(
      'div',
      { class: `group-card ${mine ? 'mine' : ''}`, 'data-group': id },
      header,
      members.length ? people : h('p', { class: 'none' }, room.me.isModerator ? 'Nobody here. Drag people into this room.' : 'Nobody here.'),
      breakout ? this.#groupCommands(breakout, mine) : null,
    );
    if (room.me.isModerator) this.#acceptDrops(card, id);
    return card;
  }

  #groupCommands(breakout: Breakout, mine: boolean): HTMLElement {
    const { room } = this;
    const invited = room.breakouts.invitations.some((invitation) => invitation.breakout === breakout);
    const may = breakout.isOpen && (room.me.isModerator || breakout.selfSelect || invited || room.breakouts.assigned === breakout);
    const listening = room.me.listeningInGroupId === breakout.id;
    const key = (what: string): string => `${what} ${breakout.id}`;
    return h(
      'div',
      { class: 'row tight' },
      mine ? h('span', { class: 'pill accent' }, 'You are here') : may ? this.#button(key('join'), 'Join', () => run(() => breakout.join())) : null,
      room.me.isModerator && !mine
        ? this.#button(key('listen'), listening ? 'Stop listening' : 'Listen in', () => run(() => (listening ? room.breakouts.stopListening() : breakout.listenIn())))
        : null,
      room.me.isModerator ? this.#button(key('state'), breakout.isOpen ? 'Close' : 'Open', () => run(() => (breakout.isOpen ? breakout.close() : breakout.open()))) : null,
      room.me.isModerator ? this.#button(key('rename'), 'Rename', () => this.#rename(breakout)) : null,
    );
  }

  #chip(person: Participant): HTMLElement {
    const { room } = this;
    const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(person.name));
    avatar.style.setProperty('--hue', String(hueOf(person.identity)));
    const details = [person.isMe && 'you', person.isModerator && 'moderator', person.isSpeaking && 'speaking', person.helpRaised && 'asks for help', !person.isConnected && 'reconnecting'].filter(Boolean).join(', ');
    const content = [avatar, person.name + (person.isMe ? ' (you)' : ''), person.helpRaised ? icon('hand') : null, person.isLive('audio') ? null : icon('mic', true)] as const;
    const classes = `chip ${person.isSpeaking ? 'speaking' : ''} ${person.helpRaised ? 'help' : ''} ${person.isConnected ? '' : 'lost'}`;
    if (!room.me.isModerator) return h('span', { class: classes, role: 'listitem', 'aria-label': `${person.name}${details ? `, ${details}` : ''}` }, ...content);
    const chip = h('button', { type: 'button', class: classes, draggable: true, 'data-key': `chip ${person.id}`, 'data-person': person.id, 'aria-label': `${person.name}${details ? `, ${details}` : ''}. Open menu`, 'aria-haspopup': 'dialog', onclick: () => this.#personMenu(person) }, ...content);
    chip.addEventListener('dragstart', (event) => {
      this.#dragged = person.id;
      event.dataTransfer?.setData('text/plain', person.name);
    });
    return chip;
  }

  #acceptDrops(card: HTMLElement, groupId: string): void {
    card.addEventListener('dragover', (event) => {
      event.preventDefault();
      card.classList.add('over');
    });
    card.addEventListener('dragleave', (event) => {
      if (!card.contains(event.relatedTarget as Node | null)) card.classList.remove('over');
    });
    card.addEventListener('drop', (event) => {
      event.preventDefault();
      card.classList.remove('over');
      const id = this.#dragged;
      this.#dragged = '';
      if (this.room.participants.get(id)?.groupId !== groupId && id) run(() => this.room.breakouts.move({ [id]: groupId }));
    });
  }

  /** What dragging does, for keyboards; and everything else that can be done to a person. */
  #personMenu(person: Participant): void {
    const { room } = this;
    openDialog(person.name, (close) => {
      const act = (label: string, action: () => Promise<unknown>, kind = ''): HTMLElement =>
        h('button', { type: 'button', class: kind, onclick: () => (close(), run(action)) }, label);
      const targets = [{ id: 'parent', name: room.groupName('parent') }, ...room.breakouts.all].filter(({ id }) => id !== person.groupId);
      const open = room.breakouts.all.filter(({ isOpen }) => isOpen);
      return [
        ...targets.map(({ id, name }) => act(`Move to ${name}`, () => room.breakouts.move({ [person.id]: id }))),
        ...(person.isAway || person.isMe || room.me.isAway ? [] : open.map((breakout) => act(`Invite to ${breakout.name}`, async () => {
          await breakout.invite([person.id]);
          notify(`${person.name} was invited to ${breakout.name}.`);
        }))),
        ...(person.helpRaised ? [act('Answer the call for help', () => room.breakouts.answerHelp(person.id)), act('Go there and help', () => room.breakouts.answerHelp(person.id, { join: true }), 'primary')] : []),
        ...(person.isMe ? [] : [
          act(person.track('audio')?.mutedByModerator ? 'Allow to speak again' : 'Mute', () => room.muteOther(person.id, ['audio'], !person.track('audio')?.mutedByModerator)),
          act(person.isModerator ? 'Make a participant' : 'Make a moderator', () => room.setRole(person.id, person.isModerator ? 'participant' : 'moderator')),
          act('Remove from the meeting', () => room.remove(person.id), 'danger'),
        ]),
        h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel')),
      ];
    });
  }

  #rename(breakout: Breakout): void {
    openDialog('Rename', (close) => {
      const input = h('input', { type: 'text', value: breakout.name, maxLength: 60, required: true });
      const onsubmit = (event: Event): void => {
        event.preventDefault();
        close();
        run(() => breakout.update({ name: input.value.trim() }));
      };
      return [h('form', { onsubmit }, h('label', { class: 'field' }, 'Name', input), h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Rename')))];
    });
  }

  #confirmEnd(): void {
    openDialog('End all breakouts?', (close) => [
      h('p', { class: 'dim' }, 'Everybody returns to the main room and the breakouts are removed.'),
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { type: 'button', class: 'primary', onclick: () => (close(), run(() => this.room.breakouts.destroy())) }, 'End rooms')),
    ]);
  }

  #button(key: string, label: string, onclick: () => void, kind = ''): HTMLButtonElement {
    return h('button', { type: 'button', class: kind, 'data-key': key, onclick }, label);
  }
}
