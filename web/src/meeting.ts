/** The demo meeting: joins, and puts the parts of the page together. */
import { captureCanvas, connect, type Room, type TrackKind } from '@sideroom/client';
import { room as decodeRoom } from '@sideroom/client/wire';
import { announce } from './announce.js';
import { asked, fetchToken, noteKeptOut, type Person } from './access.js';
import { banners } from './banners.js';
import { Bar, type SidePanel } from './bar.js';
import { BreakoutsPanel } from './breakouts-panel.js';
import { Chat } from './chat.js';
import { knockCards } from './doors.js';
import { GroupCards } from './group-card.js';
import { followClock } from './clock.js';
import { fill, h, morph } from './dom.js';
import { endPage } from './ended.js';
import { Invitations } from './invitations.js';
import { joinPage, type Entry } from './join.js';
import { Meter, colourOf } from './meter.js';
import { sentenceOf } from './notices.js';
import { OwnDevices } from './own-devices.js';
import { OthersQuality } from './quality.js';
import { choice } from './remembered.js';
import { patchTrack, toneTrack } from './sources.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';
import { Top } from './top.js';
import { Wall } from './wall.js';
import { Whereabouts } from './whereabouts.js';
import { Whiteboard } from './whiteboard.js';

const QUALITY_MS = 3_000;
const app = document.getElementById('app') as HTMLElement;

async function enter({ person, microphone, camera }: Entry): Promise<void> {
  const started = performance.now();
  const room = await connect(location.origin, () => fetchToken(person));
  noteKeptOut(person.room, false);
  keepInAddress(person);
  const devices = new OwnDevices(room);
  const talk = showRoom(room, person, devices);
  expose(room, talk, performance.now() - started);
  devices.begin(microphone, camera);
}

/** A reload comes back to the meeting, and to the same place in it. */
function keepInAddress(person: Person): void {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(person)) address.searchParams.set(name, value);
  address.searchParams.set('join', '');
  history.replaceState(null, '', address);
}

function showRoom(room: Room, person: Person, devices: OwnDevices): Talk {
  let panel: SidePanel = innerWidth > 1000 && room.me.isModerator ? 'rooms' : 'none';
  followClock(room);
  const audio = room.attachAudio(() => update());
  audio.setParentVolume(choice().parentVolume / 100);
  if (choice().speaker) void audio.setDevice(choice().speaker).catch(() => {});
  let chatOpened = (): void => {};
  const show = (next: SidePanel): void => {
    const before = panel;
    const inside = document.activeElement?.closest('.side');
    panel = panel === next ? 'none' : next;
    draw();
    if (panel === 'chat') {
      chat.focus();
      chatOpened();
    } else if (panel === 'rooms') rooms.focus();
    else if (inside && before !== 'none') bar.focus(before);
  };
  const quality = new OthersQuality(room);
  let wallShown = false;
  const talk = new Talk(room, () => devices.speak(), () => update());
  const cards = new GroupCards(room, quality, talk);
  const wall = new Wall(room, cards, talk, () => update());
  const stage = new Stage(room, quality, () => (wallShown ? wall.videos : []));
  // On a phone the panel would cover what is drawn on.
  const whiteboard = new Whiteboard(room, () => innerWidth <= 760 && panel !== 'none' && show('none'));
  const chat = new Chat(room, () => show('none'));
  const rooms = new BreakoutsPanel(room, cards, () => show('none'));
  const top = new Top(room, audio);
  const invitations = new Invitations(room, () => update());
  const bar = new Bar({
    room,
    whiteboard,
    panel: () => panel,
    show,
    wall: () => wallShown,
    toggleWall: () => {
      wallShown = !wallShown;
      // On a phone the panel would cover it.
      if (wallShown && innerWidth <= 760 && panel !== 'none') show('none');
      else draw();
    },
    unread: () => chat.unread,
    toggleMicrophone: () => devices.toggleMicrophone(),
    toggleCamera: () => devices.toggleCamera(),
  });
  const asks = h('div', { class: 'asks', 'aria-live': 'assertive' });
  const lines = h('div', { class: 'asks' });
  const main = h('main', { id: 'main', class: 'stage', tabIndex: -1 }, whiteboard.element, stage.element, wall.element);
  const frame = h('div', { class: 'room' }, top.element, h('section', { class: 'alerts', 'aria-label': 'What you need to know now' }, asks, lines), main, bar.element);
  const whereabouts = new Whereabouts(room, () => update());
  const bannerHost = { room, audio, talk, whereabouts, speak: () => devices.speak(), changed: () => update() };

  const drawAlerts = (): void => {
    morph(asks, ...invitations.cards(), ...knockCards(room));
    morph(lines, ...banners(bannerHost));
  };
  const draw = (): void => {
    if (room.phase.name === 'closed') return;
    drawAlerts();
    wallShown &&= room.me.isModerator && room.breakouts.all.length > 0;
    stage.element.hidden = wallShown;
    wall.element.hidden = !wallShown;
    if (wallShown) wall.update();
    for (const part of [stage, top, bar]) part.update();
    chat.update(panel === 'chat');
    if (panel === 'rooms') rooms.update();
    const side = panel === 'rooms' ? rooms.element : panel === 'chat' ? chat.element : null;
    fill(frame, top.element, frame.children[1] as Element, main, side, bar.element);
  };
  let drawing = false;
  /** Draws once a frame, however many things changed. */
  const update = (): void => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
    });
  };
  for (const name of ['changed', 'localChanged', 'message', 'phase', 'media'] as const) room.on(name, update);
  addEventListener('resize', update);
  room.breakouts.on('changed', update);
  announce({ room, onChatOpened: (read) => (chatOpened = read), openChat: () => panel !== 'chat' && show('chat'), openRooms: () => panel !== 'rooms' && show('rooms') });
  const timers = [
    setInterval(() => (top.tick(), drawAlerts(), wallShown && wall.update()), 1_000),
    setInterval(() => void quality.measure().then((changed) => changed && update()).catch(() => {}), QUALITY_MS),
  ];
  room.on('phase', (phase) => {
    if (phase.name !== 'closed') return;
    for (const timer of timers) clearInterval(timer);
    audio.detach();
    devices.stop();
    endPage(app, person, phase.error);
  });
  app.replaceChildren(frame);
  draw();
  main.focus({ preventScroll: true });
  // The messages stay above the bar, however many rows it has.
  new ResizeObserver(() => document.documentElement.style.setProperty('--bar-height', `${bar.element.offsetHeight}px`)).observe(bar.element);
  return talk;
}

/** Exposes the room to tests. */
function expose(room: Room, talk: Talk, joinedMs: number): void {
  let meter: Meter | undefined;
  Object.assign(globalThis, {
    sideroom: {
      room,
      joinedMs,
      isTalking: () => talk.isOn,
      /** The room as the server would show it to this viewer now. */
      serverView: async () => decodeRoom((await room.command('RoomService/GetRoom'))['room']),
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
  enter({ person, microphone: undefined, camera: undefined }).catch((error: unknown) => joinPage(app, enter, sentenceOf(error)));
} else {
  joinPage(app, enter);
}
