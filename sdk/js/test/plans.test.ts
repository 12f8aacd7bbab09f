/** Rotations, arrangements and attendance over the fake gateway. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { commands, SideroomError, type Room } from '../src/index.ts';
import { event } from '../src/wire.ts';
import { next, until, world, type World } from './support.ts';

let here: World;
afterEach(() => here?.leaveAll());

async function stage(): Promise<{ ada: Room; bob: Room; eve: Room }> {
  here = world();
  const [ada, bob, eve] = [await here.join('ada', 'moderator'), await here.join('bob'), await here.join('eve')];
  await ada.breakouts.create({ rooms: 2, capacity: 4 });
  return { ada, bob, eve };
}

test('a rotation is planned, begun, paused, resumed, skipped and ended; only moderators know its plan', async () => {
  const { ada, bob } = await stage();
  const plan = await ada.rotations.plan({ rounds: 3, roundMs: 60_000.4 });
  assert.deepEqual([plan.ahead.length, plan.seed, plan.begun], [3, '18446744073709551615', 0], 'the seed keeps its 64 bits');
  const runs = ada.rotations.current;
  assert.equal(runs, undefined, 'a plan begins nothing');
  const told = next(bob.rotations, 'changed');
  const { rotation, leftOverIds } = await ada.rotations.start({ rounds: 3, roundMs: 60_000, seed: plan.seed });
  assert.deepEqual([rotation.begun, rotation.ahead.length, leftOverIds], [1, 2, []]);
  const sent = here.gateway.received.findLast(({ method }) => method === 'BreakoutService/StartRotation');
  assert.deepEqual(sent?.['body'], { rounds: 3, roundMs: 60_000, breakoutIds: [], seed: plan.seed });
  assert.deepEqual([(await told).rotation.rounds, bob.rotations.current?.ahead], [3, []]);
  await until(ada, () => ada.rotations.current?.ahead.length === 2);
  await ada.rotations.pause();
  await until(bob, () => bob.rotations.current?.nextAtMs === 0);
  assert.equal(bob.rotations.current?.pausedMs, 60_000);
  await until(ada, () => ada.rotations.current?.pausedMs === 60_000);
  assert.equal(ada.rotations.current?.ahead.length, 2, 'a pause keeps the plan');
  await ada.rotations.resume();
  await until(bob, () => (bob.rotations.current?.nextAtMs ?? 0) > 0);
  await ada.rotations.skip();
  await until(ada, () => ada.rotations.current?.ahead.length === 1);
  const again = await here.join('ann', 'moderator');
  assert.deepEqual([again.rotations.current?.begun, again.rotations.current?.ahead.length], [2, 1]);
  const ended = next(bob.rotations, 'ended');
  await ada.rotations.end();
  assert.deepEqual(await ended, { end: 'stopped' });
  assert.equal(bob.rotations.current, undefined);
  await assert.rejects(bob.rotations.start({ rounds: 1, roundMs: 1_000 }), { code: 'NotModerator' });
  await assert.rejects(ada.rotations.skip(), { code: 'NotFound' });
});

test('after the last round of a rotation everybody is back', async () => {
  const { ada, bob, eve } = await stage();
  await ada.rotations.start({ rounds: 1, roundMs: 60_000 });
  await until(eve, () => eve.me.isAway);
  const moved = next(bob, 'moved', ({ participant }) => participant.isMe);
  const ended = next(bob.rotations, 'ended');
  await ada.rotations.skip();
  assert.equal((await moved).reason, 'rotated');
  assert.deepEqual(await ended, { end: 'done' });
});

test('an arrangement is kept from a list, shown, applied, made from how things stand, and removed', async () => {
  const { ada, bob, eve } = await stage();
  const saved = next(ada.arrangements, 'saved');
  assert.deepEqual(await ada.arrangements.save('first', { list: 'Red,bob\nBlue,eve,late' }), { name: 'first', rooms: 2, identities: 3 });
  assert.equal((await saved).arrangement.name, 'first');
  assert.deepEqual(await ada.arrangements.rooms('first'), [
    { name: 'Red', capacity: undefined, identities: ['bob'] },
    { name: 'Blue', capacity: undefined, identities: ['eve', 'late'] },
  ]);
  const moved = next(eve, 'moved', ({ participant }) => participant.isMe);
  const applied = await ada.arrangements.apply('first', { open: true });
  assert.deepEqual([applied.breakoutIds.length, applied.absentIdentities], [2, ['late']]);
  assert.deepEqual([(await moved).to, (await moved).reason], [applied.breakoutIds[1], 'arranged']);
  await ada.arrangements.save('another', 'asItStands');
  await until(ada, () => ada.arrangements.all.length === 2);
  assert.deepEqual(ada.arrangements.all.map(({ name }) => name), ['another', 'first']);
  assert.equal((await here.join('ann', 'moderator')).arrangements.all.length, 2);
  const removed = next(ada.arrangements, 'removed');
  await ada.arrangements.remove('first');
  assert.deepEqual(await removed, { name: 'first' });
  assert.deepEqual(bob.arrangements.all, [], 'moderators see them');
});

test('a list with faults names each line', async () => {
  const { ada } = await stage();
  const refused = ada.arrangements.save('first', { list: 'Red\nBlue,eve\nGreen' });
  await assert.rejects(refused, (error: SideroomError) => {
    assert.deepEqual(error.lines.map(({ line }) => line), [1, 3]);
    assert.match(error.lines[0]?.problem ?? '', /no identity/);
    return true;
  });
});

test('attendance is read page by page, of all or of one', async () => {
  const { ada, bob } = await stage();
  const [first, second] = ada.breakouts.all;
  for (const to of [first, second]) await ada.breakouts.move({ [bob.me.id]: to?.id ?? '' });
  const rows = await ada.attendance('bob');
  assert.deepEqual(rows.map(({ identity, groupId, connectedMs, endReason }) => [identity, groupId, connectedMs, endReason]), [
    ['bob', first?.id, 5, undefined],
    ['bob', second?.id, 5, undefined],
  ]);
  assert.equal((await ada.attendance()).length, rows.length);
});

test('a breakout has a timer, and rotations and arrangements are scheduled', () => {
  assert.deepEqual(commands.update('b1', { endsAtMs: 1_000.4 }).body, { breakoutId: 'b1', displayName: undefined, door: undefined, endsAtMs: '1000' });
  assert.deepEqual(commands.changeRotation('skip'), { method: 'ChangeRotation', body: { step: 'ROTATION_STEP_SKIP' } });
  assert.deepEqual(commands.applyArrangement('first', { open: true }), { method: 'ApplyArrangement', body: { name: 'first', open: true } });
  const over = event({ type: 'rotationChanged', rotationChanged: { end: 'ROTATION_END_VOID' } });
  assert.deepEqual(over?.payload, { rotation: undefined, end: 'void' });
});
