/** Short messages about moves, mutes, calls for help, timers and text to all rooms. */
import type { Room } from '@sideroom/client';
import { graceLeftMs, inWords, serverNow } from './clock.js';
import { short } from './dom.js';
import { answerHelpThere } from './help.js';
import { notify, run } from './notices.js';
import { tellSchedules } from './schedules.js';

/** Actions that messages offer. */
export interface AnnounceHost {
  readonly room: Room;
  /** Calls back when the chat is opened: its messages are read there. */
  onChatOpened(read: () => void): void;
  openChat(): void;
  openRooms(): void;
}

/** Why somebody is somewhere, for sentences about oneself. */
export const WHY_MOVED: Record<string, string> = {
  time_up: 'The time is up. ',
  destroyed: 'The breakouts have ended. ',
  closed: 'The room was closed. ',
  cleared: 'A moderator brought everybody back. ',
  moved: 'A moderator moved you. ',
  forced: 'A moderator moved you. ',
  shuffled: 'The rooms were shuffled. ',
  auto_moved: 'The room was opened, and you are assigned to it. ',
};

/** Tells from now on. */
export function announce(host: AnnounceHost): void {
  const { room } = host;
  room.on('problem', (error) => notify(error.message, { tone: 'stop', forMs: 9_000 }));
  room.on('phase', (phase) => {
    if (phase.name === 'connected' && phase.how !== 'joined') notify('You are connected again.');
  });
  room.on('moved', ({ participant, to, reason, by }) => {
    if (!participant.isMe) return;
    const why = by === room.me.id ? '' : (WHY_MOVED[reason as string] ?? '');
    notify(`${why}You are in ${to === 'parent' ? 'the main room' : short(room.groupName(to))}.`);
  });
  tellMutes(room);
  tellMessages(host);
  tellBreakouts(host);
  tellKnocks(room);
  tellSchedules(room);
}

function tellMutes(room: Room): void {
  let muted = muteOf(room);
  room.on('changed', () => {
    const now = muteOf(room);
    if (muted && !now) {
      const live = room.local.isPublished('audio') && !room.local.isMuted('audio');
      if (live) notify('A moderator turned your microphone on again: people hear you.', { action: { label: 'Mute', run: () => run(() => room.local.mute('audio')) }, forMs: 12_000 });
      else notify('You may speak again: unmute when you want to.');
    }
    muted = now;
  });
}

const muteOf = ({ me }: Room): boolean => me.track('audio')?.mutedByModerator ?? false;

/** Shows text to all rooms as a message, whichever panel is open. */
function tellMessages({ room, openChat, onChatOpened }: AnnounceHost): void {
  const shown: (() => void)[] = [];
  onChatOpened(() => shown.splice(0).forEach((remove) => remove()));
  room.on('message', ({ from, fromId, groupId, text }) => {
    if (groupId !== '' || from?.isMe) return;
    const name = from ? short(from.name) : fromId === 'operator' ? 'The organizer' : 'Somebody';
    shown.push(notify(`${name} to all rooms: ${text.length > 240 ? `${text.slice(0, 239)}…` : text}`, { forMs: 12_000, action: { label: 'Open chat', run: openChat } }));
  });
}

const KNOCK_ENDS: Record<string, string> = {
  refused: 'They do not let you in now.',
  expired: 'Nobody answered your knock.',
  void: 'Your knock is over: that room takes no knocks any more.',
};

function tellKnocks(room: Room): void {
  room.breakouts.on('knockEnded', ({ participantId, breakoutId, end }) => {
    if (participantId === room.me.id && KNOCK_ENDS[end] && !room.me.isAway) notify(`${short(room.groupName(breakoutId))}: ${KNOCK_ENDS[end]}`);
  });
}

function tellBreakouts({ room, openRooms }: AnnounceHost): void {
  const { breakouts } = room;
  const nameOf = (id: string): string => short(room.participants.get(id)?.name ?? 'A moderator');
  breakouts.on('invitationRejected', ({ participantId, breakoutId }) => notify(`${nameOf(participantId)} declined to join ${short(room.groupName(breakoutId))}.`));
  breakouts.on('invitationEnded', ({ participantId, breakoutId, end }) => {
    if (participantId !== room.me.id) return;
    const name = short(room.groupName(breakoutId));
    if (end === 'withdrawn') notify(`The invitation to ${name} was taken back.`);
    if (end === 'expired') notify(`The invitation to ${name} is over.`);
  });
  const calls = new Map<string, () => void>();
  // The room that the message names is not theirs any more; the list of calls names the new one.
  room.on('moved', ({ participant }) => calls.get(participant.id)?.());
  room.on('participantLeft', ({ participant }) => calls.get(participant.id)?.());
  breakouts.on('help', ({ participantId, raised, text, groupId, answeredBy }) => {
    const mine = participantId === room.me.id;
    calls.get(participantId)?.();
    if (raised && room.me.isModerator && !mine) {
      const there = groupId === room.me.groupId;
      const action = there ? { label: 'Show rooms', run: openRooms } : { label: 'Go there', run: () => run(() => answerHelpThere(room, participantId)) };
      calls.set(participantId, notify(`${nameOf(participantId)} in ${short(room.groupName(groupId))} asks for help${text ? `: ${text}` : '.'}`, { action, forMs: 20_000 }));
    } else if (!raised && mine && answeredBy && answeredBy !== room.me.id) notify(`${nameOf(answeredBy)} answers your call for help${text ? `: ${text}` : '.'}`);
  });
  breakouts.on('timer', ({ remainingMs, inGrace }) => {
    if (!room.me.isAway && !room.me.isModerator) return;
    const leftMs = graceLeftMs(breakouts.settings, serverNow());
    if (inGrace) notify(leftMs ? `The time is up. Everybody returns to the main room in ${inWords(leftMs)}.` : 'The time is up.');
    else if (remainingMs > 0) notify(`The breakouts end in ${inWords(remainingMs)}.`);
  });
}
