/** Doors of rooms: who knocks, letting in, and the choice of a door. */
import type { Breakout, Door, Room } from '@sideroom/client';
import { minutes, serverNow } from './clock.js';
import { h, icon, short } from './dom.js';
import { run } from './notices.js';

/** The doors, in words. */
export const DOORS: readonly (readonly [Door, string])[] = [['open', 'Door open'], ['knocking', 'People knock'], ['locked', 'Locked']];

/** Cards for knocks that this person may answer, and a line for their own. */
export function knockCards(room: Room): HTMLElement[] {
  const { me, breakouts } = room;
  return breakouts.knocks.map((knock) => {
    const { breakoutId, participantId } = knock;
    const where = short(room.groupName(breakoutId));
    const key = `knock ${breakoutId} ${participantId}`;
    if (participantId === me.id) {
      const left = h('b', { role: 'timer' }, minutes(Math.max(0, knock.untilMs - serverNow())));
      const stop = h('button', { type: 'button', 'data-key': 'stop', onclick: () => run(() => breakouts.run('StopKnocking', { breakoutId })) }, 'Stop knocking');
      return h('div', { class: 'banner', 'data-key': key }, icon('hand'), h('span', { class: 'grow' }, h('span', { role: 'status' }, `You knock at ${where}. They have this long to answer: `), left), stop);
    }
    const name = short(room.participants.get(participantId)?.name ?? 'Somebody');
    return h(
      'section',
      { class: 'banner invitation', role: 'group', 'aria-label': `${name} knocks at ${where}`, 'data-key': key },
      h('div', { class: 'grow' }, h('b', {}, breakoutId === me.groupId ? `${name} knocks` : `${name} knocks at ${where}`)),
      h('div', { class: 'row tight' },
        h('button', { type: 'button', class: 'primary', 'data-key': 'admit', onclick: () => run(() => knock.admit()) }, 'Let in'),
        h('button', { type: 'button', 'data-key': 'refuse', onclick: () => run(() => knock.refuse()) }, 'Not now')),
    );
  });
}

/** Whether somebody has to knock here, who is neither asked nor assigned. */
export function mustKnock(room: Room, breakout: Breakout): boolean {
  const asked = room.breakouts.assigned?.id === breakout.id || room.breakouts.invitations.some((each) => each.breakout.id === breakout.id);
  return breakout.door === 'knocking' && !asked && !room.me.isModerator;
}

/** The choice of a door, for those who run the room. */
export function doorChoice(breakout: Breakout): HTMLElement {
  const choose = (event: Event): void => {
    const { value } = event.currentTarget as HTMLSelectElement;
    run(() => breakout.update({ door: value as Door }));
  };
  const options = DOORS.map(([door, label]) => h('option', { value: door, selected: breakout.door === door }, label));
  return h('select', { class: 'door', 'aria-label': `Door of ${breakout.name}`, 'data-key': 'door', onchange: choose }, ...options);
}

/** The state of a door, where it is not open. */
export function doorPill(breakout: Breakout): HTMLElement | null {
  if (breakout.door === 'open') return null;
  return h('span', { class: 'pill', 'data-key': 'door state' }, icon('lock'), breakout.door === 'locked' ? 'Locked' : 'Knock first');
}
