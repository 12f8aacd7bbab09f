/** The operator console: one room as it is at this moment, and what the node does. */
import type { ParentGate, RoomState, WireEvent } from '@sideroom/client';
import { showAttendance } from './attendance-table.js';
import { minutes } from './clock.js';
import { cut, fill, h, icon, morph, s, short } from './dom.js';
import { floorPlan } from './floor.js';
import { notify, run } from './notices.js';
import { Numbers } from './numbers.js';
import { CallFailed, Operator, type Watched } from './operator.js';
import { eventOf } from './schedule-words.js';
import { Timeline } from './timeline.js';

const app = document.getElementById('app') as HTMLElement;
const query = new URLSearchParams(location.search);
const KEPT_AS = 'sideroom operator token';
const REFRESH_MS = 120;

/** The token: from the address, from earlier, or from a development server. */
async function findToken(): Promise<string> {
  const known = query.get('key') ?? sessionStorage.getItem(KEPT_AS);
  if (known) return known;
  const response = await fetch('/dev/operator', { method: 'POST' }).catch(() => undefined);
  if (!response?.ok) return '';
  return ((await response.json()) as { token?: string }).token ?? '';
}

function askForToken(problem = ''): void {
  const input = h('input', { type: 'password', required: true, autocomplete: 'off', placeholder: 'eyJ…' });
  const onsubmit = (event: Event): void => {
    event.preventDefault();
    void open(input.value.trim());
  };
  const form = h(
    'form',
    { class: 'join-form', onsubmit },
    h('div', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '' }), 'Sideroom console'),
    h('h1', {}, 'Sign in'),
    h('p', { class: 'dim' }, 'The console watches meetings and changes nothing. It needs an API token with the scopes rooms, watch and node. Make one with:'),
    h('code', { class: 'pill', style: 'white-space:normal' }, 'sideroom token --api --scopes rooms,watch,node'),
    h('label', { class: 'field' }, 'API token', input),
    problem ? h('p', { class: 'pill stop', role: 'alert', style: 'white-space:normal' }, problem) : null,
    h('button', { class: 'primary', type: 'submit' }, 'Open the console'),
  );
  app.replaceChildren(h('main', { id: 'main', class: 'join', style: 'grid-row:1/3;display:grid' }, h('div', { class: 'join-card', style: 'grid-template-columns:1fr;width:min(460px,100%)' }, form)));
  input.focus();
}

/** The token does not stay in the address, where it would be copied along with it. */
function keep(token: string): void {
  sessionStorage.setItem(KEPT_AS, token);
  const address = new URL(location.href);
  address.searchParams.delete('key');
  history.replaceState(null, '', address);
}

async function open(token: string): Promise<void> {
  const operator = new Operator(token);
  try {
    const rooms = await operator.rooms();
    keep(token);
    new Console(operator, rooms);
  } catch (error) {
    sessionStorage.removeItem(KEPT_AS);
    askForToken(error instanceof CallFailed ? error.message : String(error));
  }
}

/** The page once somebody is signed in. */
class Console {
  readonly #select = h('select', { 'aria-label': 'Room' });
  readonly #state = h('span', { class: 'pill', role: 'status' }, 'Connecting');
  readonly #where = h('span', { class: 'grow dim' });
  readonly #plan = h('div', { class: 'plan-body' });
  readonly #help = h('ul', { class: 'help-calls', 'aria-label': 'Calls for help' });
  readonly #plans = h('ul', { class: 'help-calls plans', 'aria-label': 'Planned' });
  readonly #planPanel = h('section', { class: 'panel plan', 'aria-label': 'Floor plan' }, this.#help, this.#plans, this.#plan);
  readonly #numbers = new Numbers();
  readonly #timeline = new Timeline(() => run(() => this.#attendance()));
  readonly #gates = new Map<string, ParentGate>();
  readonly #listening = new Map<string, string>();
  readonly #speakers = new Map<string, string[]>();
  #stop = new AbortController();
  #room: RoomState | undefined;
  #refreshing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly operator: Operator,
    rooms: string[],
  ) {
    const head = h('header', { class: 'head' }, h('span', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '' }), h('h1', {}, 'Console')), this.#select, this.#where, h('span', { class: 'pill', title: 'The console only watches. Nothing on this page changes a meeting.' }, icon('eye'), 'Read-only'), this.#state);
    app.replaceChildren(head, h('main', { id: 'main' }, this.#planPanel, this.#timeline.element, this.#numbers.element));
    this.#select.addEventListener('change', () => this.#open(this.#select.value));
    this.#listRooms(rooms);
    setInterval(() => void this.#poll(), 1_000);
    addEventListener('resize', () => this.#draw());
    this.#open(this.#select.value);
    Object.assign(globalThis, { sideroomConsole: { room: () => this.#room } });
  }

  #listRooms(rooms: string[]): void {
    const wanted = this.#select.value || query.get('room') || rooms[0] || '';
    const names = [...new Set([...rooms, ...(wanted ? [wanted] : [])])];
    if (names.join() === [...this.#select.options].map(({ value }) => value).join()) return;
    fill(this.#select, ...names.map((name) => h('option', { value: name, selected: name === wanted }, name)));
    if (!this.#room && wanted) this.#open(wanted);
  }

  /** Watches another room. The stream is opened again whenever it ends. */
  #open(name: string): void {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    for (const map of [this.#gates, this.#listening, this.#speakers]) map.clear();
    this.#room = undefined;
    this.#help.hidden = true;
    this.#plans.hidden = true;
    fill(this.#plan, h('p', { class: 'empty' }, name ? `Looking into ${name}…` : 'There is no room yet. Open the demo meeting to make one.'));
    if (name) void this.#watch(name, stop);
  }

  async #watch(name: string, stop: AbortController): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await this.operator.watch(name, (watched) => this.#handle(watched), stop.signal);
      } catch (error) {
        if (stop.signal.aborted) return;
        const gone = error instanceof CallFailed && error.status === 404;
        this.#say(gone ? 'No such room' : 'Reconnecting', 'warn');
      }
      if (!stop.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
  }

  #handle(watched: Watched): void {
    this.#say('Live', 'accent');
    if (watched.kind === 'snapshot') {
      this.#room = watched.room;
      void this.#refreshMoves();
      return this.#draw();
    }
    if (watched.kind === 'speakers') this.#speakers.set(watched.groupId, watched.participantIds);
    else this.#learn(watched.event);
    this.#refreshing ??= setTimeout(() => void this.#refresh(), REFRESH_MS);
  }

  /** Keeps state that the snapshot does not carry. */
  #learn(event: WireEvent): void {
    if (event.type === 'parentGateChanged') this.#gates.set(event.payload.participantId, event.payload.gate);
    if (event.type === 'listeningChanged') {
      const { participantId, groupId, listening } = event.payload;
      if (listening) this.#listening.set(participantId, groupId);
      else this.#listening.delete(participantId);
    }
    if (event.type === 'participantMoved' && event.payload.toGroupId === 'parent') this.#gates.delete(event.payload.participantId);
    if (event.type === 'helpChanged' && event.payload.raised) {
      notify(`${helpLine(this.#room, event.payload)}.`);
    }
  }

  async #refresh(): Promise<void> {
    this.#refreshing = undefined;
    const name = this.#room?.name;
    if (!name) return;
    const room = await this.operator.room(name).catch(() => undefined);
    if (room && room.name === this.#room?.name) this.#room = room;
    this.#draw();
    await this.#refreshMoves();
  }

  async #refreshMoves(): Promise<void> {
    const room = this.#room;
    if (room) this.#timeline.update(await this.operator.moves(room.name).catch(() => []), room);
  }

  async #poll(): Promise<void> {
    if (document.hidden) return;
    if (this.#room) this.#drawPlans(this.#room);
    try {
      this.#numbers.update(await this.operator.stats());
      this.#listRooms(await this.operator.rooms());
    } catch (error) {
      if (error instanceof CallFailed && error.status === 0) this.#say('Server unreachable', 'stop');
    }
  }

  /** The scheduled commands, counted down. */
  #drawPlans(room: RoomState): void {
    const next = [...room.schedules].sort((one, other) => one.atMs - other.atMs).slice(0, 4);
    this.#plans.hidden = next.length === 0;
    morph(this.#plans, ...next.map((each) => h('li', { class: 'plan-line', 'data-key': String(each.id) }, icon('clock'), h('span', {}, `${eventOf(each)} in `, h('b', {}, minutes(Math.max(0, each.atMs - Date.now())))))));
  }

  async #attendance(): Promise<void> {
    const room = this.#room;
    if (!room) return;
    const rows = await this.operator.attendance(room.name);
    const nameOf = (id: string): string | undefined => room.participants.find((each) => each.id === id)?.displayName;
    showAttendance(room.name, rows, Date.now(), {
      person: ({ participantId, identity }) => nameOf(participantId) ?? identity,
      group: (id) => (id === 'parent' ? 'Main room' : (room.breakouts.find((each) => each.id === id)?.displayName ?? `breakout ${id}`)),
      author: (id) => nameOf(id) ?? (id === 'operator' ? 'the signaling server' : id === 'system' ? '' : id),
    });
  }

  #say(text: string, tone: string): void {
    this.#state.className = `pill ${tone}`;
    this.#state.textContent = text;
  }

  #draw(): void {
    const room = this.#room;
    if (!room) return;
    const speaking = new Set([...this.#speakers.values()].flatMap((ids) => ids.slice(0, 1)));
    const extra = { gates: this.#gates, listening: this.#listening, speaking };
    const away = room.participants.filter(({ groupId }) => groupId !== 'parent').length;
    this.#where.textContent = `${room.participants.length} people, ${away} in breakouts, epoch ${room.epoch}`;
    document.title = `${room.name} · Sideroom console`;
    morph(this.#help, ...room.help.map((call) => h('li', { class: 'help-call', 'data-key': call.participantId }, icon('hand'), cut(helpLine(room, call)))));
    this.#help.hidden = room.help.length === 0;
    this.#drawPlans(room);
    fill(this.#plan, floorPlan(room, extra), legend());
  }
}

/** Describes a call for help: the person, the room, the text. */
function helpLine(room: RoomState | undefined, { participantId, groupId, text }: { participantId: string; groupId: string; text: string }): string {
  const name = room?.participants.find(({ id }) => id === participantId)?.displayName ?? 'Somebody';
  const group = groupId === 'parent' ? 'Main room' : (room?.breakouts.find(({ id }) => id === groupId)?.displayName ?? 'a breakout');
  return `${short(name)} in ${short(group)} asks for help${text ? `: ${text}` : ''}`;
}

function legend(): HTMLElement {
  const line = (kind: string): SVGElement => s('svg', { viewBox: '0 0 30 10', 'aria-hidden': 'true' }, s('path', { class: `route ${kind}`, d: 'M2 5H27' }));
  return h(
    'div',
    { class: 'legend' },
    h('span', {}, line(''), 'hears'),
    h('span', {}, line('shut'), 'gate shut'),
    h('span', {}, line('address'), 'speaks to'),
    h('span', {}, line('listen'), 'listens in'),
    h('span', {}, '★ moderator'),
  );
}

const token = await findToken();
if (token) await open(token);
else askForToken();
