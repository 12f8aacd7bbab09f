/**
 * Five clients live through random stories: publish, mute, are invited, move, listen in, ask for help, change roles,
 * go and come back. After every step each one's account of the room, kept by events, equals a fresh `GetRoom`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launch, watchErrors } from './browser.ts';
import type { Crowd } from './page/crowd.ts';
import { startServer, type RealServer } from './server.ts';

declare global {
  // eslint-disable-next-line no-var
  var crowd: Crowd;
}

const STORIES = Number(process.env['TRUTH_STORIES'] ?? 4);
const STEPS = Number(process.env['TRUTH_STEPS'] ?? 40);
/** The same stories in every run; `TRUTH_SEED=$RANDOM TRUTH_STORIES=50` tells others. */
const FIRST = Number(process.env['TRUTH_SEED'] ?? 1);

let server: RealServer;
let browser: Browser;
let page: Page;

before(async () => {
  server = await startServer();
  browser = await launch();
  const bundle = await build({ entryPoints: ['e2e/page/crowd.ts'], bundle: true, format: 'iife', write: false, target: 'es2022' });
  page = await browser.newPage({ bypassCSP: true });
  await page.goto(`${server.url}/`);
  await page.evaluate(() => document.body.replaceChildren());
  watchErrors(page);
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (let story = 0; story < STORIES; story += 1) {
  const seed = FIRST + story;
  test(`what each client is told adds up to a fresh GetRoom (TRUTH_SEED=${seed})`, { timeout: 300_000 }, async () => {
    const { steps, accepted, wrong } = await page.evaluate(([from, count]) => crowd.live(from as number, count as number), [seed, STEPS]);
    console.log(`# seed ${seed}: ${steps.length} steps, ${accepted} of them accepted`);
    if (wrong) assert.deepEqual(wrong.held, wrong.due, `${wrong.viewer} after ${steps.slice(-5).join(', ')}`);
    assert.ok(accepted > STEPS / 4, `the story was refused: ${steps.join(', ')}`);
  });
}
