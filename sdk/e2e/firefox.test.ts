/**
 * The basic story in Firefox, and a meeting that goes on in Firefox after it began in Chromium, over WebDriver BiDi. Firefox makes no connection where 127.0.0.1 is the only
 * address, so the test runs itself again in a network namespace with an address of its own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { launch as launchChromium } from './browser.ts';
import { limitMs } from './pace.ts';
import { Person, TONES, namesOf } from './person.ts';
import { startServer } from './server.ts';

const FIREFOX = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
const ADDRESS = '10.77.0.1';
/** An unused address: without a default route Firefox takes no address at all. */
const GATEWAY = '10.77.0.2';
const INSIDE = 'E2E_IN_NAMESPACE';

const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Without a sound card an audio context never starts.
  'media.cubeb.force_mock_context': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'browser.shell.checkDefaultBrowser': false,
};

/** Runs this file again where there is an address; says whether it could. */
function inNamespace(): { ran: boolean; status: number | null } {
  const setUp = `ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add ${ADDRESS}/24 dev v0 && ip link set v0 up && ip link set v1 up && ip route add default via ${GATEWAY}`;
  if (spawnSync('unshare', ['--net', 'sh', '-c', setUp]).status !== 0) return { ran: false, status: null };
  const run = `${setUp} && exec "$0" --test --test-reporter=spec --enable-source-maps "$1"`;
  // The runner marks its children by NODE_TEST_CONTEXT; a runner of our own must not look like one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', run, process.execPath, fileURLToPath(import.meta.url)], {
    stdio: ['ignore', 2, 2],
    env: { ...env, [INSIDE]: '1' },
  });
  return { ran: true, status };
}

async function join(browser: Browser, url: string, name: string, role: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${url}/?room=fox&name=${name}&role=${role}&tone=${TONES[name]}`);
  await page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', { timeout: 90_000 });
  await page.evaluate((tones) => sideroom.listen(tones), Object.values(TONES));
  return page;
}

/** Waits until a page hears exactly these people. */
async function hears(page: Page, names: string[], what: string): Promise<void> {
  const deadline = Date.now() + limitMs(10_000);
  let heard: string[] = [];
  while (Date.now() < deadline) {
    heard = namesOf(await page.evaluate(() => sideroom.tones()));
    if (String(heard.sort()) === String([...names].sort())) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: hears [${heard}], should hear [${names}]`);
}

function launchFirefox(): Promise<Browser> {
  return puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, extraPrefsFirefox: PREFERENCES, args: ['--width=900', '--height=700'] });
}

/**
 * Somebody takes their place over from Chromium to Firefox, whose payload types, header extensions and layers are
 * others; the person who hears and sees them is at the other media worker.
 */
async function takeover(url: string): Promise<void> {
  const chromium = await launchChromium();
  const firefox = await launchFirefox();
  try {
    const eve = await Person.join(chromium, url, 'taken', 'eve');
    const bob = await Person.join(chromium, url, 'taken', 'bob');
    const { id } = bob;
    await bob.do(() => sideroom.publishPatch('screen', '#d02020'));
    const sees = (channel: number): Promise<unknown> =>
      eve.page.waitForFunction(([person, at]) => (sideroom.colour(person as string, 'screen')?.[at as number] ?? 0) > 150, [id, channel] as const, { timeout: 60_000 });
    await sees(0);
    const identity = await bob.page.evaluate(() => sessionStorage.getItem('sideroom identity taken'));
    const page = await firefox.newPage();
    // The page keeps its tab's identity there, and reads it when it joins.
    await page.goto(`${url}/no-such-page`);
    await page.evaluate((mine) => sessionStorage.setItem('sideroom identity taken', mine as string), identity);
    await page.goto(`${url}/?room=taken&name=bob&role=participant&tone=${TONES['bob']}`);
    await page.waitForFunction(() => globalThis.sideroom?.room.peer.connection.connectionState === 'connected', { timeout: 90_000 });
    await page.evaluate((tones) => sideroom.listen(tones), Object.values(TONES));
    assert.equal(await page.evaluate(() => sideroom.room.me.id), id, 'the place is the same');
    await page.evaluate(() => sideroom.publishPatch('screen', '#20c020'));
    await sees(1);
    await hears(page, ['eve'], 'the one who took over');
    const deadline = Date.now() + 60_000;
    while (!(await eve.hears()).includes('bob')) {
      assert.ok(Date.now() < deadline, 'who stayed does not hear who took over');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await firefox.close();
    await chromium.close();
  }
}

async function story(url: string): Promise<void> {
  const browser = await launchFirefox();
  try {
    const ada = await join(browser, url, 'ada', 'moderator');
    const bob = await join(browser, url, 'bob', 'participant');
    const cleo = await join(browser, url, 'cleo', 'participant');
    const id = (page: Page): Promise<string> => page.evaluate(() => sideroom.room.me.id as string);
    await hears(ada, ['bob', 'cleo'], 'everybody in the parent');
    await hears(bob, ['ada', 'cleo'], 'everybody in the parent');
    const breakout = await ada.evaluate(async () => (await sideroom.room.breakouts.create({ rooms: 1, capacity: 3, media: { audio: true, screen: true } }))[0].id as string);
    await ada.evaluate(({ room, person }) => sideroom.room.breakouts.find(room).invite([person], { force: true }), { room: breakout, person: await id(bob) });
    await hears(ada, ['cleo'], 'bob is away');
    await hears(cleo, ['ada'], 'bob is away');
    await hears(bob, [], 'the parent is paused');
    await bob.evaluate(() => sideroom.room.setGate({ paused: false }));
    await hears(bob, ['ada', 'cleo'], 'the parent is resumed');
    await hears(ada, ['cleo'], 'and bob is still away');
    await bob.evaluate(() => sideroom.publishPatch('screen', '#d02020'));
    await ada.evaluate(({ room, person }) => sideroom.room.breakouts.move({ [person]: room }), { room: breakout, person: await id(cleo) });
    await hears(bob, ['ada', 'cleo'], 'cleo joined bob');
    await hears(ada, [], 'alone in the parent');
    await cleo.waitForFunction((person) => (sideroom.colour(person, 'screen')?.[0] ?? 0) > 150, { timeout: 30_000 }, await id(bob));
    assert.equal(await ada.evaluate((person) => sideroom.colour(person, 'screen'), await id(bob)), null);
    await ada.evaluate(() => sideroom.room.breakouts.destroy());
    await hears(ada, ['bob', 'cleo'], 'everybody is back');
    await hears(cleo, ['ada', 'bob'], 'everybody is back');
  } finally {
    await browser.close();
  }
}

if (process.env[INSIDE]) {
  test('the basic story in Firefox', { timeout: 400_000 }, async () => {
    const server = await startServer({ SIDEROOM_MEDIA_ANNOUNCE: ADDRESS, SIDEROOM_MEDIA_BIND: '0.0.0.0' });
    try {
      await story(server.url);
    } finally {
      await server.stop();
    }
  });
  test('a meeting goes on in Firefox after it began in Chromium', { timeout: 300_000 }, async () => {
    const server = await startServer({ SIDEROOM_MEDIA_ANNOUNCE: ADDRESS, SIDEROOM_MEDIA_BIND: '0.0.0.0' });
    try {
      await takeover(server.url);
    } finally {
      await server.stop();
    }
  });
} else {
  test('Firefox in a network namespace', { timeout: 500_000, skip: existsSync(FIREFOX) ? false : 'Firefox is not installed' }, (t) => {
    const { ran, status } = inNamespace();
    if (!ran) return t.skip('a network namespace needs root');
    assert.equal(status, 0);
  });
}
