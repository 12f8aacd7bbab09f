/** The demo meeting in browser tabs: opened, joined, and held against the server's view of the room. */
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { watchErrors } from './browser.ts';
import type { RealServer } from './server.ts';

const WITHIN_MS = 30_000;
/** How many times slower pages run than they could, and how late their commands leave: races of a test show then. */
const SLOWER = Number(process.env['E2E_SLOWER'] ?? 1);
const LATE_MS = Number(process.env['E2E_LATE_MS'] ?? 0);

declare global {
  // eslint-disable-next-line no-var
  var mirror: { model(): unknown; server(): Promise<unknown>; shown(): unknown; due(): Promise<unknown> };
}

/** Pictures of people instead of Chromium's test pattern; a virtual camera that stays quiet. */
async function pictures(): Promise<string> {
  const source = `import { picture } from './fake/picture.ts';
    import './e2e/page/mirror.ts';
    const Socket = WebSocket;
    globalThis.sockets = [];
    globalThis.WebSocket = class extends Socket {
      constructor(...given) { super(...given); sockets.push(this); }
      send(data) { ${LATE_MS} ? setTimeout(() => this.readyState === 1 && super.send(data), ${LATE_MS}) : super.send(data); }
    };
    const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    const hue = [...location.search].reduce((sum, letter) => sum + letter.charCodeAt(0) * 7, 0) % 360;
    if (real) navigator.mediaDevices.getUserMedia = async (wanted) => (wanted.video ? new MediaStream([picture(hue)]) : real(wanted));`;
  const built = await build({ stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' }, bundle: true, format: 'iife', write: false, target: 'es2022' });
  return built.outputFiles[0]?.text ?? '';
}

/** How somebody comes in. */
export interface Guest {
  room: string;
  name: string;
  moderator?: boolean;
  options?: BrowserContextOptions;
}

/** One server, one browser, and every tab that was opened on them. */
export class Demo {
  readonly #errors: { page: Page; messages: string[] }[] = [];
  #script = '';

  constructor(
    readonly server: RealServer,
    readonly browser: Browser,
  ) {}

  /** A fresh profile with one tab. */
  async open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    this.#script ||= await pictures();
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['microphone', 'camera'], ...options });
    await context.addInitScript({ content: this.#script });
    const page = await context.newPage();
    if (SLOWER > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    this.#errors.push({ page, messages: watchErrors(page) });
    await page.goto(`${this.server.url}${path}`);
    return page;
  }

  /** Joins through the address, as a link does. */
  async join({ room, name, moderator = false, options = {} }: Guest): Promise<Page> {
    const page = await this.open(`/?room=${encodeURIComponent(room)}&name=${encodeURIComponent(name)}&role=${moderator ? 'moderator' : 'participant'}&join`, options);
    await joined(page);
    return page;
  }

  /** All errors that any page logged, except the network's about a server that is away. */
  errors(): string[] {
    return this.#errors.flatMap(({ messages }) => messages).filter((message) => !/ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|WebSocket connection to/.test(message));
  }
}

/** Waits until the page is in the meeting and media can flow. */
export async function joined(page: Page): Promise<void> {
  await page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', null, { timeout: 60_000 });
}

/** Awaits that the page's own account of the room, and its display, equal the server's. */
export async function holdsTheTruth(page: Page, step: string): Promise<void> {
  await become(page, step, 'the page holds', () => mirror.model(), () => mirror.server());
  await become(page, step, 'the page shows', () => mirror.shown(), () => mirror.due());
}

async function become(page: Page, step: string, what: string, is: () => unknown, due: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const wanted = await page.evaluate(due);
    const held = await page.evaluate(is);
    if (JSON.stringify(held) === JSON.stringify(wanted)) return;
    if (Date.now() > deadline) {
      const who = await page.evaluate(() => sideroom.room.me.name as string);
      assert.deepEqual(held, wanted, `${step}: ${what} something else than the server says, for ${who}`);
    }
    await page.waitForTimeout(60);
  }
}

/** Reads the id of the page's participant. */
export const idOf = (page: Page): Promise<string> => page.evaluate(() => sideroom.room.me.id as string);
