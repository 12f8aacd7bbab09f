/** Rooms prepared from a pasted list: made closed, people assigned, opened when the host wants. */
import type { Participant, Room } from '@sideroom/client';
import { readArrangement, type Arrangement, type ArrangedRoom } from './arrangement-text.js';
import { h, morph, short } from './dom.js';
import { notify, openDialog, run } from './notices.js';

const EXAMPLE = 'Red: Ada, Bob\nBlue: Eve, Gus\n\nor a table:\nroom,person\nRed,Ada';

/** Asks for the list, shows the result of reading it with errors by line, and makes the rooms. */
export function arrangeDialog(room: Room): void {
  const free = room.settings.maxBreakouts - room.breakouts.all.length;
  const limits = { rooms: free, people: room.settings.maxActiveTalkers - 1 };
  const input = h('textarea', { rows: 8, spellcheck: false, placeholder: EXAMPLE, 'aria-describedby': 'arranged', required: true });
  const file = h('input', { type: 'file', accept: '.csv,.tsv,.txt,text/csv,text/plain' });
  const [camera, open] = [h('input', { type: 'checkbox' }), h('input', { type: 'checkbox' })];
  const read = h('div', { class: 'stack', id: 'arranged', role: 'status' });
  const submit = h('button', { class: 'primary', type: 'submit', disabled: true }, 'Make rooms');
  let now: Arrangement = { rooms: [], errors: [] };
  const draw = (): void => {
    now = readArrangement(input.value, limits);
    const empty = !input.value.trim();
    submit.disabled = empty || now.errors.length > 0;
    input.setAttribute('aria-invalid', String(!empty && now.errors.length > 0));
    morph(read, ...(empty ? [] : shown(room, now)));
  };
  input.addEventListener('input', draw);
  file.addEventListener('change', () => {
    void file.files?.[0]?.text().then((written) => {
      input.value = written;
      draw();
    });
  });
  openDialog('Prepare from a list', (close) => {
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      if (submit.disabled) return;
      close();
      run(() => apply(room, now.rooms, { capacity: limits.people, camera: camera.checked, open: open.checked }));
    };
    return [
      h(
        'form',
        { onsubmit },
        h('label', { class: 'field' }, 'Rooms and people, by name or identity', input),
        h('label', { class: 'field' }, 'Or take a CSV file', file),
        read,
        h('label', { class: 'check' }, camera, 'People may use cameras inside'),
        h('label', { class: 'check' }, open, 'Open at once: everybody who is here is moved'),
        h('div', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Cancel'), submit),
      ),
    ];
  });
}

function shown(room: Room, { rooms, errors }: Arrangement): HTMLElement[] {
  if (errors.length) {
    const lines = errors.slice(0, 12).map(({ line, message }) => h('li', {}, h('b', {}, `Line ${line}: `), message));
    const more = errors.length > lines.length ? h('p', { class: 'small' }, `And ${errors.length - lines.length} more.`) : null;
    return [h('div', { class: 'banner stop' }, h('div', { class: 'grow' }, h('ul', { class: 'stack tight', 'aria-label': 'Errors by line' }, ...lines), more))];
  }
  const unknown = rooms.flatMap(({ people }) => people).filter((name) => !personOf(room, name));
  const people = rooms.reduce((sum, each) => sum + each.people.length, 0);
  const later = unknown.length ? ` Not here yet: ${unknown.slice(0, 8).map(short).join(', ')}${unknown.length > 8 ? '…' : ''}. They go there when they join under this identity.` : '';
  return [h('p', { class: 'dim small' }, `${rooms.length === 1 ? '1 room' : `${rooms.length} rooms`}, ${people === 1 ? '1 person' : `${people} people`}.${later}`)];
}

/** Finds a person by identity, or by a name that is theirs alone. */
function personOf(room: Room, written: string): Participant | undefined {
  const all = [...room.participants.values()];
  const wanted = written.toLowerCase();
  const named = all.filter(({ name }) => name.toLowerCase() === wanted);
  return all.find(({ identity }) => identity === written) ?? (named.length === 1 ? named[0] : undefined);
}

interface Made {
  capacity: number;
  camera: boolean;
  open: boolean;
}

async function apply(room: Room, rooms: readonly ArrangedRoom[], { capacity, camera, open }: Made): Promise<void> {
  const names = rooms.map(({ name }) => name);
  const made = await room.breakouts.create({ rooms: rooms.length, capacity, names, media: { audio: true, screen: true, canvas: true, camera }, state: 'closed', autoMove: true });
  for (const [index, { people }] of rooms.entries()) {
    await made[index]?.assign(people.map((written) => personOf(room, written)?.identity ?? written));
  }
  if (open) await room.breakouts.open(made.map(({ id }) => id));
  else notify('The rooms are prepared. People go there when you open them.');
}
