/** Banners on who speaks to whom by intercom, with what to do about it. */
import type { IntercomState, Room } from '@sideroom/client';
import { action, banner, mutedKinds, type BannerHost } from './banners.js';
import { short } from './dom.js';
import { run } from './notices.js';
import { addressedBy, addressedHere } from './talk.js';

/** The own intercom, and those that reach this participant. */
export function intercomBanners(host: BannerHost): (HTMLElement | null)[] {
  const { mine, heard } = host.room.intercoms;
  return [mine ? own(host, mine) : null, ...heard.map((each) => reached(host, each))];
}

function own({ room, speak, talk }: BannerHost, intercom: IntercomState): HTMLElement {
  const to = addressedBy(room, intercom);
  const stop = action('stop', 'Stop speaking', () => talk.stop());
  const answering = intercom.replyingIds.map((id) => short(room.participants.get(id)?.name ?? 'Somebody'));
  const answers = answering.length ? ` ${answering.join(' and ')} ${answering.length === 1 ? 'answers' : 'answer'}.` : '';
  if (mutedKinds(room).includes('audio')) return banner('intercom', 'stop', 'mic', `You speak to ${to}, but a moderator turned off your microphone: nobody hears you.`, stop);
  if (!room.local.isPublished('audio') || room.local.isMuted('audio')) {
    return banner('intercom', 'stop', 'mic', `You speak to ${to}, but your microphone is off: nobody hears you.`, action('speak', 'Turn microphone on', () => run(speak), { class: 'primary' }), stop);
  }
  const group = room.me.groupId;
  const included = intercom.all || intercom.groupIds.includes(group);
  const home = included ? '' : ` ${roomOf(room)} ${intercom.suspendOwnGroup ? 'does not hear this' : 'hears it too'}.`;
  return banner('intercom', 'warn', 'megaphone', `You speak to ${to}.${home}${answers}`, stop);
}

const roomOf = (room: Room): string => (room.me.isAway ? short(room.groupName(room.me.groupId)) : 'The main room');

function reached({ room, talk }: BannerHost, intercom: IntercomState): HTMLElement {
  const { participantId, allowReply, replyingIds } = intercom;
  const speaker = short(room.participants.get(participantId)?.name ?? 'A moderator');
  const others = replyingIds.filter((id) => id !== room.me.id).map((id) => short(room.participants.get(id)?.name ?? 'Somebody'));
  const replying = replyingIds.includes(room.me.id);
  const answers = replying ? ` You answer: ${speaker} and all who are addressed hear you.` : others.length ? ` ${others.join(' and ')} ${others.length === 1 ? 'answers' : 'answer'}.` : '';
  const answer = allowReply
    ? talk.button(`answer ${participantId}`, replying ? 'Stop answering' : 'Answer', replying, () => talk.answer(participantId), () => talk.stopAnswer(), { class: replying ? '' : 'primary' })
    : null;
  return banner(`intercom ${participantId}`, 'warn', 'megaphone', `${speaker} speaks to ${addressedHere(room, intercom)}.${answers}`, answer);
}
