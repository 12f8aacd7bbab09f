/** Listeners of an EnableX room, and the order of an app's answers and events. */

/** Takes an event. */
export type AnyListener = (event: never) => void;

/**
 * Calls an app's function. Its error, thrown or by a promise, is the app's affair: it is reported as an
 * uncaught one, and other listeners are still called.
 */
export function callSafely<T>(take: ((value: T) => unknown) | undefined, value: T): void {
  try {
    const returned = take?.(value);
    if (returned instanceof Promise) returned.catch(report);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Listeners by the name of their event. */
export class Listeners {
  readonly #byName = new Map<string, Set<AnyListener>>();

  add(name: string, listener: AnyListener): void {
    if (typeof listener !== 'function') return;
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(listener));
  }

  remove(name: string, listener: AnyListener): void {
    this.#byName.get(name)?.delete(listener);
  }

  has(name: string): boolean {
    return Boolean(this.#byName.get(name)?.size);
  }

  /** Calls all present listeners, unless a listener before removed them. */
  emit(name: string, event: unknown): void {
    const listeners = this.#byName.get(name);
    for (const listener of [...(listeners ?? [])]) {
      if (listeners?.has(listener)) callSafely(listener as (event: unknown) => unknown, event);
    }
  }
}

/**
 * Delivers events one after another. An event that this client's own command caused waits until the
 * command's callback was called: the callback comes first, then what follows from it.
 */
export class Deliveries {
  #last: Promise<void> = Promise.resolve();
  readonly #running = new Set<Promise<void>>();

  /** Runs a command and tells its callback, once. Never rejects. */
  answer<T>(run: () => Promise<T>, succeed: (value: T) => void, fail: (error: unknown) => void): Promise<void> {
    const answered = run()
      .then(
        (value) => callSafely(succeed, value),
        (error: unknown) => callSafely(fail, error),
      )
      .then(() => void this.#running.delete(answered));
    this.#running.add(answered);
    return answered;
  }

  /** Delivers after everything before it; with `own`, also after the commands that are running now. */
  push(deliver: () => void | Promise<void>, own = false): void {
    const before = own ? [...this.#running] : [];
    const step = async (): Promise<void> => {
      await Promise.all(before);
      await deliver();
    };
    this.#last = this.#last.then(step).catch(report);
  }
}
