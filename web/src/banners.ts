/** Banners above the meeting: lasting states that the person should know of, and remedies. */
import type { AudioOutput, Participant, Room, TrackKind } from '@sideroom/client';
import { countdown, minutes, serverNow } from './clock.js';
import { h, icon, short, type IconName } from './dom.js';
import { intercomBanners } from './intercom-banners.js';
import { run } from './notices.js';
import { choice, choose } from './remembered.js';
import { scheduleBanners } from './schedules.js';
import type { Talk } from './talk.js';
import type { Whereabouts } from './whereabouts.js';

type Tone = '' | 'warn' | 'stop';

const NOUNS: Record<TrackKind, string> = { audio: 'microphone', camera: 'camera', screen: 'screen share', canvas: 'whiteboard' };

/** The page, as the banners use it. */
export interface BannerHost {
  readonly room: Room;
  readonly audio: AudioOutput;
  readonly talk: Talk;
  readonly whereabouts: Whereabouts;
  /** Turns the microphone on. */
  speak(): Promise<void>;
  /** Something changed that no event tells. */
  changed(): void;
}

/** All banners that hold now, the most urgent first. */
export function banners(host: BannerHost): (HTMLElement | null)[] {
  const { room } = host;
  return [connection(room), soundBlocked(host), mutedByModerator(room), grace(room), addressing(host), ...intercomBanners(host), ownListening(room), listeners(room), host.whereabouts.banner(), ...scheduleBanners(room), parentGate(host)];
}

/** A line with an icon, and buttons at its end. */
export function banner(key: string, tone: Tone, name: IconName, text: string, ...actions: (HTMLElement | null)[]): HTMLElement {
  const role = tone === 'stop' ? 'alert' : 'status';
  return h('div', { class: `banner ${tone}`, 'data-key': key }, icon(name), h('span', { class: 'grow', role }, text), ...actions);
}

/** A button of a banner. */
export function action(key: string, label: string, run_: () => void, props: Record<string, unknown> = {}): HTMLElement {
  return h('button', { type: 'button', 'data-key': key, onclick: run_, ...props }, label);
}

function connection({ phase }: Room): HTMLElement | null {
  if (phase.name === 'connected' || phase.name === 'closed') return null;
  return banner('connection', 'stop', 'warning', 'The connection is lost. It is tried again by itself, and your place in the meeting is kept.');
}

function soundBlocked({ audio, changed }: BannerHost): HTMLElement | null {
  if (!audio.blocked) return null;
  const start = action('start', 'Play sound', () => void audio.start().then(changed), { class: 'primary' });
  return banner('blocked', 'warn', 'speaker', 'You hear nothing yet: the browser waits for a click before it plays sound.', start);
}

/** Kinds of this participant that a moderator muted. */
export function mutedKinds({ me }: Room): TrackKind[] {
  return me.tracks.flatMap(({ kind, mutedByModerator: muted }) => (muted ? [kind] : []));
}

function mutedByModerator(room: Room): HTMLElement | null {
  const muted = mutedKinds(room);
  if (!muted.length) return null;
  const what = muted.map((kind) => NOUNS[kind]).join(' and ');
  const effect = muted.includes('audio') ? 'Nobody hears you' : 'Nobody sees it';
  const { helpRaised } = room.me;
  const how = helpRaised ? 'You have asked: a moderator can turn it on again.' : 'Only a moderator can turn it on again.';
  const ask = helpRaised ? null : action('ask', muted.includes('audio') ? 'Ask to speak' : 'Ask a moderator', () => run(() => room.breakouts.askForHelp(`May I use my ${what} again?`)));
  return banner('muted', 'warn', 'mic', `A moderator turned off your ${what}. ${effect}. ${how}`, ask);
}

function grace(room: Room): HTMLElement | null {
  const left = countdown(room.breakouts.settings, serverNow());
  if (!left?.inGrace || !room.me.isAway) return null;
  const text = h('span', { class: 'grow' }, h('span', { role: 'status' }, 'The time is up. Everybody returns to the main room in '), h('b', { role: 'timer' }, minutes(left.leftMs)));
  return h('div', { class: 'banner warn', 'data-key': 'grace' }, icon('clock'), text);
}

function addressing(host: BannerHost): HTMLElement | null {
  const { room } = host;
  if (room.me.addressingAll.length) return ownAddress(host);
  const speaker = [...room.participants.values()].find(({ addressingAll }) => addressingAll.length > 0);
  if (!speaker) return null;
  return banner('address', 'warn', 'megaphone', `${short(speaker.name)} speaks to all rooms.`);
}

function ownAddress({ room, speak }: BannerHost): HTMLElement {
  const stop = action('stop', 'Stop speaking to all', () => run(() => room.breakouts.stopAddressing()));
  const silent = !room.local.isPublished('audio') || room.local.isMuted('audio');
  if (silent) {
    const on = action('speak', 'Turn microphone on', () => run(speak), { class: 'primary' });
    return banner('address', 'stop', 'mic', 'You speak to all rooms, but your microphone is off: nobody hears you.', on, stop);
  }
  if (mutedKinds(room).includes('audio')) return banner('address', 'stop', 'mic', 'You speak to all rooms, but a moderator turned off your microphone: nobody hears you.', stop);
  return banner('address', 'warn', 'megaphone', 'Everybody in every room hears you.', stop);
}

/** People who hear this participant's breakout without being inside. */
export function listenersOf(room: Room): Participant[] {
  return [...room.participants.values()].filter((each) => !each.isMe && each.groupId !== room.me.groupId && each.listeningInGroupId === room.me.groupId);
}

function ownListening(room: Room): HTMLElement | null {
  const groupId = room.me.listeningInGroupId;
  if (!groupId) return null;
  const seen = room.breakouts.settings.announcePresence;
  const stop = action('stop-listening', 'Stop listening', () => run(() => room.breakouts.stopListening()));
  return banner('listening', 'warn', 'ear', `You listen to ${short(room.groupName(groupId))}, without being in it. People there ${seen ? 'see' : 'do not see'} that.`, stop);
}

function listeners(room: Room): HTMLElement | null {
  const names = listenersOf(room).map(({ name }) => short(name));
  if (!names.length || !room.me.isAway) return null;
  return banner('listeners', '', 'ear', `${names.join(' and ')} ${names.length === 1 ? 'listens' : 'listen'} to this room without being in it.`);
}

function parentGate({ room, audio }: BannerHost): HTMLElement | null {
  if (!room.me.isAway) return null;
  const own = room.me.gate;
  const forAll = room.roomGate;
  const gate = (key: string, label: string, change: Parameters<Room['setGate']>[0], byModerator: boolean): HTMLElement =>
    action(key, label, () => run(() => room.setGate(change)), { disabled: byModerator, title: byModerator ? 'A moderator decided this for everybody' : '' });
  const paused = own.paused || forAll.paused;
  const deaf = own.audioMuted || forAll.audioMuted;
  const blind = own.videoMuted || forAll.videoMuted;
  const text = paused || (deaf && blind) ? 'The main room is paused for you.' : deaf ? 'You see the main room and do not hear it.' : blind ? 'You hear the main room and do not see it.' : 'You also hear and see the main room.';
  return banner(
    'gate',
    '',
    'rooms',
    text,
    gate('pause', paused ? 'Follow main room' : 'Pause main room', { paused: !own.paused }, forAll.paused),
    paused ? null : gate('sound', deaf ? 'Hear main room' : 'Mute main room', { audioMuted: !own.audioMuted }, forAll.audioMuted),
    paused ? null : gate('video', blind ? 'Show main room' : 'Hide main room', { videoMuted: !own.videoMuted }, forAll.videoMuted),
    paused || deaf ? null : parentVolume(audio),
  );
}

/** How loud the main room is beside the people in the breakout. */
function parentVolume(audio: AudioOutput): HTMLElement {
  const oninput = (event: Event): void => {
    const percent = Number((event.currentTarget as HTMLInputElement).value);
    audio.setParentVolume(percent / 100);
    choose({ parentVolume: percent });
  };
  const slider = h('input', { type: 'range', min: '0', max: '100', step: '5', value: String(choice().parentVolume), oninput });
  return h('label', { class: 'volume small', 'data-key': 'volume' }, icon('speaker'), 'Volume of the main room', slider);
}
