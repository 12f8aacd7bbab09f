/** Packets a second, load, and every reason for which packets are dropped. */
import { fill, h, s } from './dom.js';
import { DROP_REASONS } from './drop-reasons.js';
import type { Reading } from './operator.js';

const KEPT = 90;

/** The panel with the numbers of the node. */
export class Numbers {
  readonly element = h('section', { class: 'panel numbers', 'aria-label': 'Numbers' });
  readonly #out: number[] = [];
  #before: Reading | undefined;

  /** Takes the next reading. */
  update(now: Reading): void {
    const before = this.#before;
    this.#before = now;
    if (!before) return;
    const seconds = Math.max(0.2, (now.atMs - before.atMs) / 1000);
    const rate = (field: 'packetsIn' | 'packetsOut' | 'bytesOut'): number => Math.max(0, (now[field] - before[field]) / seconds);
    this.#out.push(rate('packetsOut'));
    if (this.#out.length > KEPT) this.#out.shift();
    const load = now.loads.length ? Math.max(...now.loads) : 0;
    const drops = [...now.drops]
      .map(([reason, packets]) => ({ reason, packets, rate: (packets - (before.drops.get(reason) ?? 0)) / seconds }))
      .filter(({ packets }) => packets > 0)
      .sort((a, b) => b.rate - a.rate || b.packets - a.packets);
    fill(
      this.element,
      h('h2', {}, 'Node'),
      h('div', { class: 'figures' }, figure('packets/s in', format(rate('packetsIn'))), figure('packets/s out', format(rate('packetsOut'))), figure('sent', `${format((rate('bytesOut') * 8) / 1e6)} Mbit/s`), figure('busiest worker', `${Math.round(load * 100)} %`)),
      spark(this.#out),
      h('h2', {}, 'Dropped, by reason'),
      drops.length ? dropTable(drops) : h('p', { class: 'dim small' }, 'Nothing was dropped yet.'),
      h('p', { class: 'dim small' }, `${now.rooms} rooms, ${now.participants} people. Version ${now.version}, up for ${duration(now.uptimeMs)}.`),
    );
  }
}

function dropTable(drops: { reason: string; packets: number; rate: number }[]): HTMLElement {
  const rows = drops.map(({ reason, packets, rate }) => h('tr', {}, h('td', { title: reason }, DROP_REASONS[reason] ?? reason.replaceAll('_', ' ')), h('td', { class: 'number' }, format(rate)), h('td', { class: 'number' }, format(packets))));
  return h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, 'Reason'), h('th', { class: 'number' }, 'per s'), h('th', { class: 'number' }, 'total'))), h('tbody', {}, ...rows));
}

function figure(label: string, value: string): HTMLElement {
  return h('div', { class: 'figure' }, h('b', {}, value), h('span', { class: 'dim small' }, label));
}

function spark(values: number[]): SVGElement {
  const most = Math.max(...values, 1);
  const points = values.map((value, index) => `${(index / (KEPT - 1)) * 100} ${38 - (value / most) * 34}`);
  return s('svg', { class: 'spark', viewBox: '0 0 100 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Packets a second that were sent, over the last minute and a half' }, s('path', { d: points.length > 1 ? `M${points.join('L')}` : 'M0 38', 'vector-effect': 'non-scaling-stroke' }));
}

function format(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${Math.round(value / 1000)} k`;
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
