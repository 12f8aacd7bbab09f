/** Short messages at the bottom of the page, and dialogs. A screen reader hears the messages. */
import { SideroomError } from '@sideroom/client';
import { h, iconButton, leaveFocus, morph } from './dom.js';

/** Options of a message. */
export interface NoticeOptions {
  tone?: 'stop';
  action?: { label: string; run: () => void };
  /** 0: stays until it is dismissed. */
  forMs?: number;
}

const MOST = 3;
/** On a phone, where they cover the meeting. */
const MOST_NARROW = 2;

/** Shows a message; the returned function takes it away. It stays while it is pointed at or has focus. */
export function notify(message: string, options: NoticeOptions = {}): () => void {
  const host = document.getElementById('notices');
  const element = h('div', { class: `notice ${options.tone ?? ''}`, role: options.tone === 'stop' ? 'alert' : undefined }, h('p', {}, message));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const remove = (): void => {
    clearTimeout(timer);
    leaveFocus(element);
    element.remove();
  };
  const wait = (): void => {
    clearTimeout(timer);
    if (options.forMs !== 0) timer = setTimeout(remove, options.forMs ?? 5_000);
  };
  if (options.action) {
    const { label, run } = options.action;
    element.append(h('button', { type: 'button', onclick: () => (remove(), run()) }, label));
  }
  element.append(iconButton('close', 'Dismiss', remove));
  for (const began of ['pointerenter', 'focusin']) element.addEventListener(began, () => clearTimeout(timer));
  for (const ended of ['pointerleave', 'focusout']) element.addEventListener(ended, wait);
  makeRoom(host);
  host?.append(element);
  wait();
  return remove;
}

/** Takes away the oldest messages, but none that is read just now. */
function makeRoom(host: Element | null): void {
  const most = innerWidth < 760 ? MOST_NARROW : MOST;
  const idle = [...(host?.children ?? [])].filter((each) => !each.matches(':hover, :focus-within'));
  for (const oldest of idle.slice(0, Math.max(0, (host?.children.length ?? 0) - most + 1))) oldest.remove();
}

/** The sentence of an error. */
export function sentenceOf(error: unknown): string {
  return error instanceof SideroomError ? error.message : 'Something went wrong in this page. Reload it.';
}

/** Runs what a button does; if it fails, says why. */
export function run(action: () => Promise<unknown>): void {
  action().catch((error: unknown) => notify(sentenceOf(error), { tone: 'stop', forMs: 8_000 }));
}

/** An open dialog. */
export interface OpenDialog {
  readonly element: HTMLElement;
  close(): void;
  /** Draws the content anew, in place. */
  update(): void;
}

let dialogs = 0;

/**
 * Opens a dialog that the person asked for. The dialog takes the focus. It closes by its buttons, Escape,
 * or the returned handle. Focus begins on the element with `autofocus`, else on the first field, else on the
 * dialog itself: never on a button that ends or refuses something.
 */
export function openDialog(title: string, content: (close: () => void) => (Node | string | null)[], closed: () => void = () => {}): OpenDialog {
  dialogs += 1;
  const id = `dialog-${dialogs}`;
  const dialog = h('dialog', { 'aria-labelledby': id, tabIndex: -1 });
  const body = h('div', { class: 'stack' });
  const close = (): void => dialog.close();
  const update = (): void => morph(body, ...content(close));
  dialog.addEventListener('close', () => {
    dialog.remove();
    closed();
  });
  dialog.addEventListener('click', (event) => event.target === dialog && close());
  dialog.append(h('header', {}, h('h2', { id, title }, title), iconButton('close', 'Close', close)), body);
  update();
  document.body.append(dialog);
  dialog.showModal();
  const first = body.querySelector<HTMLElement>('[data-focus]') ?? body.querySelector<HTMLElement>('input, select, textarea') ?? dialog;
  first.focus();
  if (first instanceof HTMLInputElement) first.select();
  return { element: dialog, close, update };
}

/** Asks before something that cannot be taken back. */
export function confirmDialog(title: string, text: string, label: string, action: () => Promise<unknown>): void {
  openDialog(title, (close) => [
    h('p', { class: 'dim' }, text),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: close, 'data-focus': '' }, 'Cancel'),
      h('button', { type: 'button', class: 'stop', onclick: () => (close(), run(action)) }, label),
    ),
  ]);
}
