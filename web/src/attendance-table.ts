/** The stays of people in groups, with times and reasons: as a table and as CSV. */
import type { Attendance } from '@sideroom/client';
import { h } from './dom.js';
import { openDialog } from './notices.js';
import { WHY } from './timeline.js';

/** Names for the ids in a journal. */
export interface Names {
  person(row: Attendance): string;
  group(id: string): string;
  author(id: string): string;
}

/** One stay, in words. */
export interface Stay {
  person: string;
  identity: string;
  group: string;
  fromMs: number;
  /** 0: still there. */
  untilMs: number;
  connectedMs: number;
  why: string;
  by: string;
}

/** The stays, by person and time. */
export function staysOf(rows: readonly Attendance[], names: Names): Stay[] {
  const stays = rows.map((row) => ({
    person: names.person(row),
    identity: row.identity,
    group: names.group(row.groupId),
    fromMs: row.fromMs,
    untilMs: row.untilMs,
    connectedMs: row.connectedMs,
    why: WHY[row.reason] ?? row.reason,
    by: row.by === row.participantId ? '' : names.author(row.by),
  }));
  return stays.filter(({ untilMs, fromMs }) => !untilMs || untilMs >= fromMs).sort((a, b) => a.person.localeCompare(b.person) || a.identity.localeCompare(b.identity) || a.fromMs - b.fromMs);
}

const HEADS = ['Person', 'Identity', 'Room', 'From', 'Until', 'Seconds', 'Connected seconds', 'Why', 'By'];

/** CSV as spreadsheets read it (RFC 4180), times in UTC. */
export function csvOf(stays: readonly Stay[], nowMs: number): string {
  const rows = stays.map(({ person, identity, group, fromMs, untilMs, connectedMs, why, by }) => [
    person, identity, group, new Date(fromMs).toISOString(), untilMs ? new Date(untilMs).toISOString() : '', String(Math.round(((untilMs || nowMs) - fromMs) / 1000)), String(Math.round(connectedMs / 1000)), why, by,
  ]);
  return [HEADS, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Quoted where it must be; one that a spreadsheet would calculate is text. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Builds the table of stays. */
export function stayTable(stays: readonly Stay[], nowMs: number): HTMLElement {
  const time = (ms: number): string => new Date(ms).toLocaleTimeString();
  const rows = stays.map(({ person, group, fromMs, untilMs, connectedMs, why, by }) =>
    h('tr', {}, h('th', { scope: 'row' }, person), h('td', {}, group), h('td', { class: 'number' }, time(fromMs)), h('td', { class: 'number' }, untilMs ? time(untilMs) : 'still there'), h('td', { class: 'number' }, length((untilMs || nowMs) - fromMs)), h('td', { class: 'number' }, length(connectedMs)), h('td', {}, by ? `${why}, by ${by}` : why)),
  );
  const heads = ['Person', 'Room', 'From', 'Until', 'For', 'Connected', 'Why'].map((head, index) => h('th', { scope: 'col', class: index > 1 && index < 6 ? 'number' : '' }, head));
  return h('table', {}, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows));
}

/** `1:02:03`, or `2:03`. */
function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours ? `${hours}:${two(rest)}:${two(seconds % 60)}` : `${rest}:${two(seconds % 60)}`;
}

/** Shows the table of a meeting, and gives it as a file. */
export function showAttendance(meeting: string, rows: readonly Attendance[], nowMs: number, names: Names): void {
  const stays = staysOf(rows, names);
  const save = (): void => saveFile(`${meeting}-attendance.csv`, csvOf(stays, nowMs));
  const { element } = openDialog('Attendance', (close) => [
    h('p', { class: 'dim small' }, 'Who was where, from when to when, and why. Messages are in no record.'),
    h('div', { class: 'table', tabIndex: 0, role: 'region', 'aria-label': 'Stays' }, stayTable(stays, nowMs)),
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: save }, 'Save as CSV'), h('button', { type: 'button', class: 'primary', 'data-focus': '', onclick: close }, 'Done')),
  ]);
  element.classList.add('wide');
}

/** Gives the browser a file to keep. */
function saveFile(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
