/** Every scenario of the three dialects over the fake gateway, and the table that names them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeStream, FakeTrack, installBrowser } from '../../fake/browser.ts';
import { FakeGateway } from '../../fake/gateway.ts';
import { appLines } from '../../e2e/app-lines.ts';
import { coverageTable, rows } from '../../e2e/coverage-table.ts';
import { play, scenarios } from './dialects/index.ts';
import type { Setup } from './dialects/stage.ts';

const gateway = new FakeGateway();
installBrowser(gateway.webSocket());
const devices = { getUserMedia: async () => new FakeStream([new FakeTrack('audio')]), enumerateDevices: async () => [], addEventListener() {}, removeEventListener() {} };
Object.defineProperty(navigator, 'mediaDevices', { value: devices, configurable: true });

const setup: Setup = {
  url: 'http://sfu.test',
  options: { backoff: { firstMs: 5 } },
  token: async (room, identity, role) => gateway.token(room, identity, role),
  async operate(room, settings) {
    const fake = gateway.room(room);
    fake.settings['breakouts'] = { ...fake.settings['breakouts'], ...(settings['breakouts'] as object) };
    fake.emit('settingsChanged', { settings: fake.settings['breakouts'] });
  },
  async grant(room, participantId, grants) {
    const fake = gateway.room(room);
    const who = fake.participants.get(participantId);
    if (who) who.creates = grants['createBreakouts'] === true;
    fake.emit('grantsChanged', { participantId, grants });
  },
};

for (const [index, scenario] of scenarios.entries()) {
  test(scenario.name, () => play(setup, scenario, `room-${index}`));
}

test('the table names a scenario for every row, and every scenario is in it', () => {
  const exercised = new Map(scenarios.flatMap((scenario) => scenario.rows.map((row) => [row, scenario.name] as const)));
  for (const { id, test: name } of rows) assert.equal(exercised.get(id), name, `row ${id}`);
  const listed = new Set(rows.map(({ id }) => id));
  assert.deepEqual([...exercised.keys()].filter((id) => !listed.has(id)), [], 'rows that the table lacks');
  assert.equal(listed.size, rows.length, 'ids are unique');
});

test('every row has a line of a test app that uses it, and the page of coverage names it', () => {
  const places = appLines();
  assert.deepEqual(rows.filter(({ id }) => !places.has(id)).map(({ id }) => id), [], 'rows without an app line: name them in `// row:` at the line that uses them');
  const known = new Set(rows.map(({ id }) => id));
  assert.deepEqual([...places].filter(([id]) => !known.has(id)), [], 'app lines that name no row');
  const written = new Set(readFileSync('../docs/dialects/coverage.md', 'utf8').split('\n'));
  const stale = coverageTable(() => true).split('\n').find((line) => !written.has(line));
  assert.equal(stale, undefined, 'write the page anew: SIDEROOM_DOCS=1 npm run e2e -- dialects');
});
