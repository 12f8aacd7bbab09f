/**
 * The worst moments of bad networks, short: Chromium receives through a link that loses, narrows and goes
 * away. Bounds here are wide, for any machine; `make bench-networks` measures against the published ones.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { shareOfCore } from './pace.ts';
import { drop, loss, outage, type Measured, type Setting } from './badnet/scenarios.ts';

/** Factor for times on a busy machine. */
const PATIENCE = 3;

const setting = (room: string): Setting => ({ seed: 1, patience: PATIENCE, room });

/** A machine that encodes less than this of the camera's frames shows nothing about networks. */
const ENOUGH = 0.7;
/** With less than this of a core, results that depend on timely encoding and decoding mean nothing. */
const IDLE = 0.8;

function holds(test: TestContext, { name, bounds, figures, encoded }: Measured): void {
  if (encoded < ENOUGH) return test.skip(`${name}: this machine encoded ${Math.round(encoded * 100)} % of the frames`);
  const isIdle = encoded > 0.95 && shareOfCore() > IDLE;
  const told = bounds.filter(({ needsIdleMachine }) => !needsIdleMachine || isIdle);
  const broken = told.filter((bound) => !bound.holds).map(({ what, seen, wanted }) => `${what}: ${seen}, wanted ${wanted}`);
  assert.deepEqual(broken, [], `${name}: ${JSON.stringify(figures)}`);
}

test('a path that narrows to a sixth and comes back', { timeout: 180_000 }, async (context) => {
  holds(context, await drop(setting('drop'), 8_000, 10_000));
});

test('a tenth of all packets lost', { timeout: 180_000 }, async (context) => {
  holds(context, await loss(setting('loss'), 0.1, 0.02, 8_000));
});

test('a path that is gone for two seconds', { timeout: 180_000 }, async (context) => {
  holds(context, await outage(setting('outage')));
});
