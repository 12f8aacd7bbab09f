/** The first page: a name, a check of microphone, camera and speaker, and in. */
import { listDevices, SideroomError, type Devices } from '@sideroom/client';
import { asked, type Person } from './access.js';
import { deviceList, speakerRow } from './devices.js';
import { fill, h, icon, morph } from './dom.js';
import { LevelBar } from './level.js';
import { notify, sentenceOf } from './notices.js';
import { openChosenCamera, openChosenMicrophone } from './remembered.js';

/** The choices made on the join page. */
export interface Entry {
  person: Person;
  microphone: MediaStreamTrack | undefined;
  camera: MediaStreamTrack | undefined;
}

type Kind = 'audio' | 'camera';

const NOTHING: Devices = { microphones: [], cameras: [], speakers: [] };

/** Microphone and camera as they are tried before joining. */
class DeviceCheck {
  readonly preview: HTMLElement;
  readonly choices = h('div', { class: 'stack' });
  readonly #tracks = new Map<Kind, MediaStreamTrack>();
  readonly #video = h('video', { autoplay: true, playsInline: true, muted: true, hidden: true, 'aria-label': 'Your camera, seen by you only' });
  readonly #hint = h('p');
  readonly #level = new LevelBar();
  readonly #said = h('p', { class: 'level-line', role: 'status' });
  readonly #buttons = { audio: h('button', { type: 'button' }), camera: h('button', { type: 'button' }) };
  readonly #opening = new Set<Kind>();
  #devices = NOTHING;

  constructor() {
    for (const kind of ['audio', 'camera'] as const) this.#buttons[kind].addEventListener('click', () => void this.#toggle(kind));
    const toggles = h('div', { class: 'row toggles' }, this.#buttons.audio, this.#buttons.camera);
    this.preview = h('section', { class: 'join-preview', 'aria-label': 'Check your devices' }, this.#hint, this.#video, h('div', { class: 'stack under' }, h('div', { class: 'level-row' }, this.#level.element, this.#said), toggles));
    this.#draw();
    void this.#list();
    navigator.mediaDevices?.addEventListener('devicechange', this.#list);
  }

  track(kind: Kind): MediaStreamTrack | undefined {
    return this.#tracks.get(kind);
  }

  /** The tracks now belong to the meeting. */
  handOver(): void {
    this.#level.stop();
    navigator.mediaDevices?.removeEventListener('devicechange', this.#list);
  }

  #list = async (): Promise<void> => {
    this.#devices = await listDevices();
    this.#draw();
  };

  async #toggle(kind: Kind): Promise<void> {
    const track = this.#tracks.get(kind);
    if (!track) return this.#open(kind);
    track.stop();
    this.#tracks.delete(kind);
    this.#show(kind);
  }

  async #open(kind: Kind): Promise<void> {
    if (this.#opening.has(kind)) return;
    this.#opening.add(kind);
    this.#draw();
    try {
      const track = await (kind === 'audio' ? openChosenMicrophone() : openChosenCamera());
      this.#tracks.get(kind)?.stop();
      this.#tracks.set(kind, track);
    } catch (error) {
      notify(sentenceOf(error), { tone: 'stop', forMs: 12_000 });
    } finally {
      this.#opening.delete(kind);
    }
    this.#show(kind);
    await this.#list();
  }

  #show(kind: Kind): void {
    const track = this.#tracks.get(kind);
    if (kind === 'audio') this.#level.show(track);
    else this.#video.srcObject = track ? new MediaStream([track]) : null;
    this.#draw();
  }

  #draw(): void {
    const [microphone, camera] = [this.#tracks.has('audio'), this.#tracks.has('camera')];
    this.#button('audio', microphone, microphone ? 'Turn microphone off' : 'Turn microphone on');
    this.#button('camera', camera, camera ? 'Turn camera off' : 'Turn camera on');
    this.#video.hidden = !camera;
    this.#hint.hidden = camera;
    this.#hint.textContent = navigator.mediaDevices ? 'Your camera is off. Try it here before you join; nobody sees or hears you yet.' : 'This browser gives the page no microphone or camera. Open it over https, or join to listen.';
    this.#said.textContent = microphone ? 'Speak: the bar moves.' : 'Your microphone is off.';
    const reopen = (kind: Kind) => (): void => {
      if (this.#tracks.has(kind)) void this.#open(kind);
    };
    const { microphones, cameras } = this.#devices;
    morph(this.choices, deviceList('microphone', microphones, reopen('audio')), deviceList('camera', cameras, reopen('camera')), speakerRow(this.#devices, () => {}));
  }

  #button(kind: Kind, on: boolean, label: string): void {
    const button = this.#buttons[kind];
    const opening = this.#opening.has(kind);
    button.disabled = !navigator.mediaDevices;
    button.classList.toggle('on', on);
    fill(button, icon(kind === 'audio' ? 'mic' : 'camera', !on), opening ? 'Waiting for your permission…' : label);
  }
}

/** Shows the form; `enter` joins, and its failure is shown here. */
export function joinPage(app: Element, enter: (entry: Entry) => Promise<void>, problemBefore = ''): void {
  const check = new DeviceCheck();
  const problem = h('p', { class: 'banner stop', role: 'alert', hidden: !problemBefore }, problemBefore);
  const name = h('input', { type: 'text', value: asked.name || localStorage.getItem('sideroom name') || '', required: true, maxLength: 60, autocomplete: 'name', placeholder: 'How others see you' });
  const room = h('input', { type: 'text', value: asked.room, required: true, maxLength: 64, pattern: '[^\\s].*', placeholder: 'For example: physics', autocomplete: 'off' });
  const moderator = h('input', { type: 'checkbox', checked: asked.role === 'moderator' });
  const submit = h('button', { type: 'submit', class: 'primary large' }, 'Join');
  const onsubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (submit.ariaDisabled) return;
    fill(submit, 'Joining…');
    // Not `disabled`: that would take the focus from the button.
    submit.ariaDisabled = 'true';
    problem.hidden = true;
    localStorage.setItem('sideroom name', name.value.trim());
    const person: Person = { room: room.value.trim(), name: name.value.trim(), role: moderator.checked ? 'moderator' : 'participant' };
    try {
      await enter({ person, microphone: check.track('audio'), camera: check.track('camera') });
      check.handOver();
    } catch (error) {
      problem.textContent = sentenceOf(error);
      problem.hidden = false;
      if (!(error instanceof SideroomError)) throw error;
    } finally {
      submit.ariaDisabled = null;
      fill(submit, 'Join');
    }
  };
  const form = h(
    'form',
    { class: 'join-form', onsubmit },
    h('div', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '' }), 'Sideroom'),
    h('h1', { class: 'cut', title: asked.room }, asked.room ? `Join “${asked.room}”` : 'Join a meeting'),
    h('label', { class: 'field' }, 'Your name', name),
    h('label', { class: 'field' }, 'Meeting', room),
    asked.token ? null : h('label', { class: 'check' }, moderator, 'I moderate this meeting'),
    h('details', {}, h('summary', {}, 'Choose microphone, camera and speaker'), check.choices),
    problem,
    submit,
  );
  app.replaceChildren(h('main', { id: 'main', class: 'join' }, h('div', { class: 'join-card' }, check.preview, form)));
  document.title = 'Join · Sideroom';
  (name.value ? (room.value ? submit : room) : name).focus();
}
