/** Tokens: HS256 JWTs, signed with the secret of an API key. */
import { createHmac } from 'node:crypto';
import type { Input } from './calls.js';
import type { Grants } from './types.js';

const API_TOKEN_S = 600;
/** A fresh token is signed when the last one has this long to go. */
const RENEW_BEFORE_S = 120;
const MIN_SECRET_BYTES = 32;

/** A part of the control plane that a key opens. */
export type Scope = 'rooms' | 'participants' | 'breakouts' | 'watch' | 'tokens' | 'node';

/** A person whom a token lets into a room. */
export interface ClientToken {
  /** The one room. */
  readonly room: string;
  /** Unique in the room: a second join with it takes over the place of the first. */
  readonly identity: string;
  /** The name that others see; by default the identity. */
  readonly name?: string;
  readonly role?: 'participant' | 'moderator';
  /** By default all that the role may; else only what is named. */
  readonly grants?: Input<Grants>;
  /** By default an hour, at most a day. */
  readonly validForS?: number;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowS = (): number => Math.floor(Date.now() / 1000);

/** An API key. Its secret shows in no log. */
export class Key {
  readonly #secret: string;

  constructor(
    readonly id: string,
    secret: string,
  ) {
    if (!id) throw new TypeError('the API key has no id');
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      throw new TypeError(`the secret of API key ${id} is shorter than ${MIN_SECRET_BYTES} bytes`);
    }
    this.#secret = secret;
  }

  /** A token with these claims. */
  sign(claims: object): string {
    const text = `${part({ alg: 'HS256', typ: 'JWT', kid: this.id })}.${part(claims)}`;
    return `${text}.${createHmac('sha256', this.#secret).update(text).digest('base64url')}`;
  }

  /** A token for signaling servers: all scopes of the key, or those that are named. */
  apiToken(scopes?: readonly Scope[], validForS = API_TOKEN_S): string {
    return this.sign({ aud: 'sideroom-api', exp: nowS() + validForS, ...(scopes && { scopes }) });
  }

  /** A token that lets one person into one room. */
  clientToken(token: ClientToken): string {
    const { room, identity, name = identity, role = 'participant', grants, validForS = 3600 } = token;
    const claims = { aud: 'sideroom-client', exp: nowS() + validForS, room, sub: identity, name, role };
    return this.sign(grants ? { ...claims, grants: grantClaims(grants) } : claims);
  }
}

/** As tokens spell them: kinds in small letters. */
function grantClaims(grants: Input<Grants>): object {
  const publish = (grants.publish ?? []).map((kind) => kind.replace('TRACK_KIND_', '').toLowerCase());
  return { ...grants, publish };
}

/** The bearer of each call: a token that was given, or one that is signed anew in time. */
export class TokenSource {
  #token = '';
  #renewAtS = 0;

  constructor(
    private readonly from: Key | string,
    private readonly scopes?: readonly Scope[],
  ) {}

  bearer(): string {
    if (typeof this.from === 'string') return this.from;
    if (nowS() >= this.#renewAtS) {
      this.#token = this.from.apiToken(this.scopes);
      this.#renewAtS = nowS() + API_TOKEN_S - RENEW_BEFORE_S;
    }
    return this.#token;
  }
}
