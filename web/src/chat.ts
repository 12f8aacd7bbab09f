/** Chat of the own group, and a moderator's messages to everybody. */
import type { Room } from '@sideroom/client';
import { h, iconButton } from './dom.js';
import { run } from './notices.js';

const KEPT = 300;

/** The chat panel. It keeps what was said while it is closed. */
export class Chat {
  readonly element: HTMLElement;
  unread = 0;
  readonly #list = h('ol', { 'aria-live': 'polite', 'aria-label': 'Messages' });
  readonly #input = h('input', { type: 'text', maxLength: 1000, placeholder: 'Write to this room', 'aria-label': 'Message', autocomplete: 'off' });
  readonly #all = h('input', { type: 'checkbox' });
  readonly #allLabel = h('label', { class: 'check small dim' }, this.#all, 'To every room');

  constructor(
    private readonly room: Room,
    close: () => void,
  ) {
    const send = h('button', { class: 'primary', type: 'submit' }, 'Send');
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      this.#send();
    };
    const form = h('form', { onsubmit }, h('div', { class: 'line' }, this.#input, send), this.#allLabel);
    const title = h('header', {}, h('h2', {}, 'Chat'), iconButton('close', 'Close chat', close));
    this.element = h('section', { class: 'side', 'aria-label': 'Chat' }, title, h('div', { class: 'chat' }, this.#list, form));
    room.on('message', ({ from, fromId, groupId, text, atMs }) => {
      const name = from?.isMe ? 'You' : (from?.name ?? (fromId === 'operator' ? 'The organizers' : 'Somebody'));
      this.#show(name, groupId, text, atMs);
    });
  }

  /** What depends on the role and the place. */
  update(open: boolean): void {
    if (open) this.unread = 0;
    this.#allLabel.hidden = !this.room.me.isModerator;
    this.#input.placeholder = `Write to ${this.room.groupName(this.room.me.groupId)}`;
  }

  /** Puts the cursor where one writes. */
  focus(): void {
    this.#input.focus();
  }

  #send(): void {
    const text = this.#input.value.trim();
    if (!text) return;
    run(async () => {
      await this.room.sendMessage(text, this.#all.checked ? 'everyone' : undefined);
      this.#input.value = '';
    });
  }

  #show(name: string, groupId: string, text: string, atMs: number): void {
    const where = groupId === '' ? 'to every room' : groupId === this.room.me.groupId ? '' : `in ${this.room.groupName(groupId)}`;
    const time = new Date(atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const head = h('div', {}, h('b', {}, name), h('span', { class: 'dim small' }, ` ${where} ${time}`));
    this.#list.append(h('li', { class: groupId ? '' : 'all' }, head, h('p', {}, text)));
    while (this.#list.children.length > KEPT) this.#list.firstElementChild?.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
    this.unread += 1;
  }
}
