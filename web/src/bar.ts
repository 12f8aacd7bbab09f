/** The buttons along the bottom. */
import type { Room } from '@sideroom/client';
import { fill, h, icon, type IconName } from './dom.js';
import { run } from './notices.js';
import type { Whiteboard } from './whiteboard.js';

/** What can be open at the side. */
export type SidePanel = 'rooms' | 'chat' | 'none';

/** What the bar needs of the page. */
export interface BarHost {
  readonly room: Room;
  readonly whiteboard: Whiteboard;
  panel(): SidePanel;
  show(panel: SidePanel): void;
  unread(): number;
  openMicrophone(): Promise<void>;
  leave(): void;
}

/** Microphone, camera, screen, whiteboard, rooms, chat, devices, leave. */
export class Bar {
  readonly element = h('nav', { class: 'bar', 'aria-label': 'Meeting controls' });
  readonly #buttons: { element: HTMLButtonElement; update(): void }[];

  constructor(host: BarHost) {
    const { room, whiteboard } = host;
    const { local } = room;
    const on = (kind: 'audio' | 'camera'): boolean => local.isPublished(kind) && !local.isMuted(kind);
    this.#buttons = [
      button('mic', () => (on('audio') ? 'Mute' : 'Unmute'), () => toggleMicrophone(host), () => ({ off: !on('audio') }), 'm'),
      button('camera', () => (on('camera') ? 'Stop camera' : 'Camera'), () => (local.isPublished('camera') ? local.unpublish('camera') : local.openCamera()), () => ({ off: !on('camera') }), 'v'),
      button('screen', () => (local.isPublished('screen') ? 'Stop sharing' : 'Share'), () => (local.isPublished('screen') ? local.unpublish('screen') : local.shareScreen()), () => ({ pressed: local.isPublished('screen') })),
      button('pen', () => 'Board', () => whiteboard.toggle(), () => ({ pressed: local.isPublished('canvas') })),
      button('rooms', () => 'Rooms', async () => host.show('rooms'), () => ({ pressed: host.panel() === 'rooms', badge: room.breakouts.invitations.length + (room.me.isModerator ? [...room.participants.values()].filter(({ helpRaised }) => helpRaised).length : 0) })),
      button('chat', () => 'Chat', async () => host.show('chat'), () => ({ pressed: host.panel() === 'chat', badge: host.unread() })),
    ];
    const leave = h('button', { type: 'button', class: 'leave', 'aria-label': 'Leave the meeting', onclick: () => host.leave() }, icon('leave'), 'Leave');
    fill(this.element, ...this.#buttons.map(({ element }) => element), leave);
    this.update();
  }

  /** Brings the buttons up to date. */
  update(): void {
    for (const each of this.#buttons) each.update();
  }
}

async function toggleMicrophone(host: BarHost): Promise<void> {
  const { local } = host.room;
  if (!local.isPublished('audio')) return host.openMicrophone();
  await local.setMuted('audio', !local.isMuted('audio'));
}

interface ButtonState {
  off?: boolean;
  pressed?: boolean;
  badge?: number;
}

function button(name: IconName, label: () => string, action: () => Promise<unknown>, state: () => ButtonState, key?: string): { element: HTMLButtonElement; update(): void } {
  const text = h('span');
  const badge = h('span', { class: 'badge', hidden: true });
  const element = h('button', { type: 'button', onclick: () => run(action) });
  if (key) {
    element.setAttribute('aria-keyshortcuts', key);
    document.addEventListener('keydown', (event) => {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, select, dialog');
      if (!typing && event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey) element.click();
    });
  }
  const update = (): void => {
    const { off, pressed, badge: count = 0 } = state();
    text.textContent = label();
    element.classList.toggle('off', off === true);
    if (pressed === undefined) element.removeAttribute('aria-pressed');
    else element.setAttribute('aria-pressed', String(pressed));
    badge.hidden = count === 0;
    badge.textContent = String(count);
    element.title = label() + (key ? ` (${key})` : '');
    fill(element, icon(name, off), text, badge);
  };
  return { element, update };
}
