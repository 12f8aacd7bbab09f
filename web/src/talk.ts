/** Push to talk: to one room, several, all of them, or one person; and answers. */
import type { IntercomState, IntercomTarget, Room } from '@sideroom/client';
import { mutedKinds } from './banners.js';
import { h, short } from './dom.js';
import { run } from './notices.js';

/** A press longer than this is held: speaking ends with it. A shorter one goes on until the next press. */
const HOLD_MS = 400;

/** How the host speaks. */
export interface TalkOptions {
  allowReply: boolean;
  /** The own group goes on hearing. */
  keepOwnGroup: boolean;
}

interface Press {
  key: string;
  held: boolean;
  timer: ReturnType<typeof setTimeout>;
}

/** Starts and stops intercoms and answers, in the order of the presses. */
export class Talk {
  readonly options: TalkOptions = { allowReply: false, keepOwnGroup: false };
  /** The last press began something that none has ended. */
  isOn = false;
  /** Commands leave in the order of the presses. */
  #last: Promise<unknown> = Promise.resolve();
  #press: Press | undefined;
  /** The microphone was turned on for this: it is muted again afterwards. */
  #borrowed = false;

  constructor(
    private readonly room: Room,
    private readonly turnOn: () => Promise<void>,
    private readonly changed: () => void,
  ) {
    // An intercom ends without a press, too: by its limit, or with the last room that it addresses.
    room.intercoms.on('stopped', ({ participantId }) => participantId === room.me.id && this.#giveBack());
    room.breakouts.on('addressAll', ({ participantId, kinds }) => participantId === room.me.id && !kinds.length && this.#giveBack());
    addEventListener('blur', () => this.#press?.held && this.release());
  }

  /** Whether this client speaks to exactly these. */
  speaksTo(target: IntercomTarget): boolean {
    const { mine } = this.room.intercoms;
    if (target === 'everybody') return mine?.all ?? this.room.me.addressingAll.length > 0;
    return mine !== undefined && !mine.all && same(mine.groupIds, target.groups) && same(mine.toParticipantIds, target.people);
  }

  speak(target: IntercomTarget): void {
    const { allowReply, keepOwnGroup } = this.options;
    this.isOn = true;
    this.#do(async () => {
      await this.room.intercoms.start(target, { allowReply, ownGroup: keepOwnGroup ? 'keep' : 'suspend' });
      await this.#borrow();
    });
  }
  stop(): void {
    this.#do(() => this.room.intercoms.stop());
    this.#giveBack();
  }
  answer(speakerId: string): void {
    this.isOn = true;
    this.#do(async () => {
      await this.room.intercoms.reply(speakerId);
      await this.#borrow();
    });
  }
  stopAnswer(): void {
    this.#do(() => this.room.intercoms.stopReply());
    this.#giveBack();
  }

  /** A button to hold, or to press once to begin and once to end. Works with pointer, keys and screen readers. */
  button(key: string, label: string, active: boolean, begin: () => void, end: () => void, props: Record<string, unknown> = {}): HTMLElement {
    const press = (): void => this.#begin(key, active, begin, end);
    const isKey = (event: Event): boolean => [' ', 'Enter'].includes((event as KeyboardEvent).key);
    return h('button', {
      type: 'button',
      ...props,
      'data-key': key,
      'data-active': String(active),
      'data-held': String(this.#press?.key === key && this.#press.held),
      title: 'Hold to speak, or press once to begin and again to end',
      onpointerdown: (event: Event) => {
        const { button, pointerId } = event as PointerEvent;
        if (button !== 0) return;
        (event.currentTarget as Element).setPointerCapture(pointerId);
        press();
      },
      onpointerup: () => this.release(),
      onpointercancel: () => this.release(),
      onkeydown: (event: Event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!(event as KeyboardEvent).repeat) press();
      },
      onkeyup: (event: Event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        this.release();
      },
      // A screen reader presses without pointer or key.
      onclick: (event: Event) => {
        if ((event as PointerEvent).detail === 0 && !this.#press) (active ? end : begin)();
      },
    }, label);
  }

  /** The talk button of a target. */
  to(key: string, label: string, target: IntercomTarget, props: Record<string, unknown> = {}): HTMLElement {
    const active = this.speaksTo(target);
    return this.button(key, active ? 'Stop speaking' : label, active, () => this.speak(target), () => this.stop(), props);
  }

  /** The same for one room: its name goes with the label, for screen readers. */
  toRoom(id: string, name: string): HTMLElement {
    const target = { groups: [id] };
    return this.to('speak', 'Speak', target, { 'aria-label': `${this.speaksTo(target) ? 'Stop speaking' : 'Speak'}: ${name}` });
  }

  #begin(key: string, active: boolean, begin: () => void, end: () => void): void {
    if (active) return end();
    const press: Press = { key, held: false, timer: setTimeout(() => ((press.held = true), this.changed()), HOLD_MS) };
    this.#press = press;
    this.#end = end;
    begin();
  }
  #end: () => void = () => {};

  /** The press ends; if it was a long one, so does the speech. */
  release(): void {
    const press = this.#press;
    this.#press = undefined;
    if (!press) return;
    clearTimeout(press.timer);
    if (press.held) this.#end();
    this.changed();
  }

  #do(action: () => Promise<unknown>): void {
    const next = this.#last.then(action);
    this.#last = next.catch(() => {});
    run(() => next);
  }

  async #borrow(): Promise<void> {
    const { local } = this.room;
    if (mutedKinds(this.room).includes('audio') || (local.isPublished('audio') && !local.isMuted('audio'))) return;
    await this.turnOn();
    this.#borrowed = true;
  }
  #giveBack(): void {
    this.isOn = false;
    this.#do(async () => {
      if (!this.#borrowed) return;
      this.#borrowed = false;
      if (this.room.local.isPublished('audio')) await this.room.local.mute('audio');
    });
  }
}

function same(one: readonly string[], other: readonly string[] = []): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

/** `Breakout 1 and Gus`: the addressed of the own intercom, by name. */
export function addressedBy(room: Room, intercom: IntercomState): string {
  if (intercom.all) return 'all rooms';
  const groups = intercom.groupIds.map((id) => short(room.groupName(id)));
  const people = intercom.toParticipantIds.map((id) => short(room.participants.get(id)?.name ?? 'somebody'));
  return joinNames([...groups, ...people]) || 'nobody';
}

/** `your room and others`: how an intercom addresses this participant. */
export function addressedHere(room: Room, intercom: IntercomState): string {
  if (intercom.all) return 'all rooms';
  const { id, groupId } = room.me;
  const here = intercom.groupIds.includes(groupId) ? (groupId === 'parent' ? 'the main room' : 'your room') : 'you';
  const more = intercom.groupIds.length + intercom.toParticipantIds.filter((each) => each !== id).length > (here === 'you' ? 0 : 1);
  return more ? `${here} and others` : here;
}

function joinNames(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
