/**
 * The ground of the dialect scenarios: people in a room, over the fake gateway or over a real server. The
 * same scenarios run in node and in a browser page, so nothing here needs either.
 */
import { connect, type ConnectOptions, type Room } from '../../src/index.ts';

export interface Setup {
  url: string;
  options: ConnectOptions;
  token(room: string, identity: string, role: 'moderator' | 'participant'): Promise<string>;
  /** Changes the settings of the room, as only the signaling server may. */
  operate(room: string, settings: Record<string, unknown>): Promise<void>;
  /** Gives a participant a moderator's grants. */
  grant(room: string, participantId: string, grants: Record<string, boolean>): Promise<void>;
}

/** One room of its own for each scenario. */
export class Stage {
  readonly #rooms: Room[] = [];

  constructor(
    readonly setup: Setup,
    readonly name: string,
  ) {}

  async join(identity: string, role: 'moderator' | 'participant' = 'participant', options: ConnectOptions = {}): Promise<Room> {
    const token = await this.setup.token(this.name, identity, role);
    const room = await connect(this.setup.url, token, { ...this.setup.options, ...options });
    this.#rooms.push(room);
    return room;
  }

  operate(settings: Record<string, unknown>): Promise<void> {
    return this.setup.operate(this.name, settings);
  }

  grant(participantId: string, grants: Record<string, boolean>): Promise<void> {
    return this.setup.grant(this.name, participantId, grants);
  }

  end(): void {
    for (const room of this.#rooms) room.leave();
  }
}

export interface Scenario {
  name: string;
  /** The rows of the dialect tables that this scenario exercises. */
  rows: string[];
  run(stage: Stage): Promise<void>;
}

/** The expected and the actual value, in one sentence. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: got ${got}, expected ${wanted}`);
}

export function ok(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const PATIENCE_MS = 30_000;

/** Fails with `what` if `promise` takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: it did not come`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The answer that a callback gets. */
export function answerOf<T>(call: (callback: (answer: T) => void) => void, what: string): Promise<T> {
  return soon(new Promise(call), what);
}

/** The code and subcode of a rejection. */
export async function failureOf(promise: Promise<unknown>): Promise<[number, number]> {
  const error = await promise.then(() => undefined, (reason: { code: number; subCode: number }) => reason);
  return [error?.code ?? 0, error?.subCode ?? 0];
}

/** Waits until something holds that an event of `room` brings about. */
export function until(room: Room, holds: () => boolean, what: string): Promise<void> {
  return soon(
    new Promise((resolve) => {
      if (holds()) return resolve();
      const stop = room.on('changed', () => {
        if (!holds()) return;
        stop();
        resolve();
      });
    }),
    what,
  );
}

/** Runs `during`, and collects the errors reported as uncaught meanwhile. */
export async function uncaught(during: () => Promise<void>): Promise<string[]> {
  const reported: string[] = [];
  const real = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (job) =>
    real(() => {
      try {
        job();
      } catch (error) {
        reported.push((error as Error).message);
      }
    });
  try {
    await during();
  } finally {
    globalThis.queueMicrotask = real;
  }
  return reported;
}
