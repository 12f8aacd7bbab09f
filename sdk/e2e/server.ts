/** The real server: the one at SIDEROOM_URL, or a binary that is started on free ports for one test file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KEYS } from './operator.ts';

/** The root of the repository: the tests run from `sdk/`. */
export const ROOT = dirname(process.cwd());

export interface RealServer {
  url: string;
  admin: string;
  /** Ends the process and starts it anew on the same ports, with the same store. */
  restart(): Promise<void>;
  /** Stops answering anything, as if the network was gone; and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Where the binary is: SIDEROOM_BIN, or what cargo built. */
function binary(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target');
  const found = [process.env['SIDEROOM_BIN'], join(target, 'release/sideroom'), join(target, 'debug/sideroom')].find((path) => path && existsSync(path));
  if (!found) throw new Error('Build the server first (cargo build --release -p sideroom), or set SIDEROOM_BIN or SIDEROOM_URL.');
  return found;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts a development server; `environment` changes its configuration. */
export async function startServer(environment: Record<string, string> = {}, host = '127.0.0.1', wrap: string[] = []): Promise<RealServer> {
  const given = process.env['SIDEROOM_URL'];
  if (given && !wrap.length) return { url: given, admin: '', restart: async () => {}, freeze: () => {}, thaw: () => {}, stop: async () => {} };
  const [http = 0, grpc = 0, admin = 0, media = 0] = await freePorts(4);
  const folder = mkdtempSync(join(tmpdir(), 'sideroom-e2e-'));
  // The server refuses variables that it does not know, and ours are among them.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SIDEROOM_'));
  const env = {
    ...Object.fromEntries(inherited),
    SIDEROOM_HTTP_LISTEN: `${host}:${http}`,
    SIDEROOM_GRPC_LISTEN: `${host}:${grpc}`,
    SIDEROOM_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    SIDEROOM_MEDIA_FIRST_PORT: String(media),
    SIDEROOM_HTTP_PAGES: join(ROOT, 'web/dist'),
    SIDEROOM_AUTH_KEYS: KEYS,
    ...environment,
  };
  const [command = "", ...args] = [...wrap, binary(), 'serve', '--dev', '--workers', '2', '--store', join(folder, 'rooms.redb')];
  let child: ChildProcess | undefined;
  const url = `http://${host}:${http}`;
  const start = async (): Promise<void> => {
    child = spawn(command, args, { env, stdio: process.env['SIDEROOM_LOG'] ? 'inherit' : 'ignore' });
    const started = child;
    const deadline = Date.now() + 10_000;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`The server ended with ${started.exitCode}. Set SIDEROOM_LOG=1 to see why.`);
      const up = await fetch(url).then((response) => response.ok, () => false);
      if (up) return;
      if (wrap.length && Date.now() > deadline - 8_000) return;
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
