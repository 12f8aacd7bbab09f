/** The demo meeting: joins, and puts the parts of the page together. */
import { captureCanvas, connect, openMicrophone, type Room, type SideroomError, type TrackKind } from '@sideroom/client';
import { asked, fetchToken, type Person } from './access.js';
import { Bar, type SidePanel } from './bar.js';
import { BreakoutsPanel } from './breakouts-panel.js';
import { invitationDialog } from './breakouts-dialogs.js';
import { Chat } from './chat.js';
import { fill, h } from './dom.js';
import { joinPage, type Entry } from './join.js';
import { Meter, colourOf } from './meter.js';
import { notify, run, sentenceOf } from './notices.js';
import { patchTrack, toneTrack } from './sources.js';
import { Stage } from './stage.js';
import { Top } from './top.js';
import { Whiteboard } from './whiteboard.js';

const app = document.getElementById('app') as HTMLElement;

async function enter({ person, microphone, camera }: Entry): Promise<void> {
  const started = performance.now();
  const room = await connect(location.origin, () => fetchToken(person));
  keepInAddress(person);
  showRoom(room, person);
  const joinedMs = performance.now() - started;
  expose(room, joinedMs);
  if (asked.tone) run(() => room.local.publish('audio', toneTrack(asked.tone)));
  else if (microphone) run(() => room.local.publish('audio', microphone));
  if (camera) run(() => room.local.publish('camera', camera));
}

/** A reload comes back to the meeting, and to the same place in it. */
function keepInAddress(person: Person): void {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(person)) address.searchParams.set(name, value);
  address.searchParams.set('join', '');
  history.replaceState(null, '', address);
}

function showRoom(room: Room, person: Person): void {
  let panel: SidePanel = 'none';
  const audio = room.attachAudio(() => update());
  const show = (next: SidePanel): void => {
    panel = panel === next ? 'none' : next;
    update();
    if (panel === 'chat') chat.focus();
  };
  const stage = new Stage(room);
  const whiteboard = new Whiteboard(room);
  const chat = new Chat(room, () => show('none'));
  const rooms = new BreakoutsPanel(room, () => show('none'));
  const top = new Top(room, audio);
  const bar = new Bar({
    room,
    whiteboard,
    panel: () => panel,
    show,
    unread: () => chat.unread,
    openMicrophone: async () => {
      if (asked.tone) return room.local.publish('audio', toneTrack(asked.tone));
      await room.local.publish('audio', await openMicrophone());
    },
    leave: () => room.leave(),
  });
  const main = h('main', { id: 'main', class: 'stage' }, top.banners, whiteboard.element, stage.element);
  const frame = h('div', { class: 'room' }, top.element, main, bar.element);

  let drawing = false;
  /** Draws once a frame, however many things changed. */
  const update = (): void => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (room.phase.name === 'closed') return;
      for (const part of [stage, top, bar]) part.update();
      chat.update(panel === 'chat');
      if (panel === 'rooms') rooms.update();
      const side = panel === 'rooms' ? rooms.element : panel === 'chat' ? chat.element : null;
      fill(frame, top.element, main, side, bar.element);
    });
  };
  for (const name of ['changed', 'localChanged', 'message', 'phase', 'media'] as const) room.on(name, update);
  addEventListener('resize', update);
  room.breakouts.on('changed', update);
  announce(room);
  room.on('phase', (phase) => {
    if (phase.name !== 'closed') return;
    audio.detach();
    endPage(person, phase.error);
  });
  if (innerWidth > 1000 && room.me.isModerator) panel = 'rooms';
  app.replaceChildren(frame);
  update();
}

/** What happens to oneself is said aloud. */
function announce(room: Room): void {
  const nameOf = (id: string): string => room.participants.get(id)?.name ?? 'A moderator';
  room.on('problem', (error) => notify(error.message, { tone: 'stop', forMs: 9_000 }));
  room.on('phase', (phase) => {
    if (phase.name === 'connected' && phase.how !== 'joined') notify('You are connected again.');
  });
  room.on('moved', ({ participant, to, reason }) => {
    if (!participant.isMe) return;
    const why = { time_up: 'The time is up. ', destroyed: 'The breakouts have ended. ', closed: 'The breakout was closed. ' }[reason as string] ?? '';
    notify(`${why}You are in ${to === 'parent' ? 'the main room' : room.groupName(to)}.`);
  });
  room.breakouts.on('invitation', (invitation) => {
    if (!invitation.forced) invitationDialog(room, invitation);
  });
  for (const invitation of room.breakouts.invitations) invitationDialog(room, invitation);
  room.breakouts.on('invitationRejected', ({ participantId, breakoutId }) => notify(`${nameOf(participantId)} declined to join ${room.groupName(breakoutId)}.`));
  room.breakouts.on('help', ({ participantId, raised, text, groupId, answeredBy }) => {
    if (raised && room.me.isModerator && participantId !== room.me.id) {
      const join = { label: 'Go there', run: () => run(() => room.breakouts.answerHelp(participantId, { join: true })) };
      notify(`${nameOf(participantId)} in ${room.groupName(groupId)} asks for help${text ? `: ${text}` : '.'}`, { action: join, forMs: 20_000 });
    } else if (answeredBy && participantId === room.me.id) notify(`${nameOf(answeredBy)} answered your call for help.`);
  });
  room.breakouts.on('timer', ({ remainingMs, inGrace }) => {
    if (inGrace) notify('Time to say goodbye: everybody returns to the main room in a moment.');
    else if (remainingMs > 0) notify(`The breakouts end in ${Math.round(remainingMs / 1000)} seconds.`);
  });
}

function endPage(person: Person, error: SideroomError | undefined): void {
  const address = new URL(location.href);
  address.searchParams.delete('join');
  history.replaceState(null, '', address);
  const again = h('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, error ? 'Try again' : 'Join again');
  const title = error ? 'You are no longer in the meeting' : 'You left the meeting';
  const text = error?.message ?? `The meeting “${person.room}” goes on without you.`;
  app.replaceChildren(h('main', { id: 'main', class: 'ended' }, h('div', {}, h('img', { src: 'icon.svg', alt: '', width: 44 }), h('h1', {}, title), h('p', { class: 'dim' }, text), again)));
  document.title = 'Sideroom';
  again.focus();
}

/** What tests drive the page by. */
function expose(room: Room, joinedMs: number): void {
  let meter: Meter | undefined;
  Object.assign(globalThis, {
    sideroom: {
      room,
      joinedMs,
      /** Begins to measure which of these tones are heard. */
      listen: (candidates: number[]): void => void (meter ??= new Meter(room, candidates)),
      tones: () => meter?.tones() ?? [],
      record: () => meter?.record ?? [],
      lag: () => meter?.lag(),
      colour: (participantId: string, kind: TrackKind) => colourOf(room, participantId, kind),
      publishPatch: (kind: TrackKind, colour: string) => room.local.publish(kind, patchTrack(colour)),
      publishTone: (hertz: number) => room.local.publish('audio', toneTrack(hertz)),
      captureCanvas,
    },
  });
}

if (asked.join && asked.room && asked.name) {
  const person: Person = { room: asked.room, name: asked.name, role: asked.role || 'participant' };
  app.replaceChildren(h('main', { id: 'main', class: 'ended' }, h('p', { class: 'dim', role: 'status' }, `Joining ${asked.room}…`)));
  enter({ person, microphone: undefined, camera: undefined }).catch((error: unknown) => {
    joinPage(app, enter);
    notify(sentenceOf(error), { tone: 'stop', forMs: 0 });
  });
} else {
  joinPage(app, enter);
}
