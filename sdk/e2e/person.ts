/** A person in a page: joins with a tone for a voice, and reports the tones and colours they receive. */
import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { watchErrors } from './browser.ts';

/** The voices: far apart, and none near a harmonic of another. */
export const TONES: Record<string, number> = { ada: 440, bob: 610, cleo: 830, dan: 1130, eve: 1490 };

/** A change of who is heard must be there within this time. */
export const WITHIN_MS = 500;

/** The analyser looks back so far. */
const SETTLE_MS = 150;

interface Heard {
  atMs: number;
  tones: number[];
}

/** The page's interface for tests. */
interface Api {
  /** The last press of a talk button began something that goes on. */
  isTalking(): boolean;
  room: any;
  joinedMs: number;
  listen(tones: number[]): void;
  tones(): number[];
  record(): Heard[];
  lag(): Promise<{ samplesMs: number; bufferMs: number }>;
  colour(participantId: string, kind: string): [number, number, number] | null;
  publishPatch(kind: string, colour: string): Promise<void>;
}

declare global {
  // eslint-disable-next-line no-var
  var sideroom: Api;
}

export class Person {
  /** The voices that may be heard, by time: the oracle's own account. */
  readonly expectations: { fromMs: number; names: string[] }[] = [];
  id = '';

  private constructor(
    readonly name: string,
    readonly page: Page,
    readonly context: BrowserContext,
    readonly errors: string[],
    private readonly address: string,
  ) {}

  /** Opens a page that joins `room` at once, with a tone. */
  static async join(browser: Browser, url: string, room: string, name: string, role = 'participant'): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 800, height: 560 } });
    await context.addInitScript(() => {
      const Real = WebSocket;
      globalThis.WebSocket = class extends Real {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols);
          Object.assign(globalThis, { lastSocket: this });
        }
      };
    });
    const page = await context.newPage();
    const address = `${url}/?room=${room}&name=${name}&role=${role}&tone=${TONES[name]}`;
    const person = new Person(name, page, context, watchErrors(page), address);
    await page.goto(address);
    await person.ready();
    return person;
  }

  /** Waits until the page has joined, and begins to measure. */
  async ready(): Promise<void> {
    await this.page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', null, { timeout: 60_000 });
    this.id = await this.page.evaluate((tones) => {
      sideroom.listen(tones);
      return sideroom.room.me.id as string;
    }, Object.values(TONES));
  }

  /** Cuts the socket, as a proxy that restarts. */
  async cutSocket(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as { lastSocket: WebSocket }).lastSocket.close());
  }

  async reload(): Promise<void> {
    await this.page.goto(this.address);
    await this.ready();
  }

  /** Runs something on the page's room. */
  do<T, A>(action: (argument: A) => T | Promise<T>, argument?: A): Promise<T> {
    return this.page.evaluate(action as never, argument as never) as Promise<T>;
  }

  /** The names of the people heard now. */
  async hears(): Promise<string[]> {
    return namesOf(await this.page.evaluate(() => sideroom.tones()));
  }

  async record(): Promise<Heard[]> {
    return this.page.evaluate(() => sideroom.record());
  }
}

export function namesOf(tones: number[]): string[] {
  return Object.keys(TONES).filter((name) => tones.includes(TONES[name] as number));
}

/** Names of heard people, by listener. */
export type Hearing = Record<string, string[]>;

/**
 * After a step: within half a second everybody hears exactly these, and no others. The record of the whole
 * time is kept and looked at by `checkRecords` in the end.
 */
export async function expectHearing(people: Person[], hearing: Hearing, what: string): Promise<number> {
  const began = Date.now();
  const wanted = people.map(({ name }) => [...(hearing[name] ?? [])].sort());
  let rightSince = 0;
  for (;;) {
    const heard = await Promise.all(people.map((person) => person.hears()));
    const right = heard.every((names, index) => String([...names].sort()) === String(wanted[index]));
    const took = Date.now() - began;
    rightSince = right ? rightSince || Date.now() : 0;
    // A voice fades over the analyser's window: the state holds once it has been right for that long.
    if (right && Date.now() - rightSince >= SETTLE_MS) {
      people.forEach((person, index) => person.expectations.push({ fromMs: Date.now(), names: wanted[index] ?? [] }));
      return rightSince - began;
    }
    if (right) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    if (took > WITHIN_MS + 3 * (await slowest(people))) {
      const told = people.map(({ name }, index) => `${name} hears [${heard[index]}], should hear [${wanted[index]}]`);
      assert.fail(`${what}: after ${took} ms (lag ${Math.round(await slowest(people))} ms) ${told.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/**
 * How late the slowest page hears and samples: on a busy machine the instrument lags, and so grows the
 * browser's jitter buffer. On an idle one this is some 100 ms.
 */
async function slowest(people: Person[]): Promise<number> {
  const lags = await Promise.all(people.map((person) => person.do(() => sideroom.lag())));
  return Math.max(...lags.map(({ samplesMs, bufferMs }) => samplesMs + bufferMs));
}

/** A step begins: until the next `expectHearing` both the old and the new voices may be heard. */
export function beginStep(people: Person[]): void {
  for (const person of people) person.expectations.push({ fromMs: Date.now(), names: ['?'] });
}

/**
 * Goes through everything that was ever measured: while a state held, not one sample with a voice that did
 * not belong; during a step only voices of the state before or after it.
 */
export async function checkRecords(people: Person[]): Promise<number> {
  let samples = 0;
  for (const person of people) {
    const record = await person.record();
    for (const { atMs, tones } of record) {
      const index = person.expectations.findLastIndex(({ fromMs }) => fromMs <= atMs);
      const state = person.expectations[index];
      if (!state) continue;
      const during = state.names[0] === '?';
      const [before, after] = [person.expectations[index - 1], person.expectations[index + 1]];
      // A step that failed left no state behind: the voices that may be heard then are unknown.
      if (during && (before?.names[0] === '?' || !after || after.names[0] === '?')) continue;
      const allowed = during ? [...(before?.names ?? []), ...(after?.names ?? [])] : state.names;
      const stray = namesOf(tones).filter((name) => !allowed.includes(name));
      assert.deepEqual(stray, [], `${person.name} heard ${stray} while only [${allowed}] may be heard, ${atMs - state.fromMs} ms into state ${index}`);
      samples += 1;
    }
  }
  return samples;
}
