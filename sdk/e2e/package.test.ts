/**
 * The package as it is published: packed, installed into an app, checked with every declaration read, built with Vite
 * and loaded by a plain import map; both pages join a room in Chromium.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launch, serveFolder, watchErrors } from './browser.ts';
import { ROOT, startServer, type RealServer } from './server.ts';

const MODULES = join(ROOT, 'sdk/node_modules');
const limits = { timeout: 300_000 };

const PROGRAM = `import { connect, SideroomError, type Breakout, type Invitation, type Room } from '@sideroom/client';
import * as acs from '@sideroom/client/dialects/acs';
import * as enablex from '@sideroom/client/dialects/enablex';
import * as ios from '@sideroom/client/dialects/ios';

const given = new URLSearchParams(location.search);
const show = (text: string): void => void (document.title = text);

async function start(): Promise<Room> {
  const room: Room = await connect(given.get('server') ?? '', given.get('token') ?? '');
  room.breakouts.on('invitation', (invitation: Invitation) => void invitation.accept().then((breakout: Breakout) => show(breakout.name)));
  return room;
}

start().then(
  (room) => show(\`joined as \${room.me.name}, \${[acs, enablex, ios].every((dialect) => Object.keys(dialect).length > 0)}\`),
  (error: unknown) => show(error instanceof SideroomError ? error.code : String(error)),
);
`;

const IMPORTS = Object.fromEntries(['', '/dialects/acs', '/dialects/enablex', '/dialects/ios'].map((part) => [`@sideroom/client${part}`, `/node_modules/@sideroom/client/dist${part || '/index'}.js`]));

const HEAD = '<!doctype html><title>starting</title><link rel="icon" href="data:,">';

let app: string;
let server: RealServer;
let browser: Browser;

const run = (program: string, ...given: string[]): string => execFileSync(program, given, { cwd: app, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (script: string, ...given: string[]): string => run(process.execPath, join(MODULES, script), ...given);

before(async () => {
  app = mkdtempSync(join(tmpdir(), 'sideroom-app-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', app], { cwd: join(ROOT, 'sdk/js'), stdio: 'pipe' });
  const packed = readdirSync(app).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  run('npm', 'install', '--offline', '--no-audit', '--no-fund', `./${packed}`);
  mkdirSync(join(app, 'src'));
  writeFileSync(join(app, 'src/app.ts'), PROGRAM);
  writeFileSync(join(app, 'index.html'), `${HEAD}<script type="module" src="/src/app.ts"></script>`);
  writeFileSync(join(app, 'plain.html'), `${HEAD}<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script><script type="module" src="/plain/app.js"></script>`);
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (app) rmSync(app, { recursive: true, force: true });
});

/** Compiles the app as strictly as a careful author does. */
function compile(options: object): void {
  const compilerOptions = { strict: true, skipLibCheck: false, target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], types: [], ...options };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  try {
    node('typescript/bin/tsc', '-p', '.');
  } catch (error) {
    assert.fail(String((error as { stdout?: string }).stdout ?? error));
  }
}

/** Opens a page of a folder, and waits until it has joined. */
async function joins(folder: string, path: string): Promise<void> {
  const body = JSON.stringify({ room: 'package', identity: path, name: path, role: 'participant' });
  const answer = await fetch(`${server.url}/dev/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { token } = (await answer.json()) as { token: string };
  const files = await serveFolder(folder);
  const page = await browser.newPage();
  try {
    const errors = watchErrors(page);
    await page.goto(`${files.url}/${path}?${new URLSearchParams({ server: server.url, token })}`);
    await page.waitForFunction(() => document.title !== 'starting', undefined, { timeout: 60_000 });
    assert.equal(await page.title(), `joined as ${path}, true`);
    assert.deepEqual(errors, []);
  } finally {
    await page.close();
    files.server.close();
  }
}

test('an app with the installed package compiles for bundlers, with skipLibCheck: false, is built by Vite, and joins a room', limits, async () => {
  compile({ module: 'esnext', moduleResolution: 'bundler', noEmit: true });
  node('vite/bin/vite.js', 'build', '--logLevel', 'error');
  await joins(join(app, 'dist'), 'index.html');
});

test('an app with the installed package compiles as ESM, with skipLibCheck: false, and joins a room behind a plain import map', limits, async () => {
  compile({ module: 'nodenext', moduleResolution: 'nodenext', rootDir: 'src', outDir: 'plain' });
  await joins(app, 'plain.html');
});
