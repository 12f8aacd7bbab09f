/**
 * The parent is paused for everybody who is away: not one packet of it arrives, and when it is resumed it is
 * heard and seen at once. Measured inside the browser, round after round.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { median, openKit, print } from './kit.ts';
import { limitMs, shareOfCore } from './pace.ts';
import { startServer, type RealServer } from './server.ts';

const ROUNDS = 7;
/**
 * Packets that were on their way when the pause was answered have arrived once it was silent for this
 * long.
 */
const DRAIN_MS = 300;
const PAUSED_MS = 2_000;
/** Longer than any jitter buffer holds back. */
const GONE_WITHIN_MS = 9_000;
const RESUMED_WITHIN_MS = 200;
const FADED_WITHIN_MS = 300;
/** A sound quieter than a tenth of a voice counts as silence. */
const NOBODY = 0.02;

const TONES = [440, 610];

let server: RealServer;
let browser: Browser;
let page: Page;
let other: Page;
const errors: string[][] = [];

before(async () => {
  server = await startServer();
  browser = await launch();
  const opened = [await openKit(browser, server.url), await openKit(browser, server.url)] as const;
  [page, other] = [opened[0].page, opened[1].page];
  errors.push(...opened.map((each) => each.errors));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** One round: how many packets came while paused, and when the parent was back after the answer. */
interface Round {
  packets: number;
  /** From the answer to the pause until nothing of the parent was heard any more. */
  fadedMs: number;
  soundMs: number;
  frameMs: number;
}

/** Pauses for a while, and resumes. Stays for a second, so that the next round begins in full flow. */
function round(): Promise<Round> {
  return page.evaluate(
    async ({ drainMs, pausedMs, nobody }) => {
      const ann = kit.person('ann');
      const packets = async (): Promise<number> => (await ann.inbound()).reduce((all, each) => all + each.packetsReceived, 0);
      const { answered: paused } = await ann.timed(() => ann.room.setGate({ paused: true }));
      const last = (): number => ann.heard(paused).findLast(({ levels }) => (levels[1] ?? 0) > nobody)?.at ?? paused.audio;
      // A page that is behind still takes in packets of before the pause.
      const drainedBy = performance.now() + 10_000;
      let before = -1;
      for (let now = await packets(); now !== before && performance.now() < drainedBy; now = await packets()) {
        before = now;
        await kit.wait(drainMs);
      }
      await kit.until(() => (ann.ear.record.at(-1)?.at ?? 0) - last() > drainMs / 1000, 10_000);
      const fadedMs = (last() - paused.audio) * 1000;
      before = await packets();
      await kit.wait(pausedMs);
      const during = (await packets()) - before;
      const { answered } = await ann.timed(() => ann.room.setGate({ paused: false }));
      const sound = (): number | undefined => ann.heard(answered).find(({ levels }) => (levels[1] ?? 0) > kit.heard)?.at;
      const frame = (): number | undefined => ann.seen(answered).find(({ colour }) => colour === 'red')?.at;
      await kit.until(() => sound() !== undefined && frame() !== undefined, 10_000);
      await kit.wait(1_000);
      return { packets: during, fadedMs, soundMs: ((sound() ?? Infinity) - answered.audio) * 1000, frameMs: (frame() ?? Infinity) - answered.ms };
    },
    { drainMs: DRAIN_MS, pausedMs: PAUSED_MS, nobody: NOBODY },
  );
}

test('the parent paused and resumed while away', { timeout: 400_000 }, async () => {
  const share = [shareOfCore()];
  await page.evaluate((tones) => kit.join({ room: 'pause', name: 'ann', role: 'moderator', audioSlots: 3, videoSlots: 3 }, tones), TONES);
  await other.evaluate((tones) => kit.join({ room: 'pause', name: 'pat', audioSlots: 1, videoSlots: 1 }, tones), TONES);
  await page.evaluate(() => kit.publish('ann', 440, 'yellow'));
  await other.evaluate(() => kit.publish('pat', 610, 'red'));
  await page.evaluate(async () => {
    const { breakouts } = kit.person('ann').room;
    const [breakout] = await breakouts.create({ rooms: 1, capacity: 4, media: { audio: true, camera: true } });
    await breakout?.join();
    await kit.person('ann').room.setGate({ paused: false });
  });
  const began = await page.evaluate(() => kit.until(() => kit.person('ann').eye.record.at(-1)?.colour === 'red' && (kit.person('ann').ear.record.at(-1)?.levels[1] ?? 0) > kit.heard, 30_000));
  assert.ok(began, 'the parent is heard and seen while away');

  const rounds: Round[] = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    rounds.push(await round());
    if (index % 4 === 3) share.push(shareOfCore());
  }
  for (const what of ['soundMs', 'frameMs', 'fadedMs', 'packets'] as const) print(`resume, ${what}`, rounds.map((each) => each[what]));
  for (const [index, { packets, fadedMs }] of rounds.entries()) {
    assert.equal(packets, 0, `packets of the paused parent in round ${index + 1}`);
    assert.ok(fadedMs < GONE_WITHIN_MS, `the paused parent is heard for ${fadedMs.toFixed()} ms in round ${index + 1}`);
  }
  for (const { soundMs, frameMs } of rounds) assert.ok(Number.isFinite(soundMs + frameMs), 'the parent came back in every round');
  for (const [what, limit] of [['soundMs', RESUMED_WITHIN_MS], ['frameMs', RESUMED_WITHIN_MS], ['fadedMs', FADED_WITHIN_MS]] as const) {
    const ms = median(rounds.map((each) => each[what]));
    assert.ok(ms < limitMs(limit, Math.min(...share)), `${what} is ${ms.toFixed()} at the median`);
  }
  assert.deepEqual(errors, [[], []]);
});
