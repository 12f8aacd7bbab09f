/** A room of one's own, for oneself and those one asks. */
import type { Door, Room } from '@sideroom/client';
import { DOORS } from './doors.js';
import { h, short } from './dom.js';
import { openDialog, run } from './notices.js';

/** Whether this participant may make a side room now. */
export function maySideRoom({ me }: Room): boolean {
  return !me.isModerator && me.grants.createSideRooms && !me.isAway;
}

/** Asks for its name, its guests and its door; then goes in. */
export function sideRoomDialog(room: Room): void {
  const others = room.membersOf('parent').filter(({ isMe }) => !isMe);
  const name = h('input', { type: 'text', maxLength: 60, autocomplete: 'off', placeholder: room.me.name });
  const guests = others.map((person) => ({ person, box: h('input', { type: 'checkbox' }) }));
  const door = h('select', {}, ...DOORS.map(([value, label]) => h('option', { value }, label)));
  openDialog('New side room', (close) => {
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      close();
      const invite = guests.filter(({ box }) => box.checked).map(({ person }) => person.id);
      run(() => room.breakouts.createSideRoom({ ...(name.value.trim() && { name: name.value.trim() }), door: door.value as Door, invite }));
    };
    return [
      h(
        'form',
        { onsubmit },
        h('p', { class: 'dim' }, 'You go in at once. Moderators see the room and can come in or close it. It is gone when the last one leaves.'),
        h('label', { class: 'field' }, 'Name', name),
        guests.length ? h('fieldset', {}, h('legend', {}, 'Ask to come'), h('div', { class: 'stack tight' }, ...guests.map(({ person, box }) => h('label', { class: 'check' }, box, short(person.name))))) : null,
        h('label', { class: 'field' }, 'Door', door),
        h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), h('button', { class: 'primary', type: 'submit' }, 'Make and go in')),
      ),
    ];
  });
}
