import { CODES, failure } from './errors.js';

type Handler = (payload?: unknown) => unknown;

/**
 * The listeners of one object. A listener that throws, or whose promise is rejected, keeps no other
 * from being called: the error is reported as an uncaught one, where the app's own error handling sees it.
 */
export class Listeners {
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #owner: string;
  readonly #names: readonly string[];

  constructor(owner: string, names: readonly string[]) {
    this.#owner = owner;
    this.#names = names;
  }

  on(event: string, listener: unknown): void {
    this.#check(event, listener);
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(listener as Handler));
  }
  off(event: string, listener: unknown): void {
    this.#handlers.get(event)?.delete(listener as Handler);
  }
  clear(): void {
    this.#handlers.clear();
  }
  /** Whether anybody listens. */
  has(event: string): boolean {
    return Boolean(this.#handlers.get(event)?.size);
  }

  /** Calls the listeners. Each gets a payload of its own, which it may keep and change. */
  emit(event: string, payload: () => unknown = () => undefined): void {
    const handlers = this.#handlers.get(event);
    for (const handler of [...(handlers ?? [])]) {
      if (handlers?.has(handler)) run(handler, payload());
    }
  }

  #check(event: string, listener: unknown): void {
    if (!this.#names.includes(event)) {
      throw failure(`${this.#owner} has no event "${event}". It has: ${this.#names.join(', ')}.`, CODES.misuse);
    }
    if (typeof listener !== 'function') throw failure(`The listener for "${event}" is not a function.`, CODES.misuse);
  }
}

function run(handler: Handler, payload: unknown): void {
  try {
    const result = handler(payload);
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Makes getters own enumerable properties, as the fields of the calling SDK's objects are: apps copy, log and
 * serialize them.
 */
export function showFields(target: object, names: readonly string[]): void {
  for (const name of names) {
    const { get } = Object.getOwnPropertyDescriptor(prototypeWith(target, name), name) ?? {};
    Object.defineProperty(target, name, { enumerable: true, configurable: true, get });
  }
}

function prototypeWith(target: object, name: string): object {
  let found: object = target;
  while (!Object.hasOwn(found, name)) found = Object.getPrototypeOf(found) as object;
  return found;
}
