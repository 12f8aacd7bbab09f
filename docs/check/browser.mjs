// Compiles the TypeScript of a page as a strict app would, runs it in Chromium, and opens pages as a reader is
// told to. One JSON object a line in, one out: {"ok":true} or {"wrong":"…"}.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { writeFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sdk = join(here, '../../sdk');
const require = createRequire(join(sdk, 'package.json'));
const PATIENCE_MS = 120_000;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--mute-audio',
];

let launching;
const browser = () =>
  (launching ??= require('playwright-core').chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS }));
const opened = [];

/** Compiles `files`, all in one folder. */
function compile({ folder, files }) {
  const config = {
    extends: join(sdk, 'tsconfig.base.json'),
    compilerOptions: {
      noEmit: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      skipLibCheck: false,
      moduleDetection: 'force',
      paths: {
        '@sideroom/client': [join(sdk, 'js/dist/index.d.ts')],
        '@sideroom/client/dialects/*': [join(sdk, 'js/dist/dialects/*/index.d.ts')],
      },
    },
    files: [...files, join(here, 'context.d.ts')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const done = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
  if (done.status) throw new Error(done.stdout + done.stderr);
}

/** A page of its own origin that runs one program, as an app's page would. */
async function run({ file, globals }) {
  const bundle = await require('esbuild').build({
    stdin: { contents: `${readFileSync(file, 'utf8')}\n;globalThis.docsCheckDone = true;`, loader: 'ts', resolveDir: sdk },
    alias: Object.fromEntries(['', '/dialects/enablex', '/dialects/acs', '/dialects/ios'].map((part) => [`@sideroom/client${part}`, join(sdk, `js/dist${part || '/index'}.js`)])),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const script = bundle.outputFiles[0].text;
  const html = '<!doctype html><title>docs</title><video id="video" autoplay muted></video><script type="module" src="/app.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === '/app.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const context = await (await browser()).newContext();
  try {
    const page = await context.newPage();
    let fail;
    const failed = new Promise((_, reject) => (fail = reject));
    failed.catch(() => {});
    page.on('pageerror', (error) => fail(error));
    await page.addInitScript((values) => Object.assign(globalThis, values, { fetchToken: async () => values.token }), globals);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await Promise.race([failed, page.waitForFunction('globalThis.docsCheckDone', undefined, { timeout: PATIENCE_MS })]);
    // What a program leaves behind may fail a little later.
    await Promise.race([failed, page.waitForTimeout(300)]);
  } finally {
    await context.close();
    server.close();
  }
}

/** Opens each address in a window of its own; they stay open until the page's end. */
async function open({ urls, until }) {
  for (const url of urls) {
    const context = await (await browser()).newContext();
    const page = await context.newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(url);
    opened.push(page);
  }
  await see({ text: until });
}

/** Presses a button of the first window; what follows is seen in all of them. */
async function press({ button, until }) {
  await opened[0].getByRole('button', { name: button, exact: true }).click({ timeout: PATIENCE_MS });
  await see({ text: until });
}

/** Waits until every open page shows the text. */
async function see({ text }) {
  for (const page of opened) {
    if (text) await page.waitForFunction((wanted) => document.body.innerText.includes(wanted), text, { timeout: PATIENCE_MS }).catch(async () => {
      throw new Error(`${page.url()} does not show "${text}" but:\n${await page.evaluate(() => document.body.innerText)}`);
    });
    if (page.errors.length) throw new Error(page.errors.join('\n'));
  }
}

async function close() {
  for (const page of opened.splice(0)) await page.context().close();
}

const operations = { compile, run, open, press, see, close };
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...rest } = JSON.parse(line);
  try {
    await operations[operation](rest);
    console.log(JSON.stringify({ ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ wrong: String(error.message ?? error) }));
  }
}
await launching?.then((one) => one.close());
