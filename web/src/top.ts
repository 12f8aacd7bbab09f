/** The line on top: where one is, the timer, the connection; and banners for what needs to be known. */
import type { Room, StatsSummary } from '@sideroom/client';
import { fill, h, icon, iconButton } from './dom.js';
import { openDialog, run } from './notices.js';
import { listDevices, type AudioOutput } from '@sideroom/client';

/** Brings its parts up to date by itself. */
export class Top {
  readonly element: HTMLElement;
  readonly banners = h('div', { class: 'stack', style: 'gap:8px' });
  readonly #place = h('div', { class: 'place grow' });
  readonly #timer = h('span', { class: 'pill', hidden: true, role: 'timer' });
  readonly #bars = h('span', { class: 'bars', role: 'img', 'aria-label': 'Connection: not measured yet' }, h('i'), h('i'), h('i'));

  constructor(
    private readonly room: Room,
    private readonly audio: AudioOutput,
  ) {
    const devices = iconButton('sliders', 'Devices', () => run(() => this.#chooseDevices()));
    const brand = h('span', { class: 'brand' }, h('img', { src: 'icon.svg', alt: 'Sideroom' }));
    this.element = h('header', { class: 'top' }, brand, this.#place, this.#timer, this.#bars, devices);
    setInterval(() => this.#tick(), 1_000);
    setInterval(() => void this.#measure(), 3_000);
  }

  /** Brings place and banners up to date. */
  update(): void {
    const { room } = this;
    const group = room.groupName(room.me.groupId);
    const listening = room.me.listeningInGroupId;
    fill(
      this.#place,
      h('strong', {}, room.name),
      h('span', { class: `pill ${room.me.isAway ? 'accent' : ''}` }, group),
      room.me.isModerator ? h('span', { class: 'pill' }, 'Moderator') : null,
      listening ? h('span', { class: 'pill warn' }, icon('ear'), `Listening to ${room.groupName(listening)}`) : null,
      room.settings.mode === 'lecture' ? h('span', { class: 'pill' }, 'Lecture') : null,
    );
    document.title = `${room.me.isAway ? `${group} · ` : ''}${room.name} · Sideroom`;
    fill(this.banners, this.#phaseBanner(), this.#audioBanner(), this.#awayBanner(), this.#addressBanner());
  }

  #phaseBanner(): HTMLElement | null {
    const { phase } = this.room;
    if (phase.name === 'connected') return null;
    const text = phase.name === 'waiting' ? `${phase.error.message} Next attempt: ${phase.attempt}.` : 'Reconnecting. Your place in the meeting is kept.';
    return h('div', { class: 'banner stop', role: 'alert' }, h('span', { class: 'grow' }, text));
  }

  #audioBanner(): HTMLElement | null {
    if (!this.audio.blocked) return null;
    const start = h('button', { type: 'button', class: 'primary', onclick: () => void this.audio.start().then(() => this.update()) }, icon('speaker'), 'Play sound');
    return h('div', { class: 'banner warn', role: 'alert' }, h('span', { class: 'grow' }, 'The browser waits for a click before it plays sound.'), start);
  }

  #awayBanner(): HTMLElement | null {
    const { room } = this;
    if (!room.me.isAway) return null;
    const { paused, audioMuted, videoMuted } = room.me.gate;
    const forced = room.roomGate;
    const gate = (label: string, change: Parameters<Room['setGate']>[0], pressed: boolean, byModerator: boolean): HTMLElement =>
      h('button', { type: 'button', 'aria-pressed': String(pressed), disabled: byModerator, title: byModerator ? 'A moderator decided this for everybody' : '', onclick: () => run(() => room.setGate(change)) }, label);
    return h(
      'div',
      { class: 'banner', role: 'group', 'aria-label': 'What you receive of the main room' },
      icon('rooms'),
      h('span', { class: 'grow' }, paused || forced.paused ? 'You hear nothing of the main room.' : audioMuted ? 'You see the main room, and do not hear it.' : 'You also hear the main room.'),
      gate(paused ? 'Follow the main room' : 'Pause the main room', { paused: !paused }, paused, forced.paused),
      paused ? null : gate(audioMuted ? 'Unmute its sound' : 'Mute its sound', { audioMuted: !audioMuted }, audioMuted, forced.audioMuted),
      paused ? null : gate(videoMuted ? 'Show its video' : 'Hide its video', { videoMuted: !videoMuted }, videoMuted, forced.videoMuted),
    );
  }

  #addressBanner(): HTMLElement | null {
    const speaker = [...this.room.participants.values()].find(({ addressingAll }) => addressingAll.length > 0);
    if (!speaker) return null;
    const stop = speaker.isMe ? h('button', { type: 'button', onclick: () => run(() => this.room.breakouts.stopAddressing()) }, 'Stop') : null;
    return h('div', { class: 'banner warn', role: 'status' }, icon('megaphone'), h('span', { class: 'grow' }, speaker.isMe ? 'Everybody in every room hears you.' : `${speaker.name} speaks to every room.`), stop);
  }

  #tick(): void {
    const { endsAtMs } = this.room.breakouts.settings;
    const left = Math.max(0, Math.ceil((endsAtMs - Date.now()) / 1000));
    this.#timer.hidden = !endsAtMs;
    this.#timer.className = `pill ${left <= 60 ? 'warn' : ''}`;
    fill(this.#timer, icon('clock'), `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`);
    this.#timer.setAttribute('aria-label', 'Time left in the breakouts');
  }

  async #measure(): Promise<void> {
    if (this.room.phase.name !== 'connected') return;
    const stats: StatsSummary = await this.room.stats();
    this.#bars.dataset['quality'] = stats.quality;
    const trip = stats.roundTripMs === undefined ? '' : `, ${Math.round(stats.roundTripMs)} ms`;
    this.#bars.title = `Connection: ${stats.quality}${trip}`;
    this.#bars.setAttribute('aria-label', this.#bars.title);
  }

  async #chooseDevices(): Promise<void> {
    const { room } = this;
    const devices = await listDevices();
    openDialog('Devices', (close) => {
      const choice = (label: string, list: readonly { id: string; label: string }[], use: (id: string) => Promise<void>): HTMLElement => {
        const select = h('select', {}, ...list.map(({ id, label: name }, index) => h('option', { value: id }, name || `${label} ${index + 1}`)));
        select.addEventListener('change', () => run(() => use(select.value)));
        return h('label', { class: 'field' }, label, list.length ? select : h('span', { class: 'dim' }, 'None found'));
      };
      return [
        choice('Microphone', devices.microphones, (id) => room.local.openMicrophone(id)),
        choice('Camera', devices.cameras, (id) => room.local.openCamera(id)),
        choice('Speaker', devices.speakers, (id) => this.audio.setDevice(id)),
        h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: close }, 'Done')),
      ];
    });
  }
}
