/** The real server: the one at SIDEROOM_URL, or a binary that is started on free ports for one test file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { KEYS } from './operator.ts';

/** The root of the repository: the tests run from `sdk/`. */
export const ROOT = dirname(process.cwd());

const WORKERS = 2;

export interface RealServer {
  url: string;
  admin: string;
  /** The first worker's UDP port. */
  mediaPort: number;
  /** Ends the process and starts it anew on the same ports, with the same store. */
  restart(): Promise<void>;
  /** Stops answering anything, as if the network was gone; and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** The path of the binary: SIDEROOM_BIN, or cargo's build. */
export function binary(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target');
  const found = [process.env['SIDEROOM_BIN'], join(target, 'release/sideroom'), join(target, 'debug/sideroom')].find((path) => path && existsSync(path));
  if (!found) throw new Error('Build the server first (cargo build --release -p sideroom), or set SIDEROOM_BIN or SIDEROOM_URL.');
  return found;
}

/** Takes ports of 127.0.0.1, any or these, and gives them back: they are free then. */
async function probe(ports: number[]): Promise<number[]> {
  const open = (port: number): Promise<ReturnType<typeof createServer>> =>
    new Promise((resolve, reject) => {
      const server = createServer().once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  const opened = await Promise.allSettled(ports.map(open));
  const servers = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const found = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  if (servers.length < ports.length) throw new Error('taken');
  return found;
}

/** Ports for HTTP, gRPC and admin, and the first of as many in a row as there are workers. */
async function freePorts(): Promise<{ http: number; grpc: number; admin: number; media: number }> {
  const [http = 0, grpc = 0, admin = 0] = await probe([0, 0, 0]);
  for (;;) {
    const media = 20_000 + Math.floor(Math.random() * 10_000);
    const row = Array.from({ length: WORKERS }, (_, index) => media + index);
    if (await probe(row).then(() => true, () => false)) return { http, grpc, admin, media };
  }
}

/** How a server is started otherwise than usual. */
export interface Starting {
  workers?: number;
  /** Where it is reached, if `environment` has it listen elsewhere. */
  url?: string;
  /** Gets every line of the log. */
  onLog?: (line: string) => void;
}

/** Starts a development server; `environment` changes its configuration. */
export async function startServer(environment: Record<string, string> = {}, { workers = WORKERS, url: elsewhere, onLog }: Starting = {}): Promise<RealServer> {
  const given = process.env['SIDEROOM_URL'];
  if (given) return { url: given, admin: '', mediaPort: Number(process.env['E2E_MEDIA_PORT'] ?? 7910), restart: async () => {}, freeze: () => {}, thaw: () => {}, stop: async () => {} };
  const { http, grpc, admin, media } = await freePorts();
  const folder = mkdtempSync(join(tmpdir(), 'sideroom-e2e-'));
  // The server refuses variables that it does not know, and ours are among them.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SIDEROOM_'));
  const env = {
    ...Object.fromEntries(inherited),
    SIDEROOM_HTTP_LISTEN: `127.0.0.1:${http}`,
    SIDEROOM_GRPC_LISTEN: `127.0.0.1:${grpc}`,
    SIDEROOM_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    SIDEROOM_MEDIA_FIRST_PORT: String(media),
    SIDEROOM_HTTP_PAGES: join(ROOT, 'web/dist'),
    SIDEROOM_AUTH_KEYS: KEYS,
    // Every room is on all workers: what people hear of each other crosses between them.
    SIDEROOM_NODE_SPREAD_ABOVE: '1',
    ...environment,
  };
  const args = ['serve', '--dev', '--workers', String(workers), '--store', join(folder, 'rooms.redb')];
  let child: ChildProcess | undefined;
  const url = elsewhere ?? `http://127.0.0.1:${http}`;
  const start = async (): Promise<void> => {
    const log = process.env['SIDEROOM_LOG'] ? 'inherit' : 'ignore';
    child = spawn(binary(), args, { env, stdio: onLog ? ['ignore', 'ignore', 'pipe'] : log });
    const started = child;
    if (onLog && started.stderr) createInterface({ input: started.stderr }).on('line', onLog);
    const deadline = Date.now() + 60_000;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`The server ended with ${started.exitCode}. Set SIDEROOM_LOG=1 to see why.`);
      const up = await fetch(url).then((response) => response.ok, () => false);
      if (up) return;
      if (Date.now() > deadline) throw new Error('The server did not come up.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = child;
    if (!ended || ended.exitCode !== null) return;
    const exit = new Promise((resolve) => ended.once('exit', resolve));
    ended.kill(signal);
    await exit;
  };
  await start();
  return {
    url,
    admin: `http://127.0.0.1:${admin}`,
    mediaPort: media,
    restart: async () => {
      await end('SIGKILL');
      await start();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
