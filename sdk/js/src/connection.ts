import { Backoff, type BackoffOptions } from './backoff.js';
import { SideroomError, localError } from './errors.js';
import { Peer, type PeerOptions } from './peer.js';
import { Socket, closingError } from './socket.js';
import { event, iceServers, json, room, text, wireError, type Json, type RoomState, type WireEvent } from './wire.js';

/**
 * A client token, or a function that fetches a fresh one: called again whenever the place must be taken
 * anew.
 */
export type Token = string | (() => string | Promise<string>);

/** Where the connection stands. Every change is an event. */
export type Phase =
  | { readonly name: 'connecting' }
  | {
      readonly name: 'connected';
      /** `resumed`: nothing was lost. `rejoined`: a new connection, in the old place. */
      readonly how: 'joined' | 'resumed' | 'rejoined';
    }
  | {
      readonly name: 'waiting';
      /** The attempt that comes next, counted from 1. */
      readonly attempt: number;
      readonly retryInMs: number;
      /** The error that ended the connection. */
      readonly error: SideroomError;
    }
  | { readonly name: 'reconnecting'; readonly attempt: number }
  | {
      readonly name: 'closed';
      /** Absent after `leave()`. */
      readonly error?: SideroomError;
    };

/** How a connection is made and kept. */
export interface ConnectionOptions extends PeerOptions {
  backoff?: BackoffOptions;
  /** How long the server may take to answer, in milliseconds. Default 15,000. */
  answerWithinMs?: number;
}

/** @internal The connection's events for its room. */
export interface ConnectionListener {
  phase(phase: Phase): void;
  /** A new peer connection is about to make its offer: put the tracks on it. */
  peer(peer: Peer): Promise<void>;
  /** The participant is in: here is the whole room. */
  joined(state: RoomState, participantId: string, again: boolean): void;
  event(event: WireEvent): void;
  /** Slots, speakers, layers. */
  volatile(message: Json): void;
  /** Sound and video can, or cannot, flow. */
  media(state: RTCPeerConnectionState): void;
}

/** A path without the relay has so long; it takes some round trips. */
const RELAY_AFTER_MS = 2_000;
const RESTART_AFTER_MS = 3_000;
const MEDIA_WITHIN_MS = 12_000;

/** These can't be cured by trying again. */
const FINAL = new Set(['Unauthenticated', 'PermissionDenied', 'Removed', 'Banned', 'Replaced', 'RoomClosed', 'NotFound', 'RoomFull', 'BadOffer', 'JoinFailed']);

/**
 * @internal The socket and the peer connection of one participant, and their recovery: a resume where only
 * the socket dropped, an ICE restart where only the media did, a new join where both are gone.
 */
export class Connection {
  phase: Phase = { name: 'connecting' };
  #socket: Socket | undefined;
  #peer: Peer | undefined;
  /** The server's relay, with the credentials that came last. */
  #relays: readonly RTCIceServer[] = [];
  /** Media did not flow without the relay before. */
  #needsRelay = false;
  #resumeToken = '';
  #seq = 0;
  #requests = 0;
  readonly #tag = Math.random().toString(36).slice(2, 10);
  #wake: (() => void) | undefined;
  #mediaTimer: ReturnType<typeof setTimeout> | undefined;
  #waiters: (() => void)[] = [];
  readonly #answerWithinMs: number;
  readonly #handleOnline = (): void => {
    this.#wake?.();
    this.#socket?.probe();
  };
  readonly #handleUnload = (event: PageTransitionEvent): void => {
    if (!event.persisted) this.#peer?.close();
  };

  constructor(
    private readonly url: string,
    private readonly token: Token,
    private readonly options: ConnectionOptions,
    private readonly listener: ConnectionListener,
  ) {
    this.#answerWithinMs = options.answerWithinMs ?? 15_000;
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Joins for the first time. Fails rather than trying again: the participant has no place to keep yet. */
  async start(): Promise<void> {
    try {
      const opening = this.#open();
      opening.catch(() => {});
      await this.#join(opening, false);
    } catch (error) {
      this.#end(asError(error));
      throw error;
    }
    globalThis.addEventListener?.('online', this.#handleOnline);
    globalThis.addEventListener?.('pagehide', this.#handleUnload);
  }

  /**
   * Runs a command. It survives a drop of the connection: it is sent again under its request id, and the
   * server does nothing twice.
   */
  async command(method: string, body: Json = {}): Promise<Json> {
    const requestId = this.#requestId();
    const deadline = Date.now() + this.#answerWithinMs;
    for (;;) {
      const socket = await this.#ready(deadline);
      try {
        const left = Math.max(1, deadline - Date.now());
        const answer = await socket.ask(requestId, { type: 'command', method, body }, left);
        return json(answer['body']);
      } catch (error) {
        if (asError(error).code !== 'ConnectionLost') throw error;
      }
    }
  }

  /** Makes a new offer on the same transport: more slots, or new ICE credentials. */
  async reoffer(restart: boolean): Promise<void> {
    const peer = this.#peer;
    const socket = await this.#ready(Date.now() + this.#answerWithinMs);
    if (!peer) return;
    const offer = restart ? await peer.restart(this.#relays) : await peer.offer();
    const answer = await socket.ask(this.#requestId(), { type: 'reoffer', ...encodeOffer(offer) }, this.#answerWithinMs);
    this.#relays = iceServers(answer);
    await peer.accept(text(answer['answer']));
  }

  /** Leaves for good. */
  leave(): void {
    this.#socket?.leave(this.#requestId());
    this.#end(undefined);
  }

  #requestId(): string {
    this.#requests += 1;
    return `${this.#tag}-${this.#requests}`;
  }

  #setPhase(phase: Phase): void {
    this.phase = phase;
    for (const waiter of this.#waiters.splice(0)) waiter();
    this.listener.phase(phase);
  }

  /** The socket, once it is connected. */
  async #ready(deadline: number): Promise<Socket> {
    for (;;) {
      if (this.phase.name === 'closed') throw this.phase.error ?? localError('Closed');
      if (this.phase.name === 'connected' && this.#socket) return this.#socket;
      const left = deadline - Date.now();
      if (left <= 0) throw localError('TimedOut');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #open(): Promise<Socket> {
    let mine: Socket | undefined;
    const opening = Socket.open(
      this.url,
      {
        message: (message) => this.#receive(message),
        gone: (closing) => {
          if (mine && mine === this.#socket) this.#lost(closing);
        },
      },
      this.#answerWithinMs,
    );
    return opening.then((socket) => (mine = socket));
  }

  async #join(opening: Promise<Socket>, again: boolean): Promise<void> {
    const peer = this.#freshPeer();
    await this.listener.peer(peer);
    const [offer, token, socket] = await Promise.all([peer.offer(), this.#freshToken(), opening]);
    if (this.phase.name === 'closed') return socket.drop();
    this.#socket = socket;
    const request = { type: 'join', token, ...encodeOffer(offer) };
    const reply = await socket.ask(this.#requestId(), request, this.#answerWithinMs);
    this.#enter(reply, again);
    this.#relays = iceServers(reply);
    await peer.accept(text(reply['answer']));
    this.#setPhase({ name: 'connected', how: again ? 'rejoined' : 'joined' });
    this.#expectMedia(this.#firstPathMs());
  }

  #enter(reply: Json, again: boolean): void {
    const state = room(reply['room']);
    this.#resumeToken = text(reply['resumeToken']);
    this.#seq = state.seq;
    this.listener.joined(state, text(reply['participantId']), again);
  }

  async #freshToken(): Promise<string> {
    return typeof this.token === 'string' ? this.token : this.token();
  }

  #freshPeer(): Peer {
    this.#peer?.close();
    const peer = new Peer(this.options);
    this.#peer = peer;
    peer.connection.onconnectionstatechange = () => {
      if (peer === this.#peer) this.#mediaChanged(peer.connection.connectionState);
    };
    return peer;
  }

  #receive(message: Json): void {
    if (message['type'] === 'error') return void this.#socketError(message);
    if (message['type'] !== 'event') return this.listener.volatile(message);
    const decoded = event(message['event']);
    if (!decoded || decoded.seq <= this.#seq) return;
    this.#seq = decoded.seq;
    this.listener.event(decoded);
  }

  #socketError(message: Json): void {
    const error = wireError(message);
    if (FINAL.has(error.code)) this.#end(error);
  }

  #mediaChanged(state: RTCPeerConnectionState): void {
    this.listener.media(state);
    clearTimeout(this.#mediaTimer);
    if (state === 'connected') this.#needsRelay ||= this.#peer?.relayed === true;
    if (state === 'connected' || state === 'closed') return;
    this.#expectMedia(state === 'failed' ? 0 : state === 'disconnected' ? RESTART_AFTER_MS : this.#firstPathMs());
  }

  /** How long media may take to flow before something is done about it. */
  #firstPathMs(): number {
    if (this.#relays.length === 0 || this.#peer?.relayed) return MEDIA_WITHIN_MS;
    return this.#needsRelay || this.options.iceTransportPolicy === 'relay' ? 0 : RELAY_AFTER_MS;
  }

  /** If media does not flow by then, tries fresh ICE credentials and, failing that, a new connection. */
  #expectMedia(withinMs: number): void {
    const peer = this.#peer;
    clearTimeout(this.#mediaTimer);
    this.#mediaTimer = setTimeout(() => void this.#restartMedia(peer), withinMs);
  }

  async #restartMedia(peer: Peer | undefined): Promise<void> {
    const broken = (): boolean =>
      peer !== undefined && peer === this.#peer && peer.connection.connectionState !== 'connected';
    if (!broken() || this.phase.name !== 'connected') return;
    try {
      await this.reoffer(true);
      if (this.#isClosed()) return;
      clearTimeout(this.#mediaTimer);
      this.#mediaTimer = setTimeout(() => {
        if (broken()) this.#rejoin(localError('MediaPathFailed'));
      }, MEDIA_WITHIN_MS);
    } catch {
      if (broken()) this.#rejoin(localError('MediaPathFailed'));
    }
  }

  #rejoin(error: SideroomError): void {
    if (this.phase.name !== 'connected') return;
    this.#resumeToken = '';
    this.#socket?.drop();
    this.#socket = undefined;
    void this.#recover(error);
  }

  #lost(closing: Json | undefined): void {
    this.#socket = undefined;
    if (this.phase.name !== 'connected') return;
    const error = closing ? closingError(closing) : localError('ConnectionLost');
    if (closing && closing['reconnect'] !== true) return this.#end(error);
    if (closing && closing['reason'] !== 'TooSlow') this.#resumeToken = '';
    void this.#recover(error);
  }

  /** Tries until it is connected again, has to give up, or the participant leaves. */
  async #recover(cause: SideroomError): Promise<void> {
    const backoff = new Backoff(this.options.backoff);
    const since = Date.now();
    let error = cause;
    while (this.phase.name !== 'closed') {
      const retryInMs = backoff.nextMs();
      this.#setPhase({ name: 'waiting', attempt: backoff.attempt, retryInMs, error });
      await this.#sleep(retryInMs);
      if (this.#isClosed()) return;
      this.#setPhase({ name: 'reconnecting', attempt: backoff.attempt });
      try {
        return await this.#reconnect();
      } catch (failure) {
        error = asError(failure);
        this.#socket?.drop();
        this.#socket = undefined;
        if (FINAL.has(error.code) || Date.now() - since > backoff.giveUpMs) return this.#end(error);
      }
    }
  }

  /** A method, because the phase changes while something is awaited. */
  #isClosed(): boolean {
    return this.phase.name === 'closed';
  }

  async #reconnect(): Promise<void> {
    const socket = await this.#open();
    if (this.#isClosed()) return socket.drop();
    this.#socket = socket;
    const media = this.#peer?.connection.connectionState;
    if (this.#resumeToken && media !== 'failed' && media !== 'closed') {
      try {
        return await this.#resume(socket);
      } catch (error) {
        if (asError(error).code !== 'SessionGone') throw error;
      }
    }
    await this.#join(Promise.resolve(socket), true);
  }

  async #resume(socket: Socket): Promise<void> {
    const request = { type: 'resume', resumeToken: this.#resumeToken, afterSeq: String(this.#seq) };
    const reply = await socket.ask('resume', request, this.#answerWithinMs);
    if (reply['room']) this.#enter(reply, true);
    this.#resumeToken = text(reply['resumeToken']) || this.#resumeToken;
    this.#setPhase({ name: 'connected', how: 'resumed' });
    if (this.#peer?.connection.connectionState !== 'connected') this.#expectMedia(RESTART_AFTER_MS);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #end(error: SideroomError | undefined): void {
    if (this.phase.name === 'closed') return;
    globalThis.removeEventListener?.('online', this.#handleOnline);
    globalThis.removeEventListener?.('pagehide', this.#handleUnload);
    clearTimeout(this.#mediaTimer);
    this.#setPhase(error ? { name: 'closed', error } : { name: 'closed' });
    this.#wake?.();
    const socket = this.#socket;
    this.#socket = undefined;
    // The farewell still has to leave; the server closes the socket itself.
    setTimeout(() => socket?.drop(), error ? 0 : 500);
    this.#peer?.close();
  }
}

function encodeOffer(offer: { sdp: string; tracks: readonly { mid: string; kind: string }[] }): Json {
  const tracks = offer.tracks.map(({ mid, kind }) => ({ mid, kind: `TRACK_KIND_${kind.toUpperCase()}` }));
  return { offer: offer.sdp, tracks };
}

function asError(error: unknown): SideroomError {
  return error instanceof SideroomError
    ? error
    : new SideroomError('Internal', 'Something went wrong in the client. Reload the page.', undefined, undefined, {
        cause: error,
      });
}
