/** The console's side of the JSON API: calls with an API token, and the stream of a room's events. */
import { attendance, event as decodeEvent, json, list, move, number, room as decodeRoom, text, type Json } from '@sideroom/client/wire';
import type { Attendance, Move, RoomState, WireEvent } from '@sideroom/client';

/** One reading of the node's counters. */
export interface Reading {
  atMs: number;
  version: string;
  uptimeMs: number;
  rooms: number;
  participants: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Of all workers, each 0 to 1. */
  loads: number[];
  /** Packets by drop reason. */
  drops: Map<string, number>;
}

/** An item of a room's event stream. */
export type Watched =
  | { kind: 'snapshot'; room: RoomState }
  | { kind: 'event'; event: WireEvent }
  | { kind: 'speakers'; groupId: string; participantIds: string[] };

/** A call that was refused, with the server's sentence. */
export class CallFailed extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Sentences for refusals that carry none. */
const REFUSALS: Record<number, string> = {
  401: 'The server does not take this token: it is wrong or too old. Make a new one.',
  403: 'This token may not do that. Make one with the scopes rooms, watch and node.',
};

/** Calls the JSON API. */
export class Operator {
  constructor(private readonly token: string) {}

  async rooms(): Promise<string[]> {
    return list((await this.#call('RoomService/ListRooms', {}))['rooms']).map((each) => text(json(each)['name']));
  }

  async room(name: string): Promise<RoomState> {
    return decodeRoom((await this.#call('RoomService/GetRoom', { room: name }))['room']);
  }

  async moves(name: string): Promise<Move[]> {
    return (await this.#pages('RoomService/ListMoves', name, 'moves')).map(move);
  }

  async attendance(name: string): Promise<Attendance[]> {
    return (await this.#pages('RoomService/ListAttendance', name, 'rows')).map(attendance);
  }

  /** All pages of a list. */
  async #pages(method: string, room: string, field: string): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let after = '0'; ; ) {
      const page = await this.#call(method, { room, after });
      all.push(...list(page[field]));
      if (!page['more']) return all;
      after = text(page['last']);
    }
  }

  async stats(): Promise<Reading> {
    const stats = await this.#call('NodeService/GetStats', {});
    const workers = list(stats['workers']).map(json);
    const sum = (field: string): number => workers.reduce((total, worker) => total + number(worker[field]), 0);
    const drops = list(stats['drops']).map(json);
    return {
      atMs: performance.now(),
      version: text(stats['version']),
      uptimeMs: number(stats['uptimeMs']),
      rooms: number(stats['rooms']),
      participants: number(stats['participants']),
      packetsIn: sum('packetsIn'),
      packetsOut: sum('packetsOut'),
      bytesIn: sum('bytesIn'),
      bytesOut: sum('bytesOut'),
      loads: workers.map((worker) => number(worker['load'])),
      drops: new Map(drops.map((drop) => [text(drop['reason']), number(drop['packets'])])),
    };
  }

  /** Tells what happens in a room until `signal` is aborted or the stream ends. */
  async watch(name: string, tell: (watched: Watched) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#send('EventService/Watch', { room: name, includeVolatile: true }, signal);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) tellOf(json(JSON.parse(line)), tell);
    }
  }

  async #call(method: string, body: object): Promise<Json> {
    return json(await (await this.#send(method, body)).json());
  }

  async #send(method: string, body: object, signal: AbortSignal | null = null): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const response = await fetch(`/sideroom.v1.${method}`, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch(() => {
      throw new CallFailed(0, 'The server cannot be reached. It is tried again by itself.');
    });
    if (response.ok) return response;
    const error = json(await response.json().catch(() => ({})));
    throw new CallFailed(response.status, text(error['message']) || REFUSALS[response.status] || `The server answered ${response.status}. Try again.`);
  }
}

function tellOf(item: Json, tell: (watched: Watched) => void): void {
  if (item['snapshot']) return tell({ kind: 'snapshot', room: decodeRoom(item['snapshot']) });
  if (item['speakers']) {
    const { groupId, participantIds } = json(item['speakers']);
    return tell({ kind: 'speakers', groupId: text(groupId), participantIds: list(participantIds).map(text) });
  }
  const event = decodeEvent(item['event']);
  if (event) tell({ kind: 'event', event });
}
