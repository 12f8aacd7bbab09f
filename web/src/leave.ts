/** Leaving: the breakout, the meeting, or, for a moderator, the meeting for everybody. */
import type { Room } from '@sideroom/client';
import { endMeeting } from './hosting.js';
import { h, icon, type IconName } from './dom.js';
import { confirmDialog, openDialog, run } from './notices.js';

/** Back to the main room. */
export function returnToMain(room: Room): Promise<unknown> {
  return room.breakouts.run('LeaveBreakout');
}

/** Whether this participant may go back by themselves. */
export function mayReturn(room: Room): boolean {
  return room.me.isAway && (room.me.isModerator || room.breakouts.settings.allowReturn);
}

/** One of several ways, with a sentence that says what it does. */
export function wayButton(name: IconName, label: string, text: string, onclick: () => void, props: Record<string, unknown> = {}): HTMLElement {
  const { class: kind = '', ...rest } = props;
  return h('button', { type: 'button', class: `way ${String(kind)}`, 'data-key': label, onclick, ...rest }, icon(name), h('span', {}, h('b', {}, label), h('span', { class: 'dim small' }, text)));
}

/** Asks before the meeting is left. */
export function leaveDialog(room: Room): void {
  const dialog = openDialog('Leave the meeting?', (close) => [
    mayReturn(room)
      ? wayButton('back', 'Return to main room', 'You stay in the meeting and leave only this breakout.', () => (close(), run(() => returnToMain(room))), { 'data-focus': '' })
      : null,
    wayButton('leave', 'Leave meeting', 'The meeting goes on without you. You can join again.', () => (close(), room.leave()), mayReturn(room) ? {} : { 'data-focus': '' }),
    room.me.isModerator ? wayButton('close', 'End meeting for all', 'Everybody leaves, also those in breakouts.', () => (close(), confirmEnd(room)), { class: 'danger' }) : null,
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Stay')),
  ], () => stop());
  const stop = room.on('changed', dialog.update);
}

function confirmEnd(room: Room): void {
  const others = room.participants.size - 1;
  const who = others === 0 ? 'You leave' : others === 1 ? 'You and 1 other person leave' : `You and ${others} other people leave`;
  const text = `${who} the meeting, and all breakouts end. This cannot be taken back.`;
  confirmDialog('End the meeting for all?', text, 'End for all', () => endMeeting(room));
}
