/** Every row of the dialect tables over the real server, and the coverage table that comes of it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { coverageTable, rows } from './coverage-table.ts';
import { call } from './operator.ts';
import { ROOT, startServer, type RealServer } from './server.ts';

let server: RealServer;
let browser: Browser;
let page: Page;
const results = new Map<string, string | null>();

before(async () => {
  server = await startServer();
  browser = await launch();
  const bundle = await build({ entryPoints: ['e2e/dialects-page.ts'], bundle: true, format: 'iife', write: false, target: 'es2022' });
  page = await browser.newPage({ bypassCSP: true });
  await page.exposeFunction('operate', (room: string, settings: object) => call(server.url, 'RoomService/UpdateRoom', { room, settings }));
  await page.exposeFunction('grant', (room: string, participantId: string, grants: object) => call(server.url, 'ParticipantService/SetGrants', { room, participantId, grants }));
  await page.goto(server.url);
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const name of new Set(rows.map((row) => row.test))) {
  test(name, { timeout: 180_000 }, async () => {
    results.set(name, 'not finished');
    const failure = await page.evaluate((which) => (globalThis as unknown as { playDialect(name: string): Promise<string | null> }).playDialect(which), name);
    results.set(name, failure);
    assert.equal(failure, null, failure ?? '');
  });
}

test('every row was exercised over a real server', () => {
  const text = coverageTable((name) => results.get(name) === null);
  const folder = join(ROOT, process.env['SIDEROOM_DOCS'] ? 'docs/dialects' : 'test-results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'coverage.md'), text);
  assert.deepEqual(rows.filter(({ test: name }) => results.get(name) !== null).map(({ id }) => id), []);
});
