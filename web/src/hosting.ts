/** Moderators' commands on the meeting and on people. */
import type { Participant, Room } from '@sideroom/client';
import { h, morph, short } from './dom.js';
import { notify, openDialog, run } from './notices.js';

/** Bytes of a reason that the server takes. */
const REASON_LETTERS = 120;

/** Ends the meeting for everybody. */
export const endMeeting = (room: Room): Promise<void> => room.end();

/** Asks before somebody is sent away, and whether they are kept out. */
export function removeDialog(room: Room, person: Participant): void {
  const name = short(person.name);
  const keepOut = h('input', { type: 'checkbox', checked: true });
  const reason = h('input', { type: 'text', maxLength: REASON_LETTERS, autocomplete: 'off', placeholder: 'Optional' });
  const field = h('label', { class: 'field' }, 'Reason, which they read when they try to join', reason);
  keepOut.addEventListener('change', () => (field.hidden = !keepOut.checked));
  openDialog(`Remove ${name}?`, (close) => {
    const onsubmit = (event: Event): void => {
      event.preventDefault();
      close();
      run(() => removePerson(room, person, keepOut.checked, reason.value.trim()));
    };
    return [
      h(
        'form',
        { onsubmit },
        h('p', { class: 'dim' }, 'They leave the meeting at once, and learn that a moderator removed them.'),
        h('label', { class: 'check' }, keepOut, 'Keep them out: they cannot join this meeting again'),
        field,
        h('div', { class: 'actions' }, h('button', { type: 'button', 'data-focus': '', onclick: close }, 'Cancel'), h('button', { type: 'submit', class: 'stop' }, 'Remove')),
      ),
    ];
  });
}

async function removePerson(room: Room, person: Participant, keepOut: boolean, reason: string): Promise<void> {
  const { id: participantId, name, identity } = person;
  if (!keepOut) {
    await room.remove(participantId);
    return void notify(`${short(name)} was removed. They can join again.`);
  }
  await room.ban({ participantId }, { reason });
  notify(`${short(name)} was removed and is kept out.`, { action: { label: 'Let in again', run: () => run(() => letIn(room, identity, name)) }, forMs: 12_000 });
}

async function letIn(room: Room, identity: string, name: string): Promise<void> {
  await room.unban(identity);
  notify(`${short(name)} can join again.`);
}

interface Kept {
  identity: string;
  name: string;
  reason: string;
}

/** The people who are kept out of a meeting, as the server lists them to moderators. */
export class KeptOut {
  /** Names of people who were here; a ban names an identity only. */
  readonly #names = new Map<string, string>();
  people: readonly Kept[] = [];

  constructor(
    private readonly room: Room,
    private readonly changed: () => void,
  ) {
    room.on('participantLeft', ({ participant }) => {
      this.#names.set(participant.identity, participant.name);
      void this.read().catch(() => {});
    });
    void this.read().catch(() => {});
  }

  /** Lists them, and lets them in again. */
  async dialog(): Promise<void> {
    await this.read();
    const body = h('div', { class: 'stack' });
    const draw = (): void =>
      morph(
        body,
        this.people.length ? h('ul', { class: 'stack kept-out', 'aria-label': 'People who are kept out' }, ...this.people.map((each) => this.#line(each, again))) : h('p', { class: 'dim' }, 'Nobody is kept out of this meeting.'),
      );
    const again = async (each: Kept): Promise<void> => {
      await letIn(this.room, each.identity, each.name);
      await this.read();
      draw();
    };
    draw();
    openDialog('People kept out', (close) => [body, h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', 'data-focus': '', onclick: close }, 'Done'))]);
  }

  #line(each: Kept, again: (each: Kept) => Promise<void>): HTMLElement {
    const said = each.reason ? h('span', { class: 'dim small' }, each.reason) : null;
    return h('li', { class: 'row', 'data-key': each.identity }, h('span', { class: 'grow stack tight' }, h('b', {}, short(each.name)), said), h('button', { type: 'button', 'aria-label': `Let in again: ${short(each.name)}`, onclick: () => run(() => again(each)) }, 'Let in again'));
  }

  /** Asks the server who is kept out; it tells moderators only. */
  async read(): Promise<void> {
    if (!this.room.me.isModerator || this.room.phase.name !== 'connected') return;
    const answer = await this.room.command('RoomService/GetRoom');
    const { bans = [] } = answer['room'] as { bans?: { identity: string; reason?: string }[] };
    this.people = bans.map(({ identity, reason = '' }) => ({ identity, reason, name: this.#names.get(identity) ?? identity }));
    this.changed();
  }
}
