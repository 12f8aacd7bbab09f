// Builds the SDK (ESM and types) and the pages that the server serves. With --sdk it builds the SDK only, as
// `npm pack` does; with --tests it bundles the unit tests; with --watch the pages are built again on each change.
import { context, build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(here, ...parts);
const flags = new Set(process.argv.slice(2));
const common = { bundle: true, format: 'esm', target: 'es2022', legalComments: 'none', logLevel: 'warning' };

async function sdk() {
  rmSync(at('js/dist'), { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: {
      index: at('js/src/index.ts'),
      'dialects/enablex': at('js/src/dialects/enablex/index.ts'),
      'dialects/acs': at('js/src/dialects/acs/index.ts'),
      'dialects/ios': at('js/src/dialects/ios/index.ts'),
    },
    outdir: at('js/dist'),
    splitting: true,
    minifySyntax: true,
    sourcemap: true,
  });
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('js')], { stdio: 'inherit' });
  // The package carries its licences; npm follows no links.
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(at('..', name), at('js', name));
}

async function pages() {
  const out = at('../web/dist');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const options = {
    ...common,
    entryPoints: [at('../web/src/meeting.ts'), at('../web/src/console.ts'), at('../web/src/style.css')],
    outdir: out,
    minify: true,
    alias: { '@sideroom/client/wire': at('js/src/wire.ts'), '@sideroom/client': at('js/src/index.ts') },
  };
  for (const page of ['index.html', 'console.html', 'icon.svg']) cpSync(at('../web/src', page), join(out, page));
  if (!flags.has('--watch')) return void (await build(options));
  const watcher = await context({ ...options, logLevel: 'info' });
  await watcher.watch();
}

async function tests() {
  rmSync(at('js/test/dist'), { recursive: true, force: true });
  const files = readdirSync(at('js/test')).filter((name) => name.endsWith('.test.ts'));
  await build({
    ...common,
    platform: 'node',
    entryPoints: files.map((name) => at('js/test', name)),
    outdir: at('js/test/dist'),
    outExtension: { '.js': '.mjs' },
    sourcemap: 'inline',
  });
}

if (flags.has('--tests')) await tests();
else {
  await sdk();
  if (!flags.has('--sdk') && existsSync(at('../web/src/meeting.ts'))) await pages();
}
