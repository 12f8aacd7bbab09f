/** Commands that are carried out later: planned by moderators, counted down for everybody whom they concern. */
import { commands, type BreakoutCommand, type DryRun, type Room, type ScheduleState } from '@sideroom/client';
import { minutes, serverNow } from './clock.js';
import { h, icon, morph } from './dom.js';
import { notify, openDialog, run, sentenceOf } from './notices.js';
import { eventOf } from './schedule-words.js';

/** One that is further away is told by the clock. */
const COUNT_DOWN_MS = 3_600_000;
const LATER_MS = 300_000;

/** The plans that the dialog offers. */
const PLANS = [
  ['open', 'Open all rooms', () => commands.open()],
  ['close', 'Close all rooms', () => commands.close()],
  ['clear', 'Bring everybody back', () => commands.clear()],
  ['shuffle', 'Shuffle people', () => commands.shuffle()],
  ['destroy', 'End breakouts', () => commands.destroy()],
] as const satisfies readonly (readonly [string, string, () => BreakoutCommand])[];

const clockTime = (atMs: number): string => new Date(atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** The next ones, counted down, for everybody whom they concern. */
export function scheduleBanners(room: Room): HTMLElement[] {
  return room.schedules.all.slice(0, 2).map((each) => {
    const leftMs = Math.max(0, each.atMs - serverNow());
    const soon = leftMs < COUNT_DOWN_MS;
    const time = soon ? h('b', { role: 'timer', 'aria-label': `${eventOf(each)} in ${minutes(leftMs)}` }, minutes(leftMs)) : h('b', {}, clockTime(each.atMs));
    const change = room.me.isModerator ? h('button', { type: 'button', 'data-key': 'plan', onclick: () => schedulesDialog(room) }, 'Change') : null;
    return h('div', { class: 'banner', 'data-key': `schedule ${each.id}` }, icon('clock'), h('span', { class: 'grow' }, h('span', { role: 'status' }, `${eventOf(each)} ${soon ? 'in' : 'at'} `), time), change);
  });
}

/** Tells how schedules end that fail. */
export function tellSchedules(room: Room): void {
  room.schedules.on('failed', ({ schedule, message }) => notify(`${eventOf(schedule)}: that did not work. ${message}`, { tone: 'stop', forMs: 12_000 }));
}

/** `3 people would move.` */
export function forecastOf(room: Room, run_: DryRun): string {
  const { moves, before, after } = run_;
  const names = moves.slice(0, 4).map(({ participantId }) => room.participants.get(participantId)?.name ?? 'somebody');
  const more = moves.length > names.length ? ` and ${moves.length - names.length} more` : '';
  const who = moves.length ? `${moves.length === 1 ? '1 person' : `${moves.length} people`} would move now: ${names.join(', ')}${more}.` : 'Nobody would move now.';
  return `${who} Streams that leave the server: ${before.audio} of sound and ${before.video} of video now, then ${after.audio} and ${after.video}.`;
}

/** Lists what waits, and plans more. */
export function schedulesDialog(room: Room): void {
  const what = h('select', {}, ...PLANS.map(([name, label]) => h('option', { value: name }, label)));
  const inMinutes = h('input', { type: 'number', min: '0.1', max: '1440', step: 'any', value: '5', required: true });
  const late = h('input', { type: 'checkbox' });
  const said = h('p', { class: 'dim small', role: 'status' });
  const waiting = h('ul', { class: 'stack', 'aria-label': 'Planned' });
  const command = (): BreakoutCommand => (PLANS.find(([name]) => name === what.value) ?? PLANS[0])[2]();
  const draw = (): void => morph(waiting, ...room.schedules.all.map((each) => line(room, each)));
  what.addEventListener('change', () => (said.textContent = ''));
  const check = async (): Promise<void> => {
    said.textContent = await room.breakouts.dryRun(command()).then((done) => forecastOf(room, done), sentenceOf);
  };
  const onsubmit = (event: Event): void => {
    event.preventDefault();
    const when = { atMs: serverNow() + Number(inMinutes.value) * 60_000, ...(late.checked && { ifLate: 'always' as const }) };
    run(() => room.schedules.add(command(), when));
  };
  draw();
  openDialog('Plan', (close) => [
    waiting,
    h(
      'form',
      { onsubmit },
      h('label', { class: 'field' }, 'What happens', what),
      h('label', { class: 'field' }, 'In how many minutes', inMinutes),
      h('label', { class: 'check' }, late, 'Also if the server was away and it is late'),
      said,
      h('div', { class: 'actions' },
        h('button', { type: 'button', 'data-key': 'check', onclick: () => void check() }, 'What would it do?'),
        h('button', { type: 'button', 'data-key': 'done', onclick: close }, 'Done'),
        h('button', { class: 'primary', type: 'submit' }, 'Plan it')),
    ),
  ], () => stop());
  const stop = room.on('changed', draw);
}

function line(room: Room, each: ScheduleState): HTMLElement {
  const name = eventOf(each);
  const by = room.participants.get(each.by)?.name ?? 'the organizer';
  return h(
    'li',
    { class: 'row', 'data-key': String(each.id) },
    h('span', { class: 'grow stack tight' }, h('b', {}, name), h('span', { class: 'dim small' }, `at ${new Date(each.atMs).toLocaleTimeString()}, by ${each.by === room.me.id ? 'you' : by}`)),
    h('button', { type: 'button', 'data-key': 'later', 'aria-label': `5 min later: ${name}`, onclick: () => run(() => room.schedules.change(each.id, { atMs: each.atMs + LATER_MS })) }, '5 min later'),
    h('button', { type: 'button', 'data-key': 'cancel', class: 'danger', 'aria-label': `Cancel: ${name}`, onclick: () => run(() => room.schedules.cancel(each.id)) }, 'Cancel'),
  );
}
