/** A server, a browser, a publisher on a clean path, and subscribers behind links. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launch } from '../browser.ts';
import { startServer, type RealServer } from '../server.ts';
import { Link } from './link.ts';
import type { Joining, PageApi, Reading, Sent } from './page.ts';

declare global {
  // eslint-disable-next-line no-var
  var badnet: PageApi;
}

/** The server's estimate of a subscriber's path at one moment. */
export interface Belief {
  atMs: number;
  bps: number;
  wantedBps: number;
}

/** The first of the server's media ports: there is one worker, so that every path leads through it. */
export interface Stage {
  server: RealServer;
  browser: Browser;
  publisher: Publisher;
  subscriber(name: string, link: Link): Promise<Subscriber>;
  link(down: string, up?: string, seed?: number): Promise<Link>;
  close(): Promise<void>;
}

export interface Publisher {
  page: Page;
  /** All readings so far. */
  sent: Sent[];
  read(): Promise<Sent[]>;
  /** Seconds of CPU that its page has taken: it has a browser of its own. */
  cpuS(): Promise<number>;
}

export interface Subscriber {
  id: string;
  name: string;
  page: Page;
  link: Link;
  readings: Reading[];
  beliefs: Belief[];
  read(): Promise<Reading[]>;
  leave(): Promise<void>;
}

/** Frame rate of the publisher's camera. */
export const FRAMES_PER_SECOND = 20;

/** Opens everything but the subscribers. */
export async function openStage(room: string): Promise<Stage> {
  const beliefs = new Map<string, Belief[]>();
  const server = await startServer({ SIDEROOM_LOG_LEVEL: 'warn,sideroom::media::bandwidth=trace', SIDEROOM_LOG_FORMAT: 'json' }, { workers: 1, onLog: (line) => keepBelief(beliefs, line) });
  const [browser, publishing] = await Promise.all([launch(), launch()]);
  const bundle = await build({ entryPoints: ['e2e/badnet/page.ts'], bundle: true, format: 'iife', write: false, target: 'es2022', alias: { '@sideroom/client': './js/src/index.ts' } });
  const script = bundle.outputFiles[0]?.text ?? '';
  const links: Link[] = [];
  const open = async (joining: Joining, where = browser): Promise<{ page: Page; id: string }> => {
    const page = await (await where.newContext({ viewport: { width: 640, height: 360 }, bypassCSP: true })).newPage();
    page.setDefaultNavigationTimeout(120_000);
    await page.goto(server.url);
    await page.evaluate(() => document.body.replaceChildren());
    await page.addScriptTag({ content: script });
    const id = await page.evaluate((how) => badnet.join(how), joining);
    return { page, id };
  };
  const { page } = await open({ room, name: 'publisher' }, publishing);
  await page.evaluate((fps) => badnet.publish(fps), FRAMES_PER_SECOND);
  const publisher = await publisherOf(page, publishing);
  return {
    server,
    browser,
    publisher,
    async link(down, up, seed) {
      const link = await Link.open(server.mediaPort, down, up, seed);
      links.push(link);
      return link;
    },
    async subscriber(name, link) {
      const { page, id } = await open({ room, name, via: link.address });
      await page.evaluate(() => badnet.watch());
      const held = beliefs.get(id) ?? [];
      beliefs.set(id, held);
      return subscriberOf({ id, name, page, link, beliefs: held });
    },
    async close() {
      await Promise.all([browser.close(), publishing.close()]);
      for (const link of links) await link.close();
      await server.stop();
    },
  };
}

async function publisherOf(page: Page, browser: Browser): Promise<Publisher> {
  const sent: Sent[] = [];
  const devtools = await browser.newBrowserCDPSession();
  return {
    page,
    sent,
    async read() {
      sent.push(...(await page.evaluate(() => badnet.sent())));
      return sent;
    },
    async cpuS() {
      const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
      return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    },
  };
}

function subscriberOf(from: Pick<Subscriber, 'id' | 'name' | 'page' | 'link' | 'beliefs'>): Subscriber {
  const readings: Reading[] = [];
  return {
    ...from,
    readings,
    async read() {
      readings.push(...(await from.page.evaluate(() => badnet.readings())));
      return readings;
    },
    async leave() {
      await from.page.evaluate(() => badnet.leave());
      await from.page.context().close();
    },
  };
}

function keepBelief(beliefs: Map<string, Belief[]>, line: string): void {
  if (!line.includes('bandwidth shared out')) return;
  const told = JSON.parse(line) as { timestamp: string; participant: string; estimate_bps: number; wanted_bps: number };
  const held = beliefs.get(told.participant) ?? [];
  beliefs.set(told.participant, held);
  held.push({ atMs: Date.parse(told.timestamp), bps: told.estimate_bps, wantedBps: told.wanted_bps });
}

/** Waits in real time: the network's clock is the wall's. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
