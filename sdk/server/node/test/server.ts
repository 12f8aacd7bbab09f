/** A real server for the tests: killed as by a power cut, and started again on the same port and store. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientOptions } from '../src/index.js';

export const ROOT = new URL('../../../../../../', import.meta.url).pathname;
export const SECRET = '0123456789abcdef0123456789abcdef';
/** Long enough for a machine that is many times slower. */
export const PATIENCE_MS = 120_000;

export class Server {
  #process: ChildProcess | undefined;
  port = 0;

  private constructor(private readonly folder: string) {}

  static async start(): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'sideroom-sdk-')));
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  client(options: ClientOptions = {}): Client {
    return new Client({ url: this.url, key: 'app', secret: SECRET, timeoutMs: PATIENCE_MS, ...options });
  }

  /** Kills it if it runs. Its port may be somebody else's for a moment: then it is tried again. */
  async restart(): Promise<void> {
    await this.kill();
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.#started())) {
      if (Date.now() > deadline) throw new Error('the server does not start');
      await delay(100);
    }
  }

  async #started(): Promise<boolean> {
    const program = join(ROOT, process.env['CARGO_TARGET_DIR'] ?? 'target', 'release/sideroom');
    const env = {
      SIDEROOM_HTTP_LISTEN: `127.0.0.1:${this.port}`,
      SIDEROOM_GRPC_LISTEN: '127.0.0.1:0',
      SIDEROOM_ADMIN_LISTEN: '127.0.0.1:0',
      SIDEROOM_AUTH_KEYS: `app:${SECRET}`,
      SIDEROOM_MEDIA_FIRST_PORT: '0',
      SIDEROOM_LOG_LEVEL: 'error',
    };
    const options = ['serve', '--dev', '--workers', '1', '--store', join(this.folder, 'rooms.redb')];
    const child = spawn(program, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('http ')) this.port = Number(line.slice(line.lastIndexOf(':') + 1));
      if (line.startsWith('store ')) return true;
    }
    await this.kill();
    return false;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
