/** Calls for help, as moderators see and answer them. */
import type { Room } from '@sideroom/client';
import { h, icon, short } from './dom.js';
import { run } from './notices.js';

/** Answers a call and goes to the one who asks. */
export function answerHelpThere(room: Room, participantId: string): Promise<void> {
  return room.breakouts.answerHelp(participantId, { join: true });
}

/** The open calls, with the room that each comes from. */
export function helpList(room: Room): HTMLElement | null {
  const calls = room.breakouts.help.filter(({ participantId }) => participantId !== room.me.id && room.participants.has(participantId));
  if (!room.me.isModerator || !calls.length) return null;
  const lines = calls.map(({ participantId, groupId, text }) => {
    const name = short(room.participants.get(participantId)?.name ?? 'Somebody');
    const answer = h('button', { type: 'button', 'data-key': `answer ${participantId}`, onclick: () => run(() => room.breakouts.answerHelp(participantId)) }, 'Mark as answered');
    const go = groupId === room.me.groupId ? null : h('button', { type: 'button', class: 'primary', 'data-key': `go ${participantId}`, onclick: () => run(() => answerHelpThere(room, participantId)) }, 'Go there');
    return h('li', { class: 'help-call', 'data-key': `help ${participantId}` }, h('p', {}, icon('hand'), h('span', {}, h('b', {}, name), ` in ${short(room.groupName(groupId))} asks for help${text ? `: ${text}` : '.'}`)), h('div', { class: 'row tight' }, go, answer));
  });
  return h('ul', { class: 'stack', 'aria-label': 'Calls for help', 'data-key': 'help' }, ...lines);
}
