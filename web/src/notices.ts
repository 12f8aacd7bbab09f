/** Short messages at the bottom of the page, and dialogs. A screen reader hears the messages. */
import { SideroomError } from '@sideroom/client';
import { h } from './dom.js';

/** What a message can carry. */
export interface NoticeOptions {
  tone?: 'stop';
  action?: { label: string; run: () => void };
  /** 0: stays until it is dismissed. */
  forMs?: number;
}

/** Shows a message; the returned function takes it away. */
export function notify(message: string, options: NoticeOptions = {}): () => void {
  const host = document.getElementById('notices');
  const element = h('div', { class: `notice ${options.tone ?? ''}` }, h('p', {}, message));
  const remove = (): void => element.remove();
  if (options.action) {
    const { label, run } = options.action;
    element.append(h('button', { type: 'button', onclick: () => (run(), remove()) }, label));
  }
  if (options.forMs === 0) element.append(h('button', { type: 'button', onclick: remove }, 'Close'));
  else setTimeout(remove, options.forMs ?? 5_000);
  while ((host?.children.length ?? 0) > 2) host?.firstElementChild?.remove();
  host?.append(element);
  return remove;
}

/** The sentence of an error. */
export function sentenceOf(error: unknown): string {
  return error instanceof SideroomError ? error.message : 'Something went wrong in this page. Reload it.';
}

/** Runs what a button does; if it fails, says why. */
export function run(action: () => Promise<unknown>): void {
  action().catch((error: unknown) => notify(sentenceOf(error), { tone: 'stop', forMs: 8_000 }));
}

/** A dialog. It closes by its buttons, Escape, or the returned function. */
export function openDialog(title: string, content: (close: () => void) => (Node | string)[]): () => void {
  const dialog = h('dialog', { 'aria-label': title });
  const close = (): void => {
    dialog.close();
    dialog.remove();
  };
  dialog.addEventListener('close', () => dialog.remove());
  dialog.append(h('h2', {}, title), h('div', { class: 'stack' }, ...content(close)));
  (dialog.firstElementChild as HTMLElement).style.marginBottom = '12px';
  document.body.append(dialog);
  dialog.showModal();
  return close;
}
