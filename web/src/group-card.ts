/** One card for each group: members, pending invitations, assignments and commands. */
import type { Breakout, Participant, Room } from '@sideroom/client';
import { renameDialog } from './breakouts-dialogs.js';
import { doorChoice, doorPill, mustKnock } from './doors.js';
import { cut, h, hueOf, icon, iconButton, initials } from './dom.js';
import { run } from './notices.js';
import { personMenu } from './person-menu.js';
import type { OthersQuality } from './quality.js';
import type { Talk } from './talk.js';

/** Draws the cards, and takes people that are dropped on them. */
export class GroupCards {
  #dragged = '';

  constructor(
    private readonly room: Room,
    private readonly quality: OthersQuality,
    private readonly talk: Talk,
  ) {}

  /** The card of the main room. */
  main(): HTMLElement {
    const members = this.room.membersOf('parent');
    return this.#card('parent', this.room.groupName('parent'), [h('span', { class: 'pill' }, String(members.length))], members, []);
  }

  /** The card of a breakout. */
  breakout(breakout: Breakout): HTMLElement {
    const { members, capacity } = breakout;
    const inside = insideOf(this.room, breakout);
    const pills = [
      breakout.isOpen ? null : h('span', { class: 'pill warn', 'data-key': 'closed' }, 'Closed'),
      breakout.isSideRoom ? h('span', { class: 'pill', 'data-key': 'side' }, 'Side room') : null,
      doorPill(breakout),
      h('span', { class: 'pill', 'data-key': 'count' }, inside === undefined ? `up to ${capacity}` : `${inside} of ${capacity}`),
    ];
    return this.#card(breakout.id, breakout.name, pills, members, [this.#pending(breakout), this.#commands(breakout)]);
  }

  #card(id: string, name: string, pills: (HTMLElement | null)[], members: Participant[], rest: (HTMLElement | null)[]): HTMLElement {
    const { room } = this;
    const { isModerator } = room.me;
    const people = h('ul', { class: 'people', 'aria-label': `In ${name}`, 'data-key': 'people' }, ...members.map((member) => this.chip(member)));
    const nobody = h('p', { class: 'none', 'data-key': 'none' }, isModerator && id !== 'parent' ? 'Nobody here. Drag people here, or choose a person to move them.' : 'Nobody here.');
    const drops = isModerator ? this.drops(id) : {};
    return h(
      'section',
      { class: `group-card ${room.me.groupId === id ? 'mine' : ''}`, 'data-group': id, 'data-key': `group ${id}`, 'aria-label': name, ...drops },
      h('header', {}, cut(name, 'h3'), room.me.groupId === id ? h('span', { class: 'pill accent', 'data-key': 'here' }, 'You are here') : null, ...pills),
      // Those outside may know how many are in a room, and not who.
      members.length ? people : (room.breakouts.find(id)?.occupancy ?? 0) > 0 ? null : nobody,
      ...rest,
    );
  }

  /** Lists pending invitations and assignments of people outside, for moderators. */
  #pending(breakout: Breakout): HTMLElement | null {
    const { room } = this;
    if (!room.me.isModerator) return null;
    const inside = new Set(breakout.members.map(({ identity }) => identity));
    const asked = breakout.invitedIdentities.filter((identity) => !inside.has(identity));
    const assigned = breakout.assignedIdentities.filter((identity) => !inside.has(identity) && !asked.includes(identity));
    if (!asked.length && !assigned.length) return null;
    const chip = (identity: string, state: string): HTMLElement => {
      const person = [...room.participants.values()].find((each) => each.identity === identity);
      const name = person?.name ?? identity;
      const label = `Take back the invitation of ${name}`;
      const back = person && state === 'asked' ? iconButton('close', label, () => run(() => breakout.withdraw([person.id])), { 'data-key': 'withdraw' }) : null;
      const free = state === 'assigned' ? iconButton('close', `Take ${name} out of ${breakout.name}`, () => run(() => room.breakouts.unassign([identity])), { 'data-key': 'unassign' }) : null;
      const drag = state === 'assigned' ? { draggable: true, ondragstart: (event: Event) => this.#drag(event, identity, name) } : {};
      return h('li', { class: 'chip pending', 'data-key': `${state} ${identity}`, ...drag }, cut(name), h('span', { class: 'dim small' }, person ? state : `${state}, not here yet`), back ?? free);
    };
    const chips = [...asked.map((each) => chip(each, 'asked')), ...assigned.map((each) => chip(each, 'assigned'))];
    return h('ul', { class: 'people', 'aria-label': `Not yet in ${breakout.name}`, 'data-key': 'pending' }, ...chips);
  }

  #commands(breakout: Breakout): HTMLElement | null {
    const { room } = this;
    const { me, breakouts } = room;
    const mine = me.groupId === breakout.id;
    const invited = breakouts.invitations.some((each) => each.breakout.id === breakout.id);
    const may = breakout.isOpen && !mine && (me.isModerator || (!me.isAway && (breakout.selfSelect || invited || breakouts.assigned?.id === breakout.id || breakouts.selectable.includes(breakout))));
    const full = (insideOf(room, breakout) ?? 0) >= breakout.capacity;
    const listening = me.listeningInGroupId === breakout.id;
    const join = may ? this.#entrance(breakout, full) : null;
    if (!me.isModerator) return join && !invited ? h('div', { class: 'row tight', 'data-key': 'commands' }, join) : null;
    return h(
      'div',
      { class: 'row tight', 'data-key': 'commands' },
      join,
      mine ? null : button('listen', listening ? 'Stop listening' : 'Listen in', () => run(() => (listening ? breakouts.stopListening() : breakout.listenIn()))),
      breakout.isOpen
        ? button('close', 'Close room', () => run(() => breakout.close()), { title: 'Everybody inside returns, and nobody can go in until it is opened again' })
        : button('open', 'Open room', () => run(() => breakout.open())),
      button('rename', 'Rename', () => renameDialog(breakout)),
      doorChoice(breakout),
    );
  }

  /** Join, or knock where the door asks for it. */
  #entrance(breakout: Breakout, full: boolean): HTMLElement | null {
    const { me, breakouts } = this.room;
    if (full) return button('join', 'Full', () => {}, { disabled: true });
    if (breakout.door === 'locked' && !me.isModerator && breakout.ownerId !== me.id) return button('join', 'Locked', () => {}, { disabled: true });
    if (!mustKnock(this.room, breakout)) return button('join', 'Join', () => run(() => breakout.join()));
    const knocks = breakouts.knocks.some(({ participantId, breakoutId }) => participantId === me.id && breakoutId === breakout.id);
    return button('knock', knocks ? 'Stop knocking' : 'Knock', () => run(() => (knocks ? breakout.stopKnocking() : breakout.knock())));
  }

  /** A person: for moderators a button with their menu, and something to drag. */
  chip(person: Participant): HTMLElement {
    const { room } = this;
    const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(person.name));
    avatar.style.setProperty('--hue', String(hueOf(person.identity)));
    const weak = !person.isMe && this.quality.of(person) === 'poor' && person.isConnected;
    const details = detailsOf(person, weak).join(', ');
    const content = [
      avatar,
      cut(person.name + (person.isMe ? ' (you)' : '')),
      person.isModerator ? h('span', { class: 'dim small', 'aria-hidden': 'true' }, 'mod') : null,
      person.helpRaised ? icon('hand') : null,
      weak || !person.isConnected ? icon('warning') : null,
      person.isLive('audio') ? null : icon('mic', true),
    ];
    const classes = `chip ${person.isSpeaking ? 'speaking' : ''} ${person.helpRaised ? 'help' : ''} ${person.isConnected ? '' : 'lost'}`;
    const key = `chip ${person.id}`;
    if (!room.me.isModerator) return h('li', { class: classes, 'data-key': key, 'data-person': person.id }, ...content, h('span', { class: 'visually-hidden' }, `, ${details}`));
    const menu = h('button', {
      type: 'button',
      class: classes,
      draggable: true,
      'data-key': key,
      'data-person': person.id,
      'aria-haspopup': 'dialog',
      onclick: () => personMenu(room, person, this.talk),
      ondragstart: (event: Event) => this.#drag(event, person.identity, person.name),
    }, ...content, h('span', { class: 'visually-hidden' }, `${details ? `, ${details}` : ''}. Open menu`));
    return h('li', { 'data-key': key }, menu);
  }

  #drag(event: Event, identity: string, name: string): void {
    this.#dragged = identity;
    (event as DragEvent).dataTransfer?.setData('text/plain', name);
  }

  /** Lets people be dropped on a group: they are moved, or, into a closed room, assigned. */
  drops(groupId: string): Record<string, (event: Event) => void> {
    const mark = (event: Event, over: boolean): void => void (event.currentTarget as Element).classList.toggle('over', over);
    return {
      ondragover: (event) => (event.preventDefault(), mark(event, true)),
      ondragleave: (event) => {
        const { currentTarget, relatedTarget } = event as DragEvent;
        if (!(currentTarget as Element).contains(relatedTarget as Node | null)) mark(event, false);
      },
      ondrop: (event) => {
        event.preventDefault();
        mark(event, false);
        const identity = this.#dragged;
        this.#dragged = '';
        if (identity) run(() => putInto(this.room, identity, groupId));
      },
    };
  }
}

/** Moves somebody to a group. Into a room that is closed, or before they are here, they are assigned. */
export async function putInto(room: Room, identity: string, groupId: string): Promise<void> {
  const person = [...room.participants.values()].find((each) => each.identity === identity);
  const breakout = room.breakouts.find(groupId);
  if (breakout && (!breakout.isOpen || !person)) return breakout.assign([identity]);
  if (!person || (groupId === 'parent' && !person.isAway)) return room.breakouts.unassign([identity]);
  if (person.groupId !== groupId) await room.breakouts.move({ [person.id]: groupId });
}

/**
 * Counts the people inside; undefined in a room that this person is only invited to, since they don't
 * hear of each change.
 */
function insideOf(room: Room, breakout: Breakout): number | undefined {
  const { me, breakouts } = room;
  if (me.isModerator || breakout.isMine || breakout.ownerId === me.id || me.listeningInGroupId === breakout.id) return breakout.members.length;
  return breakouts.selectable.includes(breakout) ? breakout.occupancy : undefined;
}

function button(key: string, label: string, onclick: () => void, props: Record<string, unknown> = {}): HTMLElement {
  return h('button', { type: 'button', 'data-key': key, onclick, ...props }, label);
}

function detailsOf(person: Participant, weak: boolean): string[] {
  const muted = person.track('audio')?.mutedByModerator ? 'muted by a moderator' : !person.isLive('audio') && 'microphone off';
  const details = [person.isModerator && 'moderator', person.isSpeaking && 'speaking', muted, person.helpRaised && 'asks for help', weak && 'poor connection', !person.isConnected && 'reconnecting'];
  return details.filter((each): each is string => Boolean(each));
}
