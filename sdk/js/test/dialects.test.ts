/** Every scenario of the three dialects over the fake gateway, and the table that names them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeStream, FakeTrack, installBrowser } from '../../fake/browser.ts';
import { FakeGateway } from '../../fake/gateway.ts';
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

interface Row {
  id: string;
  dialect: string;
  item: string;
  test: string;
}

test('the table names a scenario for every row, and every scenario is in it', () => {
  const { rows } = JSON.parse(readFileSync('js/src/dialects/table.json', 'utf8')) as { rows: Row[] };
  const exercised = new Map(scenarios.flatMap((scenario) => scenario.rows.map((row) => [row, scenario.name] as const)));
  for (const { id, test: name } of rows) assert.equal(exercised.get(id), name, `row ${id}`);
  const listed = new Set(rows.map(({ id }) => id));
  assert.deepEqual([...exercised.keys()].filter((id) => !listed.has(id)), [], 'rows that the table lacks');
  assert.equal(listed.size, rows.length, 'ids are unique');
});
