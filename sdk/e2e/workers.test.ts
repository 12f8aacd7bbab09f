/**
 * One room on two media workers, so that everything crosses between them: sound and picture of a publisher at the
 * other worker stay together, and when a worker's thread panics everybody is back with sound soon after.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { openKit } from './kit.ts';
import { limitMs } from './pace.ts';
import { startServer, type RealServer } from './server.ts';

/** Longer than a slow machine takes. */
const PATIENCE_MS = 90_000;
const limits = { timeout: 240_000 };
/** Everybody has sound again this soon after a worker's end, on an idle machine. */
const BACK_WITHIN_MS = 3_000;
/** Sound and picture that are further apart than this are seen to be apart (ITU-R BT.1359). */
const APART_MS = 125;

const PEOPLE = [
  { name: 'sue', hertz: 440, colour: 'red' },
  { name: 'vic', hertz: 830, colour: 'blue' },
] as const;

let server: RealServer;
let browser: Browser;
const pages: Page[] = [];

before(async () => {
  server = await startServer();
  browser = await launch();
  for (const { name, hertz, colour } of PEOPLE) {
    const { page } = await openKit(browser, server.url);
    pages.push(page);
    await page.evaluate(async (who) => {
      // Chromium synchronises, and says when it plays what, only within one stream: the first slots are made one.
      const real = RTCPeerConnection.prototype.setRemoteDescription as (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void>;
      RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
        const parts = (description.sdp ?? '').split(/(?=^m=)/m);
        for (const media of ['audio', 'video']) {
          const first = parts.findIndex((part) => part.startsWith(`m=${media}`) && part.includes('a=msid:slot-'));
          parts[first] = (parts[first] ?? '').replace(/a=msid:slot-\S+ /, 'a=msid:lips ');
        }
        return real.call(this, { type: description.type, sdp: parts.join('') });
      };
      await kit.join({ room: 'workers', name: who.name, audioSlots: 2, videoSlots: 2 }, who.tones);
      await kit.publish(who.name, who.hertz, who.colour);
    }, { name, hertz, colour, tones: PEOPLE.map((each) => each.hertz) });
  }
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Packets that have crossed between the workers, by the server's own count. */
async function crossed(): Promise<number> {
  const metrics = await (await fetch(`${server.admin}/metrics`)).text();
  const lines = metrics.split('\n').filter((line) => line.startsWith('sideroom_relayed_packets_total'));
  return lines.reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
}

/** Waits until a page hears the other person, and says how long that took from a moment of the page's clock. */
function hears(page: Page, index: number, since: number): Promise<number> {
  return page.evaluate(async ({ who, tone, from, patience }) => {
    const loud = (): boolean => (kit.person(who).ear.record.at(-1)?.levels[tone] ?? 0) > kit.heard;
    if (!(await kit.until(loud, patience))) return Number.POSITIVE_INFINITY;
    return performance.timeOrigin + performance.now() - from;
  }, { who: PEOPLE[index as 0 | 1].name, tone: 1 - index, from: since, patience: PATIENCE_MS });
}

/** The same after the connection may have been replaced, now or while it is waited for. */
function hearsAgain(page: Page, index: number, since: number): Promise<number> {
  return page.evaluate(async ({ who, tone, tones, from, patience }) => {
    let { former } = globalThis as unknown as { former: unknown };
    const deadline = performance.now() + patience;
    kit.person(who).ear.record.splice(0);
    while (performance.now() < deadline) {
      const { peer } = kit.person(who).room;
      if (peer !== former && peer?.connection.connectionState === 'connected') {
        former = peer;
        await kit.listen(who, tones);
      }
      if ((kit.person(who).ear.record.at(-1)?.levels[tone] ?? 0) > kit.heard) return performance.timeOrigin + performance.now() - from;
      await kit.wait(10);
    }
    return Number.POSITIVE_INFINITY;
  }, { who: PEOPLE[index as 0 | 1].name, tone: 1 - index, tones: PEOPLE.map((each) => each.hertz), from: since, patience: PATIENCE_MS });
}

test('two people are at two workers, and hear each other', { ...limits, skip: Boolean(process.env['SIDEROOM_URL']) }, async () => {
  for (const [index, page] of pages.entries()) assert.ok(Number.isFinite(await hears(page, index, Date.now())), `${PEOPLE[index as 0 | 1].name} hears nobody`);
  const deadline = Date.now() + PATIENCE_MS;
  while ((await crossed()) === 0) {
    assert.ok(Date.now() < deadline, 'no packet has crossed between the workers');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

test('sound and picture of the other worker stay together', limits, async (t) => {
  for (const [index, page] of pages.entries()) {
    const name = PEOPLE[index as 0 | 1].name;
    const { apart, reports } = await page.evaluate(async ({ who, patience, enough }) => {
      let apart: number | undefined;
      let reports: Record<string, number> = {};
      const deadline = performance.now() + patience;
      while (performance.now() < deadline) {
        const stats = [...(await kit.person(who).connection.getStats()).values()] as Record<string, unknown>[];
        // The sender's clock at the moment that is played out now: by the time stamps of the last sender report.
        const playing = (kind: string): number | undefined =>
          stats
            .filter((one) => one['type'] === 'inbound-rtp' && one['kind'] === kind && Number(one['packetsReceived'] ?? 0) > 0)
            .map((one) => one['estimatedPlayoutTimestamp'] as number | undefined)
            .find((at) => at !== undefined);
        const remote = stats.filter((one) => one['type'] === 'remote-outbound-rtp');
        reports = Object.fromEntries(remote.map((one) => [String(one['kind']), Number(one['reportsSent'] ?? 0)]));
        const [sound, picture] = [playing('audio'), playing('video')];
        if (sound !== undefined && picture !== undefined) apart = Math.abs(sound - picture);
        // The receiver's own synchronisation takes a while.
        if (apart !== undefined && apart < enough) break;
        await kit.wait(200);
      }
      return { apart, reports };
    }, { who: name, patience: PATIENCE_MS, enough: APART_MS });
    t.diagnostic(`${name}: ${apart?.toFixed(1)} ms apart, sender reports ${JSON.stringify(reports)}`);
    assert.ok((reports['audio'] ?? 0) > 0 && (reports['video'] ?? 0) > 0, `${name} has sender reports of both: ${JSON.stringify(reports)}`);
    assert.ok((apart ?? Number.POSITIVE_INFINITY) < APART_MS, `${name}: sound and picture are ${apart} ms apart`);
  }
});

for (const worker of [0, 1]) {
  test(`everybody has sound again after worker ${worker} has panicked`, { ...limits, skip: Boolean(process.env['SIDEROOM_URL']) }, async (t) => {
    await Promise.all(pages.map((page, index) => page.evaluate((who) => Object.assign(globalThis, { former: kit.person(who).room.peer }), PEOPLE[index as 0 | 1].name)));
    const since = Date.now();
    const answer = await fetch(`${server.admin}/dev/panic-worker/${worker}`, { method: 'POST' });
    assert.equal(answer.status, 202);
    // People at the worker get another connection; others keep theirs, and their talker is gone for a moment.
    await Promise.any(pages.map((page, index) =>
      page.waitForFunction((who) => {
        const { peer, phase } = kit.person(who as string).room;
        return peer !== (globalThis as unknown as { former: unknown }).former && phase.name === 'connected' && peer?.connection.connectionState === 'connected';
      }, PEOPLE[index as 0 | 1].name, { timeout: PATIENCE_MS, polling: 20 }),
    ));
    const took = await Promise.all(pages.map((page, index) => hearsAgain(page, index, since)));
    t.diagnostic(`after worker ${worker}: ${took.map((ms, index) => `${PEOPLE[index as 0 | 1].name} ${Math.round(ms)} ms`).join(', ')}`);
    const limit = limitMs(BACK_WITHIN_MS);
    assert.ok(Math.max(...took) < limit, `back with sound after ${took} ms, more than ${limit}`);
  });
}
