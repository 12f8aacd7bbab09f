import { SideroomError, localError } from './errors.js';
import { json, text, wireError, type Json } from './wire.js';

/** @internal Receives the gateway's unrequested messages, and the end of the socket. */
export interface SocketListener {
  /** `event`, `slotAssigned`, `speakers` and the like. */
  message(message: Json): void;
  /** The socket is gone. `closing` is the server's last word, if it said one. */
  gone(closing: Json | undefined): void;
}

interface Pending {
  resolve(message: Json): void;
  reject(error: SideroomError): void;
  timer: ReturnType<typeof setTimeout>;
}

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 8_000;

/** @internal One WebSocket to the gateway: asks and answers matched by request id, and a heartbeat. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #pending = new Map<string, Pending>();
  #closing: Json | undefined;
  #over = false;
  #pinger: ReturnType<typeof setInterval> | undefined;
  #unanswered: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    url: string,
    private readonly listener: SocketListener,
  ) {
    this.#socket = new WebSocket(url, 'sideroom.v1');
  }

  /** Opens one; fails if the server cannot be reached within `withinMs`. */
  static open(url: string, listener: SocketListener, withinMs: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = new Socket(url, listener);
      const ws = socket.#socket;
      const timer = setTimeout(() => fail(), withinMs);
      const fail = (): void => {
        clearTimeout(timer);
        socket.#over = true;
        ws.onopen = ws.onclose = ws.onerror = null;
        ws.close();
        reject(localError('ServerUnreachable'));
      };
      ws.onerror = ws.onclose = fail;
      ws.onopen = () => {
        clearTimeout(timer);
        ws.onerror = null;
        ws.onclose = () => socket.#finish();
        ws.onmessage = ({ data }) => socket.#receive(data);
        socket.#pinger = setInterval(() => socket.#ping(), PING_EVERY_MS);
        resolve(socket);
      };
    });
  }

  /** Sends `message` and waits for its answer. A resume is the one question without a request id. */
  ask(requestId: string, message: Json, withinMs: number): Promise<Json> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(requestId);
        reject(localError('TimedOut'));
      }, withinMs);
      this.#pending.set(requestId, { resolve, reject, timer });
      this.#send(message['type'] === 'resume' ? message : { ...message, requestId });
    });
  }

  /** Says that the participant leaves for good. */
  leave(requestId: string): void {
    this.#send({ type: 'leave', requestId });
  }

  /** Looks now whether the other side is there, instead of at the next heartbeat. */
  probe(): void {
    this.#ping();
  }

  /** Closes without a message. The listener is not called. */
  drop(): void {
    this.#over = true;
    this.#stop();
    this.#socket.close();
  }

  #send(message: Json): void {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #receive(data: unknown): void {
    if (this.#over) return;
    let message: Json;
    try {
      message = json(JSON.parse(String(data)));
    } catch {
      return;
    }
    const type = text(message['type']);
    if (type === 'pong') return this.#ponged();
    if (type === 'closing') {
      this.#closing = message;
      return;
    }
    const requestId = text(message['requestId']) || (type === 'resumed' ? 'resume' : '');
    const pending = this.#pending.get(requestId) ?? (type === 'error' ? this.#onlyPending() : undefined);
    if (!pending) return this.listener.message(message);
    this.#settle(requestId, pending);
    if (type === 'error') pending.reject(wireError(message));
    else pending.resolve(message);
  }

  /** An error without a request id, while only one thing was asked (a resume), is about that. */
  #onlyPending(): Pending | undefined {
    return this.#pending.size === 1 ? [...this.#pending.values()][0] : undefined;
  }

  #settle(requestId: string, pending: Pending): void {
    clearTimeout(pending.timer);
    if (!this.#pending.delete(requestId)) {
      for (const [id, other] of this.#pending) if (other === pending) this.#pending.delete(id);
    }
  }

  #ping(): void {
    this.#send({ type: 'ping', id: '1' });
    this.#unanswered ??= setTimeout(() => this.#finish(), PONG_WITHIN_MS);
  }

  #ponged(): void {
    clearTimeout(this.#unanswered);
    this.#unanswered = undefined;
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
    this.#socket.close();
    this.listener.gone(this.#closing);
  }

  #stop(): void {
    clearInterval(this.#pinger);
    clearTimeout(this.#unanswered);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#closing ? closingError(this.#closing) : localError('ConnectionLost'));
    }
    this.#pending.clear();
  }
}

/** @internal The reason of a `closing` message as an error. */
export function closingError(closing: Json): SideroomError {
  return new SideroomError(
    text(closing['reason']) || 'ConnectionLost',
    text(closing['message']) || 'The server closed the connection.',
  );
}
