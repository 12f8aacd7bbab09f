/** The host's wall: every room at once, and each of them one press away. */
import type { Breakout, Participant, Room } from '@sideroom/client';
import { countdown, minutes, serverNow } from './clock.js';
import { cut, h, icon, morph, short } from './dom.js';
import { doorChoice, doorPill } from './doors.js';
import type { GroupCards } from './group-card.js';
import { openDialog, run } from './notices.js';
import type { Talk } from './talk.js';

/** The grid of rooms, with what the host can do in each. */
export class Wall {
  readonly element = h('div', { class: 'wall', role: 'group', 'aria-label': 'All rooms' });
  readonly #chosen = new Set<string>();
  #follow = true;

  constructor(
    private readonly room: Room,
    private readonly cards: GroupCards,
    private readonly talk: Talk,
    private readonly changed: () => void,
  ) {}

  /** Brings the wall up to date, in place. */
  update(): void {
    const { room } = this;
    const all = room.breakouts.all;
    const groups = ['parent', ...all.map(({ id }) => id)];
    for (const id of this.#chosen) if (!groups.includes(id)) this.#chosen.delete(id);
    morph(this.element, h('h2', { class: 'visually-hidden', 'data-key': 'title' }, 'All rooms'), this.#tools(), h('div', { class: 'wall-cards', 'data-key': 'cards' }, this.#card('parent', undefined), ...all.map((breakout) => this.#card(breakout.id, breakout))));
  }

  /** The videos of the wall, for the wish list: the smallest layer does. */
  get videos(): HTMLVideoElement[] {
    return [...this.element.querySelectorAll<HTMLVideoElement>('video[data-participant]')];
  }

  #tools(): HTMLElement {
    const { talk } = this;
    const chosen = [...this.#chosen];
    const option = (key: string, label: string, checked: boolean, change: (on: boolean) => void): HTMLElement =>
      h('label', { class: 'check small', 'data-key': key }, h('input', { type: 'checkbox', checked, onchange: (event: Event) => (change((event.currentTarget as HTMLInputElement).checked), this.changed()) }), label);
    return h(
      'div',
      { class: 'row wall-tools', 'data-key': 'tools' },
      talk.to('all', 'Speak to all', 'everybody', { class: 'primary' }),
      talk.to('chosen', chosen.length ? `Speak to the ${chosen.length} chosen` : 'Speak to the chosen', { groups: chosen }, { disabled: chosen.length === 0 }),
      option('reply', 'They may answer', talk.options.allowReply, (on) => (talk.options.allowReply = on)),
      option('keep', 'My room hears it too', talk.options.keepOwnGroup, (on) => (talk.options.keepOwnGroup = on)),
      option('follow', 'My room does not hear me while I listen', this.#follow, (on) => (this.#follow = on)),
    );
  }

  #card(id: string, breakout: Breakout | undefined): HTMLElement {
    const { room, cards } = this;
    const name = room.groupName(id);
    const members = room.membersOf(id);
    const { mine } = room.intercoms;
    const classes = ['wall-card', room.me.groupId === id && 'mine', (mine?.all || mine?.groupIds.includes(id)) && 'spoken', members.some(({ helpRaised }) => helpRaised) && 'help'].filter(Boolean).join(' ');
    const people = h('ul', { class: 'people', 'aria-label': `In ${name}`, 'data-key': 'people' }, ...members.map((member) => cards.chip(member)));
    return h(
      'section',
      { class: classes, 'aria-label': `${name} on the wall`, 'data-wall': id, 'data-key': `wall ${id}`, ...cards.drops(id) },
      h('header', {}, this.#choice(id, name), cut(name, 'h3'), ...this.#pills(id, breakout, members)),
      this.#picture(members),
      this.#status(members),
      members.length ? people : h('p', { class: 'dim small', 'data-key': 'nobody' }, 'Nobody here.'),
      this.#commands(id, name, breakout),
    );
  }

  #choice(id: string, name: string): HTMLElement {
    const onchange = (event: Event): void => {
      if ((event.currentTarget as HTMLInputElement).checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.changed();
    };
    return h('input', { type: 'checkbox', checked: this.#chosen.has(id), 'aria-label': `Choose ${name} to speak to`, 'data-key': 'choose', onchange });
  }

  #pills(id: string, breakout: Breakout | undefined, members: readonly Participant[]): (HTMLElement | null)[] {
    const { room } = this;
    const left = breakout && countdown(room.breakouts.settings, serverNow());
    return [
      room.me.groupId === id ? h('span', { class: 'pill accent', 'data-key': 'here' }, 'You are here') : null,
      breakout && !breakout.isOpen ? h('span', { class: 'pill warn', 'data-key': 'closed' }, 'Closed') : null,
      breakout ? doorPill(breakout) : null,
      left ? h('span', { class: `pill ${left.inGrace ? 'stop' : ''}`, 'data-key': 'left', role: 'timer', 'aria-label': `Time left: ${minutes(left.leftMs)}` }, icon('clock'), minutes(left.leftMs)) : null,
      h('span', { class: 'pill', 'data-key': 'count' }, breakout ? `${members.length} of ${breakout.capacity}` : String(members.length)),
    ];
  }

  /** One small picture of the room: of who speaks, else of the first whose camera reaches the host. */
  #picture(members: readonly Participant[]): HTMLElement | null {
    const seen = members.filter((member) => !member.isMe && member.receives('camera'));
    const shown = seen.find(({ isSpeaking }) => isSpeaking) ?? seen[0];
    if (!shown) return null;
    const known = this.videos.find(({ dataset }) => dataset['participant'] === shown.id);
    const video = known ?? h('video', { autoplay: true, playsInline: true, muted: true, 'data-participant': shown.id, 'data-kind': 'camera', 'aria-label': `Picture of ${shown.name}` });
    if (video.srcObject !== shown.stream('camera')) video.srcObject = shown.stream('camera');
    return h('figure', { class: 'wall-picture', 'data-key': `picture ${shown.id}` }, video);
  }

  #status(members: readonly Participant[]): HTMLElement {
    const speaking = members.filter(({ isSpeaking }) => isSpeaking).map(({ name }) => short(name));
    const hands = members.filter(({ helpRaised }) => helpRaised).map(({ name }) => short(name));
    const said = speaking.length ? `${speaking.join(' and ')} ${speaking.length === 1 ? 'speaks' : 'speak'}.` : '';
    const help = hands.length ? `${hands.join(' and ')} ${hands.length === 1 ? 'asks' : 'ask'} for help.` : '';
    return h('p', { class: 'small status', 'data-key': 'status', hidden: !said && !help }, hands.length ? icon('hand') : speaking.length ? icon('speaker') : null, [said, help].filter(Boolean).join(' '));
  }

  #commands(id: string, name: string, breakout: Breakout | undefined): HTMLElement {
    const { room, talk } = this;
    const { me, breakouts } = room;
    const here = me.groupId === id;
    const listening = me.listeningInGroupId === id;
    const button = (key: string, label: string, onclick: () => void, props: Record<string, unknown> = {}): HTMLElement =>
      h('button', { type: 'button', 'data-key': key, 'aria-label': `${label}: ${name}`, onclick, ...props }, label);
    const listen = (): void => run(() => (listening ? breakouts.stopListening() : breakouts.listenIn(id, { follow: this.#follow })));
    const enter = (): void => run(() => breakouts.move({ [me.id]: id }));
    const mayListen = breakout && !here && breakout.isOpen;
    return h(
      'div',
      { class: 'row tight', 'data-key': 'commands' },
      mayListen ? button('listen', listening ? 'Stop listening' : 'Listen', listen, { 'data-active': String(listening) }) : null,
      here && !this.talk.speaksTo({ groups: [id] }) ? null : talk.toRoom(id, name),
      here || breakout?.isOpen === false ? null : button('join', 'Join', enter),
      button('message', 'Message', () => this.#messageDialog(id, name)),
      !breakout ? null : breakout.isOpen ? button('close', 'Close', () => run(() => breakout.close()), { title: 'Everybody inside returns' }) : button('open', 'Open', () => run(() => breakout.open())),
      breakout ? doorChoice(breakout) : null,
    );
  }

  #messageDialog(id: string, name: string): void {
    const input = h('input', { type: 'text', maxLength: 1000, required: true, autocomplete: 'off' });
    openDialog(`Message to ${short(name)}`, (close) => {
      const onsubmit = (event: Event): void => {
        event.preventDefault();
        close();
        run(() => this.room.sendMessage(input.value.trim(), id));
      };
      return [h('form', { onsubmit }, h('label', { class: 'field' }, 'Everybody in this room reads it', input), h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Send')))];
    });
  }
}
