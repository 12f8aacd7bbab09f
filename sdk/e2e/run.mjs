// Bundles the browser tests and runs them one file after another: each starts a server and a browser.
// Names as arguments run only those: `npm run e2e -- story`.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)));
const out = join(here, 'dist');
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: files.map((name) => join(here, name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const tests = files.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
const flags = ['--test', '--test-concurrency=1', '--test-reporter=spec', '--enable-source-maps'];
const { status } = spawnSync(process.execPath, [...flags, ...tests], { stdio: 'inherit', cwd: dirname(here) });
process.exitCode = status ?? 1;
