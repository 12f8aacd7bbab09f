/** Where one is after coming back, and why: after a reload, a lost connection, or a late start. */
import type { Room } from '@sideroom/client';
import { h, icon, short } from './dom.js';
import { WHY_MOVED } from './announce.js';

interface Place {
  groupId: string;
  reason: string;
  by: string;
  atMs: number;
}

/** Remembers the own moves of this tab, and explains them after a return. */
export class Whereabouts {
  #text = '';

  constructor(
    private readonly room: Room,
    private readonly changed: () => void,
  ) {
    const before = this.#before();
    this.#text = before || room.me.isAway ? sentence(room, before) : '';
    room.on('moved', ({ participant, to, reason, by }) => {
      if (!participant.isMe) return;
      if (reason) this.#text = '';
      else this.#tell(this.#before());
      this.#keep({ groupId: to, reason: reason ?? '', by, atMs: Date.now() });
    });
    this.#keep({ groupId: room.me.groupId, reason: '', by: '', atMs: Date.now(), ...(before?.groupId === room.me.groupId && before) });
  }

  /** The line, until it is dismissed or they move. */
  banner(): HTMLElement | null {
    if (!this.#text) return null;
    const dismiss = (): void => {
      this.#text = '';
      this.changed();
    };
    return h('div', { class: 'banner', 'data-key': 'whereabouts' }, icon('rooms'), h('span', { class: 'grow', role: 'status' }, this.#text), h('button', { type: 'button', 'data-key': 'ok', onclick: dismiss }, 'OK'));
  }

  #tell(before: Place | undefined): void {
    this.#text = sentence(this.room, before);
    this.changed();
  }

  get #key(): string {
    return `sideroom place ${this.room.name} ${this.room.me.identity}`;
  }
  #keep(place: Place): void {
    sessionStorage.setItem(this.#key, JSON.stringify(place));
  }
  #before(): Place | undefined {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }
}

function sentence(room: Room, before: Place | undefined): string {
  const { me, breakouts } = room;
  const here = me.isAway ? short(room.groupName(me.groupId)) : 'the main room';
  if (before?.groupId === me.groupId) {
    if (!me.isAway) return '';
    const time = new Date(before.atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const why = before.by === me.id ? `You went there at ${time}.` : `${WHY_MOVED[before.reason] ?? ''}That was at ${time}.`;
    return `You are back in ${here}: your place was kept. ${why}`;
  }
  if (me.isAway) return `You are in ${here}${breakouts.assigned?.id === me.groupId ? ': you are assigned to it' : ': you were moved there while you were gone'}.`;
  if (!before || before.groupId === 'parent') return '';
  const gone = breakouts.all.find(({ id }) => id === before.groupId);
  if (!gone) return 'You are in the main room: the room that you were in is not open to you any more.';
  return gone.isOpen ? 'You are in the main room: you were brought back while you were gone.' : 'You are in the main room: the room that you were in was closed.';
}
