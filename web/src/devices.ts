/** Choosing microphone, camera and speaker: before joining, and in the meeting. Choosing opens nothing that is off. */
import { listDevices, type AudioOutput, type Device, type Devices, type Room } from '@sideroom/client';
import { mutedKinds } from './banners.js';
import { h } from './dom.js';
import { LevelBar, playTestSound } from './level.js';
import { openDialog, run } from './notices.js';
import { choice, choose, openChosenCamera, openChosenMicrophone, type Choice } from './remembered.js';

type Kind = Exclude<keyof Choice, 'parentVolume'>;

const LABELS: Record<Kind, string> = { microphone: 'Microphone', camera: 'Camera', speaker: 'Speaker' };

/** A list of devices of one kind, with the chosen one selected. */
export function deviceList(kind: Kind, devices: readonly Device[], chosen: (id: string) => void): HTMLElement {
  const label = LABELS[kind];
  if (!devices.length) {
    const none = kind === 'speaker' ? 'This browser uses the speaker of the system.' : 'None found. Plug one in.';
    return h('div', { class: 'field' }, h('span', {}, label), h('span', { class: 'dim' }, none));
  }
  const options = devices.map(({ id, label: name }, index) => h('option', { value: id, selected: id === choice()[kind] }, name || `${label} ${index + 1}`));
  const select = h('select', {
    'data-key': kind,
    'aria-label': label,
    onchange: (event: Event) => {
      const id = (event.currentTarget as HTMLSelectElement).value;
      choose({ [kind]: id });
      chosen(id);
    },
  }, ...options);
  return h('label', { class: 'field' }, label, select);
}

/** The list of speakers and a button that plays a sound on the chosen one. */
export function speakerRow(devices: Devices, chosen: (id: string) => void): HTMLElement {
  return h(
    'div',
    { class: 'row end' },
    h('div', { class: 'grow' }, deviceList('speaker', devices.speakers, chosen)),
    h('button', { type: 'button', onclick: () => run(() => playTestSound(choice().speaker)) }, 'Play a sound'),
  );
}

/** The dialog in the meeting. It shows level and picture also of what is off, to this person only. */
export async function devicesDialog(room: Room, output: AudioOutput): Promise<void> {
  let devices = await listDevices();
  const test = new DeviceTest(room);
  const use = (kind: 'audio' | 'camera', open: (id: string) => Promise<void>) => (id: string): void =>
    run(async () => {
      if (room.local.isPublished(kind)) await open(id);
      await test.restart(kind);
    });
  const dialog = openDialog(
    'Devices',
    (close) => [
      deviceList('microphone', devices.microphones, use('audio', (id) => room.local.openMicrophone(id))),
      test.microphone(),
      deviceList('camera', devices.cameras, use('camera', (id) => room.local.openCamera(id))),
      test.camera(),
      speakerRow(devices, (id) => run(() => output.setDevice(id))),
      h('p', { class: 'dim small' }, 'Choosing a device never unmutes you and never starts your camera.'),
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: close }, 'Done')),
    ],
    () => {
      test.stop();
      for (const stop of stops) stop();
    },
  );
  test.changed = dialog.update;
  const stops = [
    room.on('localChanged', dialog.update),
    room.on('changed', dialog.update),
    room.on('devicesChanged', (now) => {
      devices = now;
      dialog.update();
    }),
  ];
}

function levelNote(room: Room): string {
  if (mutedKinds(room).includes('audio')) return 'Only you see this level: a moderator turned off your microphone.';
  const off = !room.local.isPublished('audio') || room.local.isMuted('audio');
  return off ? 'Only you see this level: your microphone is off in the meeting.' : 'Speak: the bar moves.';
}

/** Microphone and camera as the dialog shows them: a copy of what is published, or opened for the test alone. */
class DeviceTest {
  changed: () => void = () => {};
  readonly #level = new LevelBar();
  readonly #video = h('video', { autoplay: true, playsInline: true, muted: true, 'aria-label': 'Your camera, seen by you only' });
  readonly #opened = new Map<'audio' | 'camera', MediaStreamTrack>();

  constructor(private readonly room: Room) {
    const published = room.local.track('audio');
    if (published) this.#take('audio', published.clone());
    const picture = room.local.track('camera');
    if (picture) this.#take('camera', picture.clone());
  }

  microphone(): HTMLElement {
    if (!this.#opened.has('audio')) return this.#button('audio', 'Test the microphone');
    return h('div', { class: 'field', 'data-key': 'level' }, this.#level.element, h('span', { class: 'dim small' }, levelNote(this.room)));
  }

  camera(): HTMLElement {
    if (!this.#opened.has('camera')) return this.#button('camera', 'Test the camera');
    return h('div', { class: 'camera-test', 'data-key': 'picture' }, this.#video);
  }

  /** Takes the device that was chosen now. */
  async restart(kind: 'audio' | 'camera'): Promise<void> {
    if (!this.#opened.has(kind)) return;
    await this.#open(kind);
  }

  stop(): void {
    this.#level.stop();
    for (const track of this.#opened.values()) track.stop();
    this.#opened.clear();
  }

  #button(kind: 'audio' | 'camera', label: string): HTMLElement {
    return h('div', { 'data-key': `test ${kind}` }, h('button', { type: 'button', onclick: () => run(() => this.#open(kind)) }, label));
  }

  async #open(kind: 'audio' | 'camera'): Promise<void> {
    this.#take(kind, await (kind === 'audio' ? openChosenMicrophone() : openChosenCamera()));
    this.changed();
  }

  #take(kind: 'audio' | 'camera', track: MediaStreamTrack): void {
    this.#opened.get(kind)?.stop();
    track.enabled = true;
    this.#opened.set(kind, track);
    if (kind === 'audio') this.#level.show(track);
    else this.#video.srcObject = new MediaStream([track]);
  }
}
