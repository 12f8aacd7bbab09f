/** Chat of the own group, and a moderator's messages to everybody. */
import type { Room } from '@sideroom/client';
import { cut, h, iconButton } from './dom.js';
import { run } from './notices.js';

const KEPT = 300;

/** The chat panel. It collects messages while it is closed. */
export class Chat {
  readonly element: HTMLElement;
  unread = 0;
  readonly #list = h('ol', { 'aria-live': 'polite', 'aria-label': 'Messages', tabIndex: 0 });
  readonly #input = h('input', { type: 'text', maxLength: 1000, placeholder: 'Write to this room', 'aria-label': 'Message', autocomplete: 'off' });
  readonly #all = h('input', { type: 'checkbox' });
  readonly #allLabel = h('label', { class: 'check small dim' }, this.#all, 'Send to all rooms');

  constructor(
    private readonly room: Room,
    close: () => void,
  ) {
    const send = h('button', { class: 'primary', type: 'submit' }, 'Send');
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      this.#send();
    };
    this.#all.addEventListener('change', () => this.update(true));
    const form = h('form', { onsubmit }, h('div', { class: 'line' }, this.#input, send), this.#allLabel);
    const title = h('header', {}, h('h2', {}, 'Chat'), iconButton('close', 'Close chat', close));
    this.element = h('section', { class: 'side', 'aria-label': 'Chat' }, title, h('div', { class: 'chat' }, this.#list, form));
    room.on('message', ({ from, fromId, groupId, text, atMs }) => {
      const name = from?.isMe ? 'You' : (from?.name ?? (fromId === 'operator' ? 'The organizers' : 'Somebody'));
      this.#show(name, groupId, text, atMs);
      if (!from?.isMe) this.unread += 1;
    });
  }

  /** Adapts the form to the role and the group. */
  update(open: boolean): void {
    if (open) this.unread = 0;
    this.#allLabel.hidden = !this.room.me.isModerator;
    const to = this.#all.checked && this.room.me.isModerator ? 'all rooms' : this.room.groupName(this.room.me.groupId);
    this.#input.placeholder = `Write to ${to}`;
  }

  /** Puts the cursor where one writes. */
  focus(): void {
    this.#input.focus();
  }

  #send(): void {
    const text = this.#input.value.trim();
    if (!text) return;
    run(async () => {
      await this.room.sendMessage(text, this.#all.checked && this.room.me.isModerator ? 'everyone' : undefined);
      this.#input.value = '';
    });
  }

  #show(name: string, groupId: string, text: string, atMs: number): void {
    const where = groupId === '' ? 'to all rooms' : groupId === this.room.me.groupId ? '' : `in ${this.room.groupName(groupId)}`;
    const time = new Date(atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const head = h('div', { class: 'row tight' }, cut(name, 'b'), h('span', { class: 'dim small' }, `${where} ${time}`));
    this.#list.append(h('li', { class: groupId ? '' : 'all' }, head, h('p', {}, text)));
    while (this.#list.children.length > KEPT) this.#list.firstElementChild?.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
