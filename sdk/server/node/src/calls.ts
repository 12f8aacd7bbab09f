/** One call: tries it until it is answered, refused, or its time is up. */
import { randomUUID } from 'node:crypto';
import { SideroomError, badAnswer, errorFrom, noAnswer } from './errors.js';
import { ATTEMPT_MS, Backoff, mayBeRepeated, sleep } from './retry.js';
import type { TokenSource } from './tokens.js';
import { fromJson, hasField, toJson } from './wire.js';

/** A message to send. Fields that are absent have their default values. */
export type Input<T> = T extends readonly (infer Item)[]
  ? readonly Input<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]?: Input<T[Name]> | undefined }
    : T;

export interface CallOptions {
  /** For the whole call, with all of its tries. */
  readonly timeoutMs?: number;
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Settings that all calls of a client share. */
export interface Connection {
  readonly url: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export class Service {
  constructor(private readonly connection: Connection) {}

  /** Calls a method by its path, such as `RoomService/CreateRoom`. */
  protected async call<A>(
    method: string,
    requestType: string,
    request: object,
    answerType: string,
    { timeoutMs = this.connection.timeoutMs, signal }: CallOptions,
  ): Promise<A> {
    const made = toJson(requestType, request);
    if (!made['requestId'] && hasField(requestType, 'requestId')) made['requestId'] = randomUUID();
    const body = JSON.stringify(made);
    const deadline = Date.now() + timeoutMs;
    const backoff = new Backoff();
    for (;;) {
      try {
        const json = await attempt(this.connection, method, body, Math.min(deadline - Date.now(), ATTEMPT_MS), signal);
        return readAnswer(method, answerType, json) as A;
      } catch (error) {
        if (!(error instanceof SideroomError) || !mayBeRepeated(error)) throw error;
        const wait = backoff.nextWaitMs(error);
        if (Date.now() + wait >= deadline) throw error;
        await sleep(wait, signal);
      }
    }
  }
}

/** The request of a method, as `fetch` takes it. */
export function post(connection: Connection, method: string, body: string, signal: AbortSignal): Promise<Response> {
  const { url, tokens, fetch } = connection;
  const headers = { authorization: `Bearer ${tokens.bearer()}`, 'content-type': 'application/json' };
  return fetch(`${url}/sideroom.v1.${method}`, { method: 'POST', headers, body, signal });
}

/** Sends a request once. */
async function attempt(
  connection: Connection,
  method: string,
  body: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the time is up')), Math.max(1, timeoutMs));
  let response: Response;
  let text: string;
  try {
    response = await post(connection, method, body, signal ? AbortSignal.any([signal, late.signal]) : late.signal);
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw noAnswer(method, error);
  } finally {
    clearTimeout(timer);
  }
  const json = parsed(text);
  if (response.status !== 200) throw errorFrom(method, response.status, json);
  return json;
}

function readAnswer(method: string, answerType: string, json: unknown): unknown {
  try {
    return fromJson(answerType, json);
  } catch (error) {
    throw badAnswer(method, 200, `the answer cannot be read: ${String(error)}`, error);
  }
}

/** `undefined` for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
