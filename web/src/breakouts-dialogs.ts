/** The dialogs that make breakouts and set their timer, and the one that asks an invitee. */
import type { Invitation, Room } from '@sideroom/client';
import { h } from './dom.js';
import { notify, openDialog, run } from './notices.js';

/** How people come into new breakouts. */
type Way = 'ask' | 'force' | 'choose' | 'later';

/** Asks what the new breakouts should be like, and makes them. */
export function createDialog(room: Room): void {
  openDialog('New rooms', (close) => {
    const most = Math.max(2, room.settings.maxActiveTalkers - 1);
    const rooms = h('input', { type: 'number', min: '1', max: String(room.settings.maxBreakouts - room.breakouts.all.length), value: '2', required: true });
    const capacity = h('input', { type: 'number', min: '2', max: String(most), value: String(Math.min(4, most)), required: true });
    const ways = h(
      'select',
      {},
      ...([['ask', 'Distribute at random, and ask them'], ['force', 'Distribute at random, move at once'], ['choose', 'Let people choose'], ['later', 'Empty: I assign people myself']] as const).map(([value, label]) => h('option', { value }, label)),
    );
    const media = (['audio', 'screen', 'canvas', 'camera'] as const).map((kind) => ({ kind, box: h('input', { type: 'checkbox', checked: kind !== 'camera' }) }));
    const labels = { audio: 'Sound', screen: 'Screen', canvas: 'Whiteboard', camera: 'Camera' };
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      close();
      const flags = Object.fromEntries(media.map(({ kind, box }) => [kind, box.checked]));
      run(() => create(room, Number(rooms.value), Number(capacity.value), flags, ways.value as Way));
    };
    return [
      h(
        'form',
        { onsubmit },
        h('div', { class: 'row' }, h('label', { class: 'field grow' }, 'Rooms', rooms), h('label', { class: 'field grow' }, 'People in each', capacity)),
        h('label', { class: 'field' }, 'How people get there', ways),
        h('fieldset', {}, h('legend', {}, 'Inside, people may use'), h('div', { class: 'row' }, ...media.map(({ kind, box }) => h('label', { class: 'check' }, box, labels[kind])))),
        h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Create')),
      ),
    ];
  });
}

async function create(room: Room, rooms: number, capacity: number, media: Record<string, boolean>, way: Way): Promise<void> {
  const definition = { rooms, capacity, media, selfSelect: way === 'choose' };
  if (way === 'choose' || way === 'later') return void (await room.breakouts.create(definition));
  const { leftOverIds } = await room.breakouts.createAndInvite(definition, { force: way === 'force' });
  const names = leftOverIds.map((id) => room.participants.get(id)?.name ?? 'somebody');
  if (names.length) notify(`No place for ${names.join(', ')}: they stay in the main room.`, { forMs: 9_000 });
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
      set(Date.now() + Number(minutes.value) * 60_000);
    };
    return [
      h(
        'form',
        { onsubmit },
        h('label', { class: 'field' }, 'Bring everybody back after so many minutes', minutes),
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

/** What holds for everybody who is away, and what they receive of the main room. */
export function rulesDialog(room: Room): void {
  openDialog('Rules for breakouts', (close) => {
    const { settings } = room.breakouts;
    const box = (label: string, checked: boolean, change: (on: boolean) => Promise<unknown>): HTMLElement => {
      const input = h('input', { type: 'checkbox', checked });
      input.addEventListener('change', () => run(() => change(input.checked)));
      return h('label', { class: 'check' }, input, label);
    };
    return [
      box('People may return by themselves', settings.allowReturn, (on) => room.breakouts.configure({ allowReturn: on })),
      box('People may choose any open room', settings.selfSelect, (on) => room.breakouts.configure({ selfSelect: on })),
      box('Whoever joins a room goes on hearing the main room', settings.parentWhileAway === 'live', (on) => room.breakouts.configure({ parentWhileAway: on ? 'live' : 'paused' })),
      h('h3', {}, 'The main room, for everybody who is away'),
      box('Paused', room.roomGate.paused, (on) => room.setRoomGate({ paused: on })),
      box('Without sound', room.roomGate.audioMuted, (on) => room.setRoomGate({ audioMuted: on })),
      box('Without video', room.roomGate.videoMuted, (on) => room.setRoomGate({ videoMuted: on })),
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: close }, 'Done')),
    ];
  });
}

/** Asks this participant into a breakout. */
export function invitationDialog(room: Room, invitation: Invitation): void {
  const who = room.participants.get(invitation.requestor)?.name ?? 'A moderator';
  let stop = (): void => {};
  const close = openDialog(`Join ${invitation.breakout.name}?`, (shut) => [
    h('p', { class: 'dim' }, `${who} invites you into a smaller room. You can return to the main room ${room.breakouts.settings.allowReturn ? 'at any time' : 'when a moderator brings you back'}.`),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: () => (shut(), stop(), run(() => invitation.reject())) }, 'Decline'),
      h('button', { type: 'button', class: 'primary', onclick: () => (shut(), stop(), run(() => invitation.accept())) }, 'Join'),
    ),
  ]);
  stop = room.breakouts.on('invitationOver', ({ breakoutId }) => {
    if (breakoutId !== invitation.breakout.id) return;
    stop();
    close();
  });
}
