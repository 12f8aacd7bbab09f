// Prints what the SDK weighs when an app bundles all of it, and fails above the limit.
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const LIMIT = 25 * 1024;

/** The gzipped size of a module and everything it imports. */
async function sizeOf(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(here, 'js/src'), loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const rows = [
  ['@sideroom/client', `export * from './index.ts'`],
  ['  with EnableX', `export * from './index.ts'; export * from './dialects/enablex/index.ts'`],
  ['  with iOS', `export * from './index.ts'; export * from './dialects/ios/index.ts'`],
  ['  with ACS', `export * from './index.ts'; export * from './dialects/acs/index.ts'`],
];
let failed = false;
for (const [name, source] of rows) {
  const bytes = await sizeOf(source);
  failed ||= bytes > LIMIT;
  console.log(`${name.padEnd(20)} ${String(bytes).padStart(6)} of ${LIMIT} bytes gzipped`);
}
if (failed) process.exitCode = 1;
