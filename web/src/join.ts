/** The first page: a name, a look at the camera, and in. */
import { openCamera, openMicrophone, SideroomError } from '@sideroom/client';
import { asked, type Person } from './access.js';
import { fill, h, icon } from './dom.js';
import { notify, sentenceOf } from './notices.js';

/** What somebody decided before joining. */
export interface Entry {
  person: Person;
  microphone: MediaStreamTrack | undefined;
  camera: MediaStreamTrack | undefined;
}

/** Shows the form; `enter` joins, and its failure is shown here. */
export function joinPage(app: Element, enter: (entry: Entry) => Promise<void>): void {
  const tracks: { audio?: MediaStreamTrack | undefined; camera?: MediaStreamTrack | undefined } = {};
  const video = h('video', { autoplay: true, playsInline: true, muted: true, hidden: true });
  const hint = h('p', {}, 'Your camera is off. You can switch it on now or later.');
  const microphone = h('button', { type: 'button' });
  const camera = h('button', { type: 'button' });
  const problem = h('p', { class: 'pill stop', role: 'alert', hidden: true, style: 'white-space:normal;border-radius:9px;padding:8px 12px' });
  const show = (): void => {
    microphone.setAttribute('aria-pressed', String(Boolean(tracks.audio)));
    camera.setAttribute('aria-pressed', String(Boolean(tracks.camera)));
    fill(microphone, icon('mic', !tracks.audio), tracks.audio ? 'Microphone on' : 'Microphone off');
    fill(camera, icon('camera', !tracks.camera), tracks.camera ? 'Camera on' : 'Camera off');
    video.srcObject = tracks.camera ? new MediaStream([tracks.camera]) : null;
    video.hidden = !tracks.camera;
    hint.hidden = Boolean(tracks.camera);
  };
  const toggle = (kind: 'audio' | 'camera', open: () => Promise<MediaStreamTrack>): void => {
    const track = tracks[kind];
    tracks[kind] = undefined;
    track?.stop();
    show();
    if (!track) open().then((opened) => ((tracks[kind] = opened), show()), (error: unknown) => notify(sentenceOf(error), { tone: 'stop', forMs: 9_000 }));
  };
  microphone.addEventListener('click', () => toggle('audio', openMicrophone));
  camera.addEventListener('click', () => toggle('camera', openCamera));
  show();

  const name = h('input', { type: 'text', value: asked.name || localStorage.getItem('sideroom name') || '', required: true, maxLength: 60, autocomplete: 'name', placeholder: 'How others see you' });
  const room = h('input', { type: 'text', value: asked.room, required: true, maxLength: 64, pattern: '[^\\s].*', placeholder: 'For example: physics', autocomplete: 'off' });
  const moderator = h('input', { type: 'checkbox', checked: asked.role === 'moderator' });
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Join');
  const onsubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    submit.disabled = true;
    problem.hidden = true;
    localStorage.setItem('sideroom name', name.value.trim());
    const person: Person = { room: room.value.trim(), name: name.value.trim(), role: moderator.checked ? 'moderator' : 'participant' };
    try {
      await enter({ person, microphone: tracks.audio, camera: tracks.camera });
    } catch (error) {
      problem.textContent = sentenceOf(error);
      problem.hidden = false;
      submit.disabled = false;
      if (!(error instanceof SideroomError)) throw error;
    }
  };
  const form = h(
    'form',
    { class: 'join-form', onsubmit },
    h('div', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '' }), 'Sideroom'),
    h('h1', {}, asked.room ? `Join “${asked.room}”` : 'Join a meeting'),
    h('label', { class: 'field' }, 'Your name', name),
    h('label', { class: 'field' }, 'Meeting', room),
    asked.token ? null : h('label', { class: 'check' }, moderator, 'I moderate this meeting'),
    problem,
    submit,
  );
  const preview = h('div', { class: 'join-preview' }, hint, video, h('div', { class: 'row toggles' }, microphone, camera));
  app.replaceChildren(h('main', { id: 'main', class: 'join' }, h('div', { class: 'join-card' }, preview, form)));
  (name.value ? (room.value ? submit : room) : name).focus();
}
