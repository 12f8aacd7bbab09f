/**
 * Sound that clients encrypt end to end, frame by frame, over a path that loses a tenth of all packets: whatever the
 * server does about the losses, it takes no frame apart. Everything that arrives can be decrypted.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { Link } from './badnet/link.ts';
import type { EncryptedPage, Joining } from './encrypted/page.ts';
import { startServer, type RealServer } from './server.ts';

declare global {
  // eslint-disable-next-line no-var
  var encrypted: EncryptedPage;
}

/** Longer than a slow machine takes. */
const PATIENCE_MS = 150_000;
/** Ten seconds of sound. */
const FRAMES = 500;

let server: RealServer;
let browser: Browser;
let link: Link;

before(async () => {
  server = await startServer({}, { workers: 1 });
  browser = await launch();
  link = await Link.open(server.mediaPort, 'loss=0.1');
});

after(async () => {
  await browser?.close();
  await link?.close();
  await server?.stop();
});

async function joined(script: string, joining: Joining): Promise<Page> {
  const page = await (await browser.newContext({ bypassCSP: true })).newPage();
  await page.goto(server.url);
  await page.evaluate(() => document.body.replaceChildren());
  await page.addScriptTag({ content: script });
  await page.evaluate((how) => encrypted.join(how), joining);
  return page;
}

test('every frame of a client that arrives through a tenth of loss can be decrypted', { timeout: 300_000 }, async (context) => {
  const bundle = await build({ entryPoints: ['e2e/encrypted/page.ts'], bundle: true, format: 'iife', write: false, target: 'es2022', alias: { '@sideroom/client': './js/src/index.ts' } });
  const script = bundle.outputFiles[0]?.text ?? '';
  const lossy = await joined(script, { room: 'secret', name: 'lou', via: link.address });
  const clean = await joined(script, { room: 'secret', name: 'cleo' });
  const speaker = await joined(script, { room: 'secret', name: 'sue' });
  await speaker.evaluate(() => encrypted.speak());
  for (const page of [lossy, clean]) {
    await page.waitForFunction((frames) => {
      const { frames: seen, undecryptable } = encrypted.decrypted();
      return seen >= frames || undecryptable > 0;
    }, FRAMES, { timeout: PATIENCE_MS, polling: 200 });
  }
  for (const [name, page] of [['lossy', lossy], ['clean', clean]] as const) {
    const [frames, sound] = await page.evaluate(async () => [encrypted.decrypted(), await encrypted.sound()] as const);
    context.diagnostic(`${name}: ${JSON.stringify({ ...frames, ...sound })}`);
    assert.equal(frames.undecryptable, 0, `${name}: ${JSON.stringify(frames)}`);
    if (name === 'lossy') assert.ok(sound.lost > FRAMES / 50, `the path lost packets: ${JSON.stringify(sound)}`);
  }
});
