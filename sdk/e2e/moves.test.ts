/**
 * A participant who talks and shows a camera is moved fifty times, seen from inside the browser: nothing is
 * negotiated anew, the sound hardly breaks, the new group is seen at once and the old one is gone.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { median, openKit, print } from './kit.ts';
import { limitMs, shareOfCore } from './pace.ts';
import type { Identity } from './page/guard.ts';
import { startServer, type RealServer } from './server.ts';

const MOVES = 50;

/** People by name, with their identities. The mover is `ann`. */
const PEOPLE = {
  ann: { tone: 440, colour: 'yellow' },
  pat: { tone: 610, colour: 'red' },
  one: { tone: 1130, colour: 'green' },
  two: { tone: 1730, colour: 'blue' },
};
type Name = keyof typeof PEOPLE;
const NAMES = Object.keys(PEOPLE) as Name[];
const TONES = NAMES.map((name) => PEOPLE[name].tone);

/**
 * The way of the mover, by the person who lives in the group: parent, first breakout, second breakout,
 * parent, …
 */
const WAY: Name[] = ['pat', 'one', 'two'];

/** The old group is gone when neither a sound nor a frame of it came for so long. */
const GONE_MS = 500;
/** It is gone this long after a move, at the median: the jitter buffer has played its content. */
const FADED_WITHIN_MS = 300;
/** Without a move, how much of the sound this machine makes up by itself is measured for so long. */
const CALM_MS = 5_000;

/** A move may cost this much of the sound. */
const CONCEALED_MS = 60;
/** The new group is seen within this time at the median. */
const SEEN_WITHIN_MS = 400;
/** A sound quieter than a tenth of a voice counts as silence. */
const NOBODY = 0.02;

let server: RealServer;
let browser: Browser;
let mover: Page;
let others: Page;
const errors: string[][] = [];

before(async () => {
  server = await startServer();
  browser = await launch();
  const opened = [await openKit(browser, server.url), await openKit(browser, server.url)] as const;
  [mover, others] = [opened[0].page, opened[1].page];
  errors.push(...opened.map((each) => each.errors));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Measurements of a move, by the mover's page and by the others. */
interface Step {
  from: Name;
  to: Name;
  /** From the answer to the first frame and the first sound of the new group. */
  frameMs: number;
  soundMs: number;
  /** From the command to its answer, and to the first frame. */
  answerMs: number;
  commandToFrameMs: number;
  /** How much of the sound was made up, silence apart. */
  concealedMs: number;
  /** From the answer to the last sound and the last frame of the old group; whether it is gone at all. */
  oldSoundMs: number;
  oldFrameMs: number;
  gone: boolean;
  /** How loud each group hears the mover in the end. */
  moverLevels: Record<string, number>;
  signalingState: string;
  identity: string;
}

/** Moves the mover into the group of `to`. */
async function step(from: Name, to: Name, group: string): Promise<Step> {
  const seen = await mover.evaluate(
    async ({ group, colour, old, tone, oldTone, goneMs, nobody }) => {
      const ann = kit.person('ann');
      const before = await ann.concealedMs();
      const { asked, answered } = await ann.timed(() => ann.room.breakouts.move({ [ann.room.me.id]: group }));
      const frame = (): number | undefined => ann.seen(asked).find((each) => each.colour === colour)?.at;
      const sound = (): number | undefined => ann.heard(asked).find(({ levels }) => (levels[tone] ?? 0) > kit.heard)?.at;
      await kit.until(() => frame() !== undefined && sound() !== undefined, 30_000);
      const oldSound = (): number => ann.heard(asked).findLast(({ levels }) => (levels[oldTone] ?? 0) > nobody)?.at ?? asked.audio;
      const oldFrame = (): number => ann.seen(asked).findLast((each) => each.colour === old)?.at ?? asked.ms;
      const gone = (): boolean => ((ann.ear.record.at(-1)?.at ?? 0) - oldSound()) * 1000 > goneMs && performance.now() - oldFrame() > goneMs;
      await kit.until(gone, 10_000);
      return {
        frameMs: (frame() ?? Infinity) - answered.ms,
        soundMs: ((sound() ?? Infinity) - answered.audio) * 1000,
        answerMs: answered.ms - asked.ms,
        commandToFrameMs: (frame() ?? Infinity) - asked.ms,
        concealedMs: (await ann.concealedMs()) - before,
        oldSoundMs: (oldSound() - answered.audio) * 1000,
        oldFrameMs: oldFrame() - answered.ms,
        gone: gone(),
        signalingState: ann.guard.signalingState,
        identity: JSON.stringify(await ann.guard.identity()),
      };
    },
    { group, colour: PEOPLE[to].colour, old: PEOPLE[from].colour, tone: NAMES.indexOf(to), oldTone: NAMES.indexOf(from), goneMs: GONE_MS, nobody: NOBODY },
  );
  const moverLevels = await others.evaluate(
    async ({ way, to, nobody }) => {
      const levels = (name: string): number[] => kit.person(name).ear.record.slice(-10).map((each) => each.levels[0] ?? 0);
      const loudest = (name: string): number => Math.max(0, ...levels(name));
      // Pages that are behind hear late.
      await kit.until(() => way.every((name) => (name === to ? loudest(name) > kit.heard : loudest(name) < nobody)), 30_000);
      return Object.fromEntries(way.map((name) => [name, loudest(name)]));
    },
    { way: WAY, to, nobody: NOBODY },
  );
  return { from, to, ...seen, moverLevels };
}

/** All join and talk; two are sent to the breakouts. Returns each person's group. */
async function gather(): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const name of NAMES) {
    const [page, role, slots] = name === 'ann' ? [mover, 'moderator', 4] : [others, 'participant', 2];
    const guest = { room: 'moves', name, role: role as string, audioSlots: slots as number, videoSlots: slots as number };
    ids[name] = await (page as Page).evaluate((given) => kit.join(given.guest, given.tones), { guest, tones: TONES });
  }
  for (const name of NAMES) {
    await (name === 'ann' ? mover : others).evaluate((given) => kit.publish(given.name, given.tone, given.colour), { name, ...PEOPLE[name] });
  }
  const [one, two] = await mover.evaluate(async (members) => {
    const { breakouts } = kit.person('ann').room;
    const made = (await breakouts.create({ rooms: 2, capacity: 4, media: { audio: true, camera: true } })).map(({ id }) => id);
    await breakouts.move(Object.fromEntries(members.map((id, index) => [id, made[index] ?? ''])));
    return made;
  }, [ids['one'] ?? '', ids['two'] ?? '']);
  await mover.evaluate(
    ({ tone, colour }) => kit.until(() => kit.person('ann').eye.record.at(-1)?.colour === colour && (kit.person('ann').ear.record.at(-1)?.levels[tone] ?? 0) > kit.heard, 60_000),
    { tone: NAMES.indexOf('pat'), colour: PEOPLE.pat.colour },
  );
  return { pat: 'parent', one: one ?? '', two: two ?? '' };
}

/** Concealed sound without any move, in milliseconds a second. */
async function calm(): Promise<number> {
  const concealed = await mover.evaluate(async (ms) => {
    const before = await kit.person('ann').concealedMs();
    await kit.wait(ms);
    return (await kit.person('ann').concealedMs()) - before;
  }, CALM_MS);
  return concealed / (CALM_MS / 1000);
}

test('fifty moves of somebody who talks', { timeout: 600_000 }, async (t) => {
  const share = [shareOfCore()];
  const groups = await gather();
  const calmMs = await calm();
  await mover.evaluate(() => kit.person('ann').guard.begin());
  const identity = await mover.evaluate(async () => JSON.stringify(await kit.person('ann').guard.identity()));
  const begun = Date.now();
  const steps: Step[] = [];
  for (let index = 0; index < MOVES; index += 1) {
    const [from, to] = [WAY[index % 3] as Name, WAY[(index + 1) % 3] as Name];
    steps.push(await step(from, to, groups[to] as string));
  }
  const seconds = (Date.now() - begun) / 1000;
  share.push(shareOfCore());
  const busiest = Math.min(...share);
  for (const what of ['frameMs', 'commandToFrameMs', 'soundMs', 'answerMs', 'oldSoundMs', 'oldFrameMs', 'concealedMs'] as const) print(what, steps.map((each) => each[what]));

  await t.test('nothing is negotiated anew', async () => {
    for (const [index, each] of steps.entries()) {
      assert.deepEqual(JSON.parse(each.identity), JSON.parse(identity), `after move ${index + 1}`);
      assert.equal(each.signalingState, 'stable', `after move ${index + 1}`);
    }
    assert.deepEqual(await mover.evaluate(() => kit.person('ann').guard.happened), {});
    const { localSdp, remoteSdp, ufrags, fingerprints, certificates, candidatePair } = JSON.parse(identity) as Identity;
    assert.ok(localSdp && remoteSdp && candidatePair, 'there is something to compare');
    assert.deepEqual([ufrags.length, fingerprints.length, certificates.length], [2, 2, 2]);
  });

  await t.test('the new group is seen at once', () => {
    const ms = median(steps.map(({ frameMs }) => frameMs));
    assert.ok(ms < limitMs(SEEN_WITHIN_MS, busiest), `${ms.toFixed()} ms at the median`);
    assert.ok(steps.every(({ frameMs, soundMs }) => Number.isFinite(frameMs + soundMs)), 'seen and heard after every move');
  });

  await t.test('the sound hardly breaks', () => {
    const values = steps.map(({ concealedMs }) => concealedMs);
    const total = values.reduce((all, each) => all + each, 0);
    console.log(`# made-up sound: ${total.toFixed()} ms in ${MOVES} moves, ${values.filter((each) => each > CONCEALED_MS).length} moves with more than ${CONCEALED_MS} ms; ${calmMs.toFixed(1)} ms a second without moves`);
    assert.ok(median(values) <= limitMs(CONCEALED_MS, busiest), `${median(values).toFixed()} ms at the median`);
    assert.ok(total <= limitMs(CONCEALED_MS * MOVES, busiest) + calmMs * seconds, `${total.toFixed()} ms in ${MOVES} moves`);
  });

  await t.test('nobody of the old group is heard or seen any more, and the mover is heard in the new one only', () => {
    for (const [index, { from, to, gone, moverLevels }] of steps.entries()) {
      const what = `move ${index + 1}, ${from} → ${to}`;
      assert.ok(gone, `${what}: ${from} is heard or seen still`);
      for (const [name, level] of Object.entries(moverLevels)) {
        if (name === to) assert.ok(level > 2 * NOBODY, `${what}: ${name} hears the mover, ${level}`);
        else assert.ok(level < NOBODY, `${what}: ${name} does not hear the mover, ${level}`);
      }
    }
    for (const what of ['oldSoundMs', 'oldFrameMs'] as const) {
      const ms = median(steps.map((each) => each[what]));
      assert.ok(ms < limitMs(FADED_WITHIN_MS, busiest), `${what} is ${ms.toFixed()} at the median`);
    }
  });

  await t.test('no page logged an error', () => assert.deepEqual(errors, [[], []]));
});
