/** The page after the meeting: why it is over, and what can be done now. */
import type { SideroomError } from '@sideroom/client';
import { noteKeptOut, type Person } from './access.js';
import { h, short } from './dom.js';
import { forgetUse } from './remembered.js';

interface Ending {
  title: string;
  text: string;
  /** The button; without one there is no way back. */
  again?: string;
}

/** Replaces the meeting. */
export function endPage(app: Element, person: Person, error: SideroomError | undefined): void {
  const address = new URL(location.href);
  address.searchParams.delete('join');
  history.replaceState(null, '', address);
  if (!error) forgetUse(person.room);
  if (error?.code === 'Banned') noteKeptOut(person.room, true);
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  const { title, text, again } = endingOf(person, error);
  const heading = h('h1', { tabIndex: -1 }, title);
  const button = again ? h('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, again) : null;
  const start = h('a', { href: location.pathname }, 'Join another meeting');
  app.replaceChildren(h('main', { id: 'main', class: 'ended' }, h('div', {}, h('img', { src: 'icon.svg', alt: '', width: 44 }), heading, h('p', { class: 'dim' }, text), button, start)));
  document.title = `${title} · Sideroom`;
  heading.focus();
}

function endingOf(person: Person, error: SideroomError | undefined): Ending {
  const name = `“${short(person.room)}”`;
  switch (error?.code) {
    case undefined:
      return { title: 'You left the meeting', text: `The meeting ${name} goes on without you.`, again: 'Join again' };
    case 'Removed':
      return { title: 'You were removed from the meeting', text: `A moderator removed you from ${name}.` };
    case 'Banned':
      return { title: 'You were removed from the meeting', text: `A moderator removed you from ${name}. You cannot join it again unless a moderator lets you in.` };
    case 'RoomClosed':
      return { title: 'The meeting has ended', text: `A moderator ended ${name} for everybody.` };
    case 'Replaced':
      return { title: 'The meeting is open in another tab', text: 'You joined again elsewhere, so this tab has left.', again: 'Use it here' };
    default:
      return { title: 'You are no longer in the meeting', text: error?.message ?? '', again: 'Try again' };
  }
}
