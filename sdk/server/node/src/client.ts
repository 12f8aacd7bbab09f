/** The client of a signaling server. */
import type { Connection } from './calls.js';
import { Position, type WatchOptions } from './position.js';
import { BreakoutService, NodeService, ParticipantService, RoomService } from './services.js';
import { Key, type Scope, TokenSource } from './tokens.js';
import { Watch } from './watch.js';

export interface ClientOptions {
  /** By default SIDEROOM_URL, or `http://127.0.0.1:7900`. */
  readonly url?: string;
  /** The id of an API key. By default SIDEROOM_KEY, or `dev`. */
  readonly key?: string;
  /** The key's secret. By default SIDEROOM_SECRET. */
  readonly secret?: string;
  /** Narrows what the tokens open that are signed with the key. */
  readonly scopes?: readonly Scope[];
  /** Instead of a key: a token that all calls carry, such as a participant's. */
  readonly token?: string;
  /** For a whole call, with all of its tries; 30 seconds by default. Each call takes one of its own. */
  readonly timeoutMs?: number;
  /** Another `fetch`, such as one with a proxy. */
  readonly fetch?: typeof fetch;
}

/** Calls and watches. Tokens are signed with the secret and renewed in time. */
export class Client {
  readonly rooms: RoomService;
  readonly participants: ParticipantService;
  readonly breakouts: BreakoutService;
  readonly node: NodeService;
  readonly #connection: Connection;
  readonly #key: Key | undefined;

  constructor(options: ClientOptions = {}) {
    const { SIDEROOM_URL, SIDEROOM_KEY, SIDEROOM_SECRET } = process.env;
    const { url = SIDEROOM_URL || 'http://127.0.0.1:7900', token, scopes, timeoutMs = 30_000 } = options;
    if (!/^https?:\/\//.test(url)) throw new TypeError(`the URL ${url} begins with neither http:// nor https://`);
    if (!(timeoutMs > 0)) throw new TypeError('timeoutMs is not positive');
    if (token === undefined) {
      const secret = options.secret ?? SIDEROOM_SECRET;
      if (!secret) throw new TypeError('give `secret` (or set SIDEROOM_SECRET), or give `token`');
      this.#key = new Key(options.key ?? (SIDEROOM_KEY || 'dev'), secret);
    }
    const tokens = new TokenSource(token ?? (this.#key as Key), scopes);
    this.#connection = { url: url.replace(/\/+$/, ''), tokens, timeoutMs, fetch: options.fetch ?? fetch };
    this.rooms = new RoomService(this.#connection);
    this.participants = new ParticipantService(this.#connection);
    this.breakouts = new BreakoutService(this.#connection);
    this.node = new NodeService(this.#connection);
  }

  /** Signs tokens for those who join. */
  get key(): Key {
    if (!this.#key) throw new TypeError('this client has a token and no key: use participants.createToken, or a Key');
    return this.#key;
  }

  /** The events of a room, from now on or after a number. Resolves when the connection stands. */
  watch(room = '', options: WatchOptions = {}): Promise<Watch> {
    const position = new Position(room, options, this.#connection.timeoutMs);
    return Watch.open(this.#connection, position, options.signal);
  }

  /** The same server with another token, such as a participant's. */
  withToken(token: string): Client {
    const { url, timeoutMs, fetch } = this.#connection;
    return new Client({ url, timeoutMs, fetch, token });
  }
}
