/** The line on top: where one is, the timer, the connection, the devices. */
import type { AudioOutput, Room, StatsSummary } from '@sideroom/client';
import { countdown, minutes, serverNow } from './clock.js';
import { devicesDialog } from './devices.js';
import { cut, fill, h, icon, iconButton, morph } from './dom.js';
import { run } from './notices.js';

const MEASURE_MS = 3_000;

/** Brings timer and connection up to date by itself. */
export class Top {
  readonly element: HTMLElement;
  readonly #place = h('div', { class: 'place grow' });
  readonly #timer = h('span', { class: 'pill', hidden: true, role: 'timer' });
  readonly #bars = h('span', { class: 'bars', role: 'img', 'aria-label': 'Your connection: not measured yet' }, h('i'), h('i'), h('i'));

  constructor(
    private readonly room: Room,
    audio: AudioOutput,
  ) {
    const devices = iconButton('sliders', 'Microphone, camera and speaker', () => run(() => devicesDialog(room, audio)));
    const brand = h('span', { class: 'brand' }, h('img', { src: 'icon.svg', alt: 'Sideroom' }));
    this.element = h('header', { class: 'top' }, brand, this.#place, this.#timer, this.#bars, devices);
    const measuring = setInterval(() => void this.#measure(), MEASURE_MS);
    room.on('phase', ({ name }) => name === 'closed' && clearInterval(measuring));
  }

  /** Brings everything up to date. */
  update(): void {
    const { room } = this;
    const group = room.groupName(room.me.groupId);
    morph(
      this.#place,
      cut(room.name, 'h1'),
      h('span', { class: `pill cut ${room.me.isAway ? 'accent' : ''}`, title: group, 'data-key': 'group' }, group),
      room.me.isModerator ? h('span', { class: 'pill wide', 'data-key': 'role' }, 'Moderator') : null,
      room.settings.mode === 'lecture' ? h('span', { class: 'pill wide', 'data-key': 'mode' }, 'Lecture') : null,
    );
    document.title = `${room.me.isAway ? `${group} · ` : ''}${room.name} · Sideroom`;
    this.tick();
  }

  /** The countdown: to the end, and then through the grace until everybody returns. */
  tick(): void {
    const left = countdown(this.room.breakouts.settings, serverNow());
    this.#timer.hidden = !left;
    if (!left) return;
    this.#timer.className = `pill ${left.inGrace ? 'stop' : left.leftMs <= 60_000 ? 'warn' : ''}`;
    fill(this.#timer, icon('clock'), minutes(left.leftMs));
    const label = left.inGrace ? 'Time until everybody returns to the main room' : 'Time left in the breakouts';
    this.#timer.setAttribute('aria-label', `${label}: ${minutes(left.leftMs)}`);
    this.#timer.title = label;
  }

  async #measure(): Promise<void> {
    if (this.room.phase.name !== 'connected') return;
    const stats: StatsSummary | undefined = await this.room.stats().catch(() => undefined);
    if (!stats) return;
    this.#bars.dataset['quality'] = stats.quality;
    const trip = stats.roundTripMs === undefined ? '' : `, ${Math.round(stats.roundTripMs)} ms`;
    this.#bars.title = `Your connection: ${stats.quality}${trip}`;
    this.#bars.setAttribute('aria-label', this.#bars.title);
  }
}
