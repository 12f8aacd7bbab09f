/** The buttons along the bottom. */
import type { Room, TrackKind } from '@sideroom/client';
import { mutedKinds } from './banners.js';
import { fill, h, icon, leaveFocus, type IconName } from './dom.js';
import { waiting } from './invitations.js';
import { leaveDialog, mayReturn, returnToMain } from './leave.js';
import { notify, run } from './notices.js';
import type { Whiteboard } from './whiteboard.js';

/** The panel that is open at the side. */
export type SidePanel = 'rooms' | 'chat' | 'none';

/** The page, as the bar uses it. */
export interface BarHost {
  readonly room: Room;
  readonly whiteboard: Whiteboard;
  panel(): SidePanel;
  /** Whether the wall is shown in place of the tiles. */
  wall(): boolean;
  toggleWall(): void;
  show(panel: SidePanel): void;
  unread(): number;
  /** Turns the microphone on, or mutes it. */
  toggleMicrophone(): Promise<void>;
  toggleCamera(): Promise<void>;
}

interface ButtonState {
  label: string;
  /** Where the label alone does not say it. */
  name?: string;
  icon: IconName;
  off?: boolean;
  pressed?: boolean;
  badge?: number;
  badgeLabel?: string;
  hidden?: boolean;
  locked?: boolean;
}

interface Button {
  element: HTMLButtonElement;
  update(): void;
}

/** Return, microphone, camera, screen, whiteboard, help, rooms, chat, leave. */
export class Bar {
  readonly element = h('nav', { class: 'bar', 'aria-label': 'Meeting controls' });
  readonly #buttons: Button[];
  readonly #openers: Record<'rooms' | 'chat', Button>;

  constructor(private readonly host: BarHost) {
    this.#openers = {
      rooms: button(() => this.#roomsState(), async () => host.show('rooms')),
      chat: button(() => this.#chatState(), async () => host.show('chat')),
    };
    const { room, whiteboard } = host;
    const { local } = room;
    this.#buttons = [
      button(() => returnState(room), () => goBack(room), { class: 'return' }),
      button(() => microphoneState(room), () => host.toggleMicrophone(), { key: 'm' }),
      button(() => cameraState(room), () => ifAllowed(room, 'camera', () => host.toggleCamera()), { key: 'v' }),
      button(() => screenState(room), () => ifAllowed(room, 'screen', () => (local.isPublished('screen') ? local.unpublish('screen') : local.shareScreen()))),
      button(() => boardState(room), () => ifAllowed(room, 'canvas', () => whiteboard.toggle()), { name: 'Draw on a whiteboard' }),
      button(() => helpState(room), () => askForHelp(room)),
      button(() => wallState(host), async () => host.toggleWall(), { name: 'Wall: all rooms at once' }),
      this.#openers.rooms,
      this.#openers.chat,
      button(() => ({ label: 'Leave', icon: 'leave' }), async () => leaveDialog(room), { class: 'leave', name: 'Leave meeting' }),
    ];
    fill(this.element, ...this.#buttons.map(({ element }) => element));
    this.update();
  }

  /** Brings the buttons up to date. */
  update(): void {
    for (const each of this.#buttons) each.update();
  }

  /** Focuses the button that opens a panel. */
  focus(panel: 'rooms' | 'chat'): void {
    this.#openers[panel].element.focus();
  }

  #roomsState(): ButtonState {
    const { room } = this.host;
    const calls = room.me.isModerator ? [...room.participants.values()].filter(({ helpRaised, isMe }) => helpRaised && !isMe).length : 0;
    const invitations = waiting(room).length;
    const told = [invitations ? count(invitations, 'invitation') : '', calls ? count(calls, 'call for help', 'calls for help') : ''].filter(Boolean).join(', ');
    return { label: 'Rooms', icon: 'rooms', pressed: this.host.panel() === 'rooms', badge: calls + invitations, badgeLabel: told };
  }

  #chatState(): ButtonState {
    const unread = this.host.unread();
    return { label: 'Chat', icon: 'chat', pressed: this.host.panel() === 'chat', badge: unread, badgeLabel: count(unread, 'new message') };
  }
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

function returnState(room: Room): ButtonState {
  const may = mayReturn(room);
  return { label: 'Return to main room', icon: may ? 'back' : 'lock', hidden: !room.me.isAway, locked: !may };
}

async function goBack(room: Room): Promise<void> {
  if (mayReturn(room)) return void (await returnToMain(room));
  notify('A moderator brings you back to the main room. If you need something before, ask for help.');
}

function microphoneState(room: Room): ButtonState {
  if (mutedKinds(room).includes('audio')) return { label: 'Turned off', name: 'Turned off by a moderator: microphone', icon: 'mic', off: true };
  const on = room.local.isPublished('audio') && !room.local.isMuted('audio');
  return { label: on ? 'Mute' : 'Unmute', icon: 'mic', off: !on };
}

/** Whether a kind may be sent where this participant is: a breakout may leave some out. */
export function isAllowed(room: Room, kind: TrackKind): boolean {
  return room.breakouts.mine?.media[kind] ?? true;
}

function cameraState(room: Room): ButtonState {
  if (!isAllowed(room, 'camera')) return { label: room.local.isPublished('camera') ? 'Hidden here' : 'No camera here', icon: 'camera', off: true, locked: true };
  if (mutedKinds(room).includes('camera')) return { label: 'Turned off', name: 'Turned off by a moderator: camera', icon: 'camera', off: true };
  const on = room.local.isPublished('camera') && !room.local.isMuted('camera');
  return { label: on ? 'Stop camera' : 'Start camera', icon: 'camera', off: !on };
}

const ABSENT: Record<TrackKind, string> = { audio: 'Sound is', camera: 'Cameras are', screen: 'Screens are', canvas: 'The whiteboard is' };

async function ifAllowed(room: Room, kind: TrackKind, action: () => Promise<unknown>): Promise<void> {
  if (isAllowed(room, kind) || room.local.isPublished(kind)) return void (await action());
  notify(`${ABSENT[kind]} off in this room: it was made so. In the main room you can use it.`);
}

function boardState(room: Room): ButtonState {
  return { label: 'Draw', icon: 'pen', pressed: room.local.isPublished('canvas'), locked: !isAllowed(room, 'canvas') };
}

function screenState(room: Room): ButtonState {
  const shared = room.local.isPublished('screen');
  return { locked: !isAllowed(room, 'screen'), label: shared ? 'Stop sharing' : 'Share screen', icon: 'screen', pressed: shared, hidden: !navigator.mediaDevices?.getDisplayMedia };
}

/** Participants ask moderators for help. Moderators have no such button. */
function helpState(room: Room): ButtonState {
  const { helpRaised, isModerator, isAway } = room.me;
  return { label: helpRaised ? 'Cancel help' : 'Ask for help', icon: 'hand', pressed: helpRaised, hidden: isModerator || !(isAway || helpRaised) };
}

/** Moderators see every room at once, when there are some. */
function wallState({ room, wall }: BarHost): ButtonState {
  return { label: 'Wall', icon: 'wall', pressed: wall(), hidden: !room.me.isModerator || room.breakouts.all.length === 0 };
}

async function askForHelp(room: Room): Promise<void> {
  if (room.me.helpRaised) return room.breakouts.withdrawHelp();
  await room.breakouts.askForHelp();
  const moderators = [...room.participants.values()].some(({ isModerator, isConnected }) => isModerator && isConnected);
  notify(moderators ? 'The moderators see that you ask for help.' : 'No moderator is here at the moment. They see your call when they come.');
}

function button(state: () => ButtonState, action: () => Promise<unknown>, options: { key?: string; class?: string; name?: string } = {}): Button {
  const text = h('span', { class: 'label' });
  const badge = h('span', { class: 'badge', hidden: true });
  const picture = h('span', { class: 'picture' });
  const element = h('button', { type: 'button', class: options.class ?? '', onclick: () => run(action) }, picture, text, badge);
  if (options.key) listenForKey(options.key, element);
  let drawn = '';
  const update = (): void => {
    const now = state();
    const { label, off = false, pressed, badge: number = 0, badgeLabel = '', hidden = false, locked = false } = now;
    const key = JSON.stringify(now);
    if (key === drawn) return;
    drawn = key;
    text.textContent = label;
    if (hidden) leaveFocus(element);
    element.hidden = hidden;
    element.classList.toggle('off', off);
    setOrRemove(element, 'aria-pressed', pressed === undefined ? undefined : String(pressed));
    setOrRemove(element, 'aria-disabled', locked ? 'true' : undefined);
    badge.hidden = number === 0;
    // Drawn by the style sheet: the name of the button says it in words.
    badge.dataset['count'] = number > 99 ? '99+' : String(number);
    const name = now.name ?? options.name ?? label;
    element.setAttribute('aria-label', number ? `${name}, ${badgeLabel}` : name);
    element.title = name + (options.key ? ` (key ${options.key})` : '');
    fill(picture, icon(now.icon, off));
  };
  return { element, update };
}

function setOrRemove(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** A key that presses a button, unless somebody types or a dialog is open. */
function listenForKey(key: string, element: HTMLButtonElement): void {
  element.setAttribute('aria-keyshortcuts', key);
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof Element && event.target.closest('input, textarea, select, dialog, [contenteditable]');
    const modified = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    if (element.isConnected && !typing && !modified && event.key.toLowerCase() === key) element.click();
  });
}
