/** People who use test apps: each app in a page of its own in Chromium, over the real server. */
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { AppCoverage } from './app-coverage.ts';
import { launch } from './browser.ts';
import { call } from './operator.ts';
import { startServer, type RealServer } from './server.ts';

const PATIENCE_MS = 60_000;

/** Errors that a page reports about itself: empty, unless the app means it to. */
export interface Trouble {
  errors: string[];
  rejections: string[];
}

/** Grants of a token. */
export type Grants = Record<string, boolean>;

/** The apps of one dialect, the server that they use, and the pages that are open. */
export class Apps {
  readonly coverage: AppCoverage;
  readonly #bundles = new Map<string, Promise<string>>();
  readonly #users: User[] = [];
  #count = 0;

  private constructor(
    readonly dialect: string,
    readonly server: RealServer,
    private readonly browser: Browser,
  ) {
    this.coverage = new AppCoverage(`e2e/apps/${dialect}`);
  }

  static async start(dialect: string): Promise<Apps> {
    return new Apps(dialect, await startServer(), await launch());
  }

  /** The name of a room that nobody has used. */
  nextRoom(): string {
    this.#count += 1;
    return `${this.dialect}-app-${this.#count}`;
  }

  /** Opens an app and waits until it says that it is ready. */
  async open(room: string, app: string, identity: string, role = 'participant', grants?: Grants): Promise<User> {
    const bundle = await this.#bundle(app);
    const token = await this.#token({ room, identity, name: identity, role, ...(grants && { grants }) });
    const page = await this.browser.newPage();
    const user = new User(page, identity, this.coverage);
    this.#users.push(user);
    // In the place of the demo's script: the page is the server's own, with its origin and its policies.
    await page.route(`${this.server.url}/meeting.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: bundle }));
    await page.exposeFunction('keepTrouble', (kind: keyof Trouble, text: string) => user.trouble[kind].push(text));
    await page.addInitScript((given) => {
      const keep = (kind: string, text: string): void => (globalThis as unknown as { keepTrouble(kind: string, text: string): void }).keepTrouble(kind, text);
      addEventListener('error', ({ error, message }) => keep('errors', String(error ?? message)));
      addEventListener('unhandledrejection', ({ reason }) => keep('rejections', String(reason)));
      Object.assign(window, { token: given, lines: [] });
    }, token);
    await page.coverage.startJSCoverage();
    await page.goto(this.server.url);
    await user.start();
    return user;
  }

  /** Closes every page; fails if one has reported an unexpected error or unhandled rejection. */
  async close(): Promise<void> {
    const users = this.#users.splice(0);
    await Promise.all(users.map(async (user) => {
      // Rejections are reported once the page's jobs are done.
      await user.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
      await user.keepCoverage();
      await user.page.close();
    }));
    const found = users.map(({ identity, trouble }) => ({ identity, ...trouble }));
    assert.deepEqual(found.filter(({ errors, rejections }) => errors.length || rejections.length), [], 'errors and unhandled rejections of pages');
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** Calls the server's API. */
  operate(service: string, method: string, body: object): Promise<Record<string, unknown>> {
    return call(this.server.url, `${service}/${method}`, body);
  }

  #bundle(app: string): Promise<string> {
    const bundle = this.#bundles.get(app) ?? this.#build(app);
    this.#bundles.set(app, bundle);
    return bundle;
  }

  async #build(app: string): Promise<string> {
    const { outputFiles } = await build({ entryPoints: [`e2e/apps/${this.dialect}/${app}`], bundle: true, format: 'esm', write: false, target: 'es2022', sourcemap: 'inline' });
    return outputFiles[0]?.text ?? '';
  }

  async #token(claims: object): Promise<string> {
    const answer = await fetch(`${this.server.url}/dev/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(claims) });
    if (!answer.ok) throw new Error(`/dev/token: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { token: string }).token;
  }
}

/** A person who has an app open. */
export class User {
  readonly trouble: Trouble = { errors: [], rejections: [] };
  /** As the app shows it with "I am …"; empty if it does not. */
  clientId = '';

  constructor(
    readonly page: Page,
    readonly identity: string,
    private readonly coverage: AppCoverage,
  ) {}

  /** Writes into fields, then clicks a button. */
  async click(label: string, fields: Record<string, string> = {}): Promise<void> {
    for (const [name, text] of Object.entries(fields)) await this.page.getByLabel(name, { exact: true }).fill(text);
    await this.page.getByRole('button', { name: label, exact: true }).click();
  }

  /** Clicks until the app shows a new line that begins like this one: it displays the effect of events. */
  async clickUntil(label: string, line: string): Promise<void> {
    const [first = ''] = line.split(' ');
    const deadline = Date.now() + PATIENCE_MS;
    for (let said = ''; said !== line; ) {
      assert.ok(Date.now() < deadline, `${this.identity} says ${said}, and never ${line}`);
      await this.click(label);
      said = await this.says(new RegExp(`^${first} `));
    }
  }

  /** Waits for lines, in this order; others between them are passed over. A regular expression returns what it matched. */
  async says(...wanted: (string | RegExp)[]): Promise<string> {
    let last = '';
    for (const line of wanted) {
      const source = typeof line === 'string' ? `^${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$` : line.source;
      const found = this.page.waitForFunction((pattern) => {
        const { lines } = window as unknown as { lines: string[] };
        const index = lines.findIndex((each) => new RegExp(pattern).test(each));
        return index >= 0 && lines.splice(0, index + 1).at(-1);
      }, source, { timeout: PATIENCE_MS });
      const handle = await found.catch(async () => assert.fail(`${this.identity} never says ${line}; there is ${JSON.stringify(await this.lines())}; ${JSON.stringify(this.trouble)}`));
      last = String(await handle.jsonValue());
    }
    return last;
  }

  /** Waits for a line, and takes every line up to it. */
  async linesUntil(line: string): Promise<string[]> {
    const wait = this.page.waitForFunction((wanted) => (window as unknown as { lines: string[] }).lines.includes(wanted), line, { timeout: PATIENCE_MS });
    await wait.catch(async () => assert.fail(`${this.identity} never says ${line}; there is ${JSON.stringify(await this.lines())}; ${JSON.stringify(this.trouble)}`));
    return this.page.evaluate((wanted) => {
      const { lines } = window as unknown as { lines: string[] };
      return lines.splice(0, lines.indexOf(wanted) + 1);
    }, line);
  }

  /** The lines since the last one that was waited for. */
  lines(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { lines: string[] }).lines);
  }

  /** Loads the page again, as the browser's own button does. */
  async reload(): Promise<void> {
    await this.keepCoverage();
    await this.page.coverage.startJSCoverage();
    await this.page.reload();
    await this.start();
  }

  /** Keeps which lines have run in this document. */
  async keepCoverage(): Promise<void> {
    this.coverage.add(await this.page.coverage.stopJSCoverage());
  }

  /** Waits until the app is ready. */
  async start(): Promise<void> {
    await this.page.waitForFunction(() => (window as unknown as { lines: string[] }).lines.includes('ready'), undefined, { timeout: PATIENCE_MS });
    const shown = (await this.lines()).find((line) => line.startsWith('I am '));
    this.clientId = shown?.slice('I am '.length) ?? '';
    await this.says('ready');
  }

  /** Takes the errors that the app's own code has thrown, sorted, each once, when there are as many as that. */
  async errors(count: number): Promise<string[]> {
    const deadline = Date.now() + PATIENCE_MS;
    while (new Set(this.trouble.errors).size < count && Date.now() < deadline) await this.page.waitForTimeout(20);
    return [...new Set(this.trouble.errors.splice(0))].sort();
  }
}
