/** The bad network: a process through which a page's packets pass, and the commands that change it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../server.ts';

/** One tenth of a second of the link, in its own time. */
export interface LinkSample {
  at_ms: number;
  down_bps: number;
  down_tcp_bps: number;
  down_queue_ms: number;
  up_bps: number;
  up_tcp_bps: number;
  up_queue_ms: number;
}

interface Counts {
  offered: number;
  lost: number;
  overflowed: number;
  delivered: number;
}

/** Packets that passed so far. */
export interface LinkReport {
  at_ms: number;
  down: Counts;
  up: Counts;
  clients: { down_bytes: number; up_bytes: number }[];
  samples: LinkSample[];
}

interface Line {
  listening?: string;
  done?: string;
  refused?: string;
  error?: string;
  at_ms?: number;
  report?: LinkReport;
}

/** The path of the link's binary: E2E_LINK, or cargo's build. */
export function linkBinary(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target');
  const found = [process.env['E2E_LINK'], join(target, 'release/sideroom-link'), join(target, 'debug/sideroom-link')].find((path) => path && existsSync(path));
  if (!found) throw new Error('Build the link first (cargo build --release -p sideroom-sim), or set E2E_LINK.');
  return found;
}

export class Link {
  /** `address:port` that clients send to. */
  address = '';
  /** The link's clock began then, by ours. */
  beganMs = 0;
  readonly #waiting: { resolve: (line: Line) => void; reject: (error: Error) => void }[] = [];
  #report: LinkReport | undefined;

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (text) => this.#handle(JSON.parse(text) as Line));
    child.once('exit', (code) => this.#waiting.splice(0).forEach(({ reject }) => reject(new Error(`The link ended with ${code}.`))));
  }

  /** A link to the server's media port; `down` and `up` as `sideroom-link --help` says. */
  static async open(mediaPort: number, down: string, up = down, seed = 1): Promise<Link> {
    const args = ['--to', `127.0.0.1:${mediaPort}`, '--down', down, '--up', up, '--seed', String(seed)];
    const link = new Link(spawn(linkBinary(), args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    const line = await link.#next();
    link.address = line.listening ?? '';
    if (!link.address) throw new Error('The link did not come up.');
    await link.command('both ');
    return link;
  }

  /** Sends a command; tells when it was carried out, by our clock. */
  async command(text: string): Promise<number> {
    this.child.stdin!.write(`${text}\n`);
    const line = await this.#next();
    if (line.refused !== undefined) throw new Error(`${line.refused}: ${line.error}`);
    // The smallest difference seen is the nearest to the truth: an answer can only come late.
    const offset = Date.now() - (line.at_ms ?? 0);
    this.beganMs = this.beganMs === 0 ? offset : Math.min(this.beganMs, offset);
    return this.beganMs + (line.at_ms ?? 0);
  }

  async report(): Promise<LinkReport> {
    await this.command('report');
    if (!this.#report) throw new Error('The link reported nothing.');
    return this.#report;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin!.end();
    await exit;
  }

  #next(): Promise<Line> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #handle(line: Line): void {
    if (line.report) this.#report = line.report;
    else this.#waiting.shift()?.resolve(line);
  }
}
