/** The dialogs that make breakouts, name them, set their timer and rules, and bring people back. */
import type { Breakout, BreakoutDefinition, Door, Room } from '@sideroom/client';
import { serverNow } from './clock.js';
import { h, short } from './dom.js';
import { DOORS } from './doors.js';
import { wayButton } from './leave.js';
import { notify, openDialog, run } from './notices.js';

/** How people come into new breakouts. */
type Way = 'ask' | 'force' | 'choose' | 'place' | 'later';

/** Asks what the new breakouts should be like, and makes them. */
export function createDialog(room: Room): void {
  openDialog('New rooms', (close) => {
    const most = Math.max(2, room.settings.maxActiveTalkers - 1);
    const rooms = h('input', { type: 'number', min: '1', max: String(room.settings.maxBreakouts - room.breakouts.all.length), value: '2', required: true });
    const capacity = h('input', { type: 'number', min: '2', max: String(most), value: String(Math.min(4, most)), required: true });
    const ways = h(
      'select',
      {},
      ...([['ask', 'At random, after asking each'], ['force', 'At random, moved at once'], ['choose', 'Everybody chooses a room'], ['place', 'I place people first, then open the rooms'], ['later', 'Nobody yet: I move people']] as const).map(([value, label]) => h('option', { value }, label)),
    );
    const media = (['audio', 'screen', 'canvas', 'camera'] as const).map((kind) => ({ kind, box: h('input', { type: 'checkbox', checked: kind !== 'camera' }) }));
    const door = h('select', {}, ...DOORS.map(([value, label]) => h('option', { value }, label)));
    const labels = { audio: 'Sound', screen: 'Screen', canvas: 'Whiteboard', camera: 'Camera' };
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      close();
      const flags = Object.fromEntries(media.map(({ kind, box }) => [kind, box.checked]));
      run(() => create(room, { rooms: Number(rooms.value), capacity: Number(capacity.value), media: flags, door: door.value as Door }, ways.value as Way));
    };
    return [
      h(
        'form',
        { onsubmit },
        h('div', { class: 'row' }, h('label', { class: 'field grow' }, 'Rooms', rooms), h('label', { class: 'field grow' }, 'People in each', capacity)),
        h('label', { class: 'field' }, 'How people get there', ways),
        h('label', { class: 'field' }, 'Doors', door),
        h('fieldset', {}, h('legend', {}, 'Inside, people may use'), h('div', { class: 'row' }, ...media.map(({ kind, box }) => h('label', { class: 'check' }, box, labels[kind])))),
        h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Create')),
      ),
    ];
  });
}

async function create(room: Room, properties: BreakoutDefinition, way: Way): Promise<void> {
  const prepared = way === 'place' ? { state: 'closed' as const, autoMove: true } : {};
  const definition = { ...properties, ...prepared, selfSelect: way === 'choose' };
  if (way === 'choose' || way === 'place' || way === 'later') return void (await room.breakouts.create(definition));
  const { leftOverIds } = await room.breakouts.createAndInvite(definition, { force: way === 'force' });
  const names = leftOverIds.map((id) => room.participants.get(id)?.name ?? 'somebody');
  if (names.length) notify(`No place for ${names.map(short).join(', ')}: they stay in the main room.`, { forMs: 9_000 });
}

/** Sets, changes or removes the time at which everybody is brought back. */
export function timerDialog(room: Room): void {
  openDialog('Timer', (close) => {
    const minutes = h('input', { type: 'number', min: '1', max: '240', value: '10', required: true });
    const set = (endsAtMs: number): void => {
      close();
      run(() => room.breakouts.configure({ endsAtMs }));
    };
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      set(serverNow() + Number(minutes.value) * 60_000);
    };
    return [
      h(
        'form',
        { onsubmit },
        h('label', { class: 'field' }, 'Everybody returns after this many minutes', minutes),
        h(
          'div',
          { class: 'actions' },
          room.breakouts.settings.endsAtMs ? h('button', { type: 'button', onclick: () => set(0) }, 'Remove timer') : null,
          h('button', { type: 'button', onclick: close }, 'Cancel'),
          h('button', { class: 'primary', type: 'submit' }, 'Set timer'),
        ),
      ),
    ];
  });
}

/** The rules of all breakouts, and the room-wide gate to the main room. */
export function rulesDialog(room: Room): void {
  const box = (label: string, checked: boolean, change: (on: boolean) => Promise<unknown>): HTMLElement => {
    const onchange = (event: Event): void => {
      const input = event.currentTarget as HTMLInputElement;
      run(() => change(input.checked).catch((error: unknown) => ((input.checked = !input.checked), Promise.reject(error))));
    };
    return h('label', { class: 'check', 'data-key': label }, h('input', { type: 'checkbox', checked, onchange }), label);
  };
  const dialog = openDialog('Rules for breakouts', (close) => {
    const { settings } = room.breakouts;
    return [
      box('People may return by themselves', settings.allowReturn, (on) => room.breakouts.configure({ allowReturn: on })),
      box('People may choose any open room', settings.selfSelect, (on) => room.breakouts.configure({ selfSelect: on })),
      box('People in a room go on hearing the main room', settings.parentWhileAway === 'live', (on) => room.breakouts.configure({ parentWhileAway: on ? 'live' : 'paused' })),
      box('People inside see who listens in', settings.announcePresence, (on) => room.breakouts.configure({ announcePresence: on })),
      h('h3', {}, 'The main room, for everybody in a breakout'),
      box('Paused', room.roomGate.paused, (on) => room.setRoomGate({ paused: on })),
      box('Without sound', room.roomGate.audioMuted, (on) => room.setRoomGate({ audioMuted: on })),
      box('Without video', room.roomGate.videoMuted, (on) => room.setRoomGate({ videoMuted: on })),
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: close }, 'Done')),
    ];
  }, () => stop());
  const stop = room.on('changed', dialog.update);
}

/** Three ways to bring people back, told apart. */
export function finishDialog(room: Room): void {
  const { breakouts } = room;
  openDialog('Bring people back', (close) => {
    const way = (name: Parameters<typeof wayButton>[0], label: string, text: string, action: () => Promise<unknown>, props = {}): HTMLElement => wayButton(name, label, text, () => (close(), run(action)), props);
    return [
      way('back', 'Bring everybody back', 'Everybody returns to the main room. The rooms stay open: people can go in again.', () => breakouts.clear(), { 'data-focus': '' }),
      way('lock', 'Close all rooms', 'Everybody returns, and nobody can go in until you open the rooms again.', () => breakouts.close()),
      way('close', 'End breakouts', 'Everybody returns, and the rooms are removed.', () => breakouts.destroy(), { class: 'danger' }),
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel')),
    ];
  });
}

/** Gives a breakout another name. */
export function renameDialog(breakout: Breakout): void {
  openDialog('Rename', (close) => {
    const input = h('input', { type: 'text', value: breakout.name, maxLength: 60, required: true });
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      close();
      run(() => breakout.update({ name: input.value.trim() }));
    };
    return [h('form', { onsubmit }, h('label', { class: 'field' }, 'Name', input), h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Rename')))];
  });
}
