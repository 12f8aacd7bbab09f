/** The worked example runs to its end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { PATIENCE_MS, ROOT, SECRET, Server } from './server.js';

test('the worked example', async () => {
  const server = await Server.start();
  const env = { ...process.env, SIDEROOM_URL: server.url, SIDEROOM_KEY: 'app', SIDEROOM_SECRET: SECRET };
  const program = new URL('../examples/walk.js', import.meta.url).pathname;
  try {
    const options = { env, cwd: ROOT, timeout: PATIENCE_MS };
    const { stdout } = await promisify(execFile)(process.execPath, [program], options);
    assert(stdout.endsWith('ok\n'), stdout);
  } finally {
    await server.close();
  }
});
