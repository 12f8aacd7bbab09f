/**
 * The gateway's WebSocket, in process: a `WebSocket` class whose other end is a `FakeRoom`. Tests can cut
 * it, refuse connections, and look at what was sent.
 */
import { FakeRoom } from './room.ts';
import { Refused, type FakeParticipant } from './words.ts';

type Json = Record<string, any>;

/** Answers an offer: a fake in node, a second peer connection in a page. */
export type Answerer = (offer: string, participant: FakeParticipant) => Promise<string>;

export class FakeGateway {
  readonly rooms = new Map<string, FakeRoom>();
  readonly sockets = new Set<FakeSocket>();
  readonly sessions = new Map<string, { room: FakeRoom; who: FakeParticipant }>();
  /** New sockets fail while this is true. */
  down = false;
  /** The server's relay, told with every answer. */
  relays: Json[] = [];
  /** Refuses every new offer of a connection that is there. */
  refuseReoffers = false;
  /** Joins that count as having arrived too late. */
  lateJoins = 0;
  /** Answers overtake the events that belong to them. */
  answersFirst = false;
  /** Every message of every client, oldest first. */
  readonly received: Json[] = [];
  #tokens = 0;

  constructor(readonly answerer: Answerer = async () => 'v=0\r\n') {}

  room(name: string): FakeRoom {
    const room = this.rooms.get(name) ?? new FakeRoom(name);
    this.rooms.set(name, room);
    return room;
  }

  /** A token of the fake: readable, and trusted. */
  token(room: string, identity: string, role: 'moderator' | 'participant' = 'participant'): string {
    return JSON.stringify({ room, identity, role });
  }

  /** Cuts every socket, as a network that goes away. */
  cut(): void {
    for (const socket of [...this.sockets]) socket.cut();
  }

  /** Forgets every session, as a restarted server. */
  forgetSessions(): void {
    this.sessions.clear();
  }

  resumeToken(room: FakeRoom, who: FakeParticipant): string {
    const token = `resume-${(this.#tokens += 1)}`;
    this.sessions.set(token, { room, who });
    return token;
  }

  /** A `WebSocket` class that connects here. */
  webSocket(): typeof WebSocket {
    const gateway = this;
    return class extends FakeSocket {
      constructor(url: string) {
        super(gateway, url);
      }
    } as unknown as typeof WebSocket;
  }
}

/** The client's end of a socket. */
export class FakeSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  #room: FakeRoom | undefined;
  #who: FakeParticipant | undefined;

  constructor(
    private readonly gateway: FakeGateway,
    readonly url: string,
  ) {
    setTimeout(() => {
      if (this.readyState !== 0) return;
      if (gateway.down) return this.#finish();
      this.readyState = 1;
      gateway.sockets.add(this);
      this.onopen?.();
    });
  }

  send(data: string): void {
    const message = JSON.parse(data) as Json;
    this.gateway.received.push(message);
    setTimeout(() => void this.#handle(message));
  }

  close(): void {
    this.#finish();
  }

  cut(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.gateway.sockets.delete(this);
    const who = this.#who;
    if (who?.send === this.#push) who.send = undefined;
    setTimeout(() => this.onclose?.());
  }

  readonly #push = (message: Json): void => {
    if (this.readyState !== 1) return;
    const later = this.gateway.answersFirst && message['type'] === 'event' ? 10 : 0;
    setTimeout(() => {
      if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(message) });
      if (message['type'] === 'closing') this.#finish();
    }, later);
  };

  #refuse(requestId: string, error: unknown): void {
    const refused = error instanceof Refused ? error : new Refused('Internal', 1138);
    if (!(error instanceof Refused)) console.error(error);
    this.#push({
      type: 'error',
      requestId,
      code: 'FAILED_PRECONDITION',
      reason: refused.reason,
      message: refused.message,
      enablexCode: refused.enablexCode,
      lines: refused.lines,
      acsCode: refused.acs[0],
      acsSubcode: refused.acs[1],
    });
  }

  async #handle(message: Json): Promise<void> {
    try {
      switch (message['type']) {
        case 'join':
          return await this.#join(message);
        case 'resume':
          return this.#resume(message);
        case 'ping':
          return this.#push({ type: 'pong', id: message['id'] });
        case 'leave':
          if (this.#room && this.#who) this.#room.leave(this.#who);
          this.#room?.route();
          return this.#push({ type: 'closing', reason: 'Left', message: 'You left the room.', reconnect: false });
        case 'reoffer':
          if (this.gateway.refuseReoffers) throw new Refused('Internal', 1138);
          return this.#push({ type: 'reoffered', requestId: message['requestId'], answer: await this.gateway.answerer(message['offer'], this.#who!), iceServers: this.gateway.relays });
        case 'command': {
          if (!this.#room || !this.#who) throw new Refused('Unauthenticated');
          const body = this.#room.command(this.#who, message['requestId'], message['method'], message['body'] ?? {});
          return this.#push({ type: 'result', requestId: message['requestId'], method: message['method'], body });
        }
      }
    } catch (error) {
      this.#refuse(message['requestId'], error);
    }
  }

  async #join(message: Json): Promise<void> {
    if (this.gateway.lateJoins > 0) {
      this.gateway.lateJoins -= 1;
      return this.#push({ type: 'closing', reason: 'JoinTimeout', message: 'Connect again.', reconnect: true });
    }
    let claims: Json;
    try {
      claims = JSON.parse(message['token']) as Json;
    } catch {
      throw new Refused('Unauthenticated');
    }
    if (claims['expired']) throw new Refused('Unauthenticated');
    const room = this.gateway.room(claims['room']);
    if (room.participants.size >= room.settings['maxParticipants']) throw new Refused('RoomFull');
    const again = [...room.participants.values()].some((each) => each.identity === claims['identity']);
    const who = room.join(claims['identity'], claims['name'] ?? claims['identity'], claims['role'] === 'moderator');
    who.send?.({ type: 'closing', reason: 'Replaced', message: 'You joined elsewhere.', reconnect: false });
    who.send = undefined;
    const answer = await this.gateway.answerer(message['offer'], who);
    this.#room = room;
    this.#who = who;
    who.slots = slotsOf(message['offer']).map((slot) => ({ ...slot, source: '' }));
    this.#push({
      type: 'joined',
      requestId: message['requestId'],
      participantId: who.id,
      resumed: again,
      resumeToken: this.gateway.resumeToken(room, who),
      answer,
      tracks: message['tracks'],
      slots: who.slots.map(({ mid, media }) => ({ mid, media })),
      iceServers: this.gateway.relays,
      seq: String(room.seq),
      epoch: String(room.epoch),
      room: room.snapshot(who),
    });
    who.send = this.#push;
    room.route();
  }

  #resume(message: Json): void {
    const session = this.gateway.sessions.get(message['resumeToken']);
    if (!session) throw new Refused('SessionGone', 1138);
    const { room, who } = session;
    this.#room = room;
    this.#who = who;
    who.send = this.#push;
    this.#push({ type: 'resumed', participantId: who.id, resumeToken: message['resumeToken'], seq: String(room.seq), epoch: String(room.epoch) });
    for (const entry of room.log) {
      if (entry.seq > Number(message['afterSeq']) && entry.audience(who)) this.#push({ type: 'event', event: entry.event });
    }
    for (const slot of who.slots) slot.source = '';
    room.route();
  }
}

/** The receiving m-lines of an offer. */
function slotsOf(offer: string): { mid: string; media: string }[] {
  return offer.split(/^m=/m).slice(1).flatMap((section) => {
    const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
    const media = section.startsWith('audio') ? 'audio' : 'video';
    return mid && /^a=recvonly/m.test(section) ? [{ mid, media }] : [];
  });
}
