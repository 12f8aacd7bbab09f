/**
 * Behind a firewall that lets nothing through but TCP 443: people join, are heard and are moved, in Chromium (and on
 * demand in Firefox), with media through the server's own relay on the port of its pages. The test runs itself again in a
 * network namespace, which is the browsers'; the server has another one.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import puppeteer, { type Page } from 'puppeteer-core';
import { CHROMIUM, FLAGS } from './browser.ts';
import { limitMs } from './pace.ts';
import { TONES, namesOf } from './person.ts';
import { binary, startServer } from './server.ts';

const FIREFOX = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
const SERVER = '10.78.0.1';
const CLIENT = '10.78.0.2';
const INSIDE = 'E2E_BEHIND_FIREWALL';
/** Firefox tries TURN over TLS with names only, not with addresses. */
const NAME = 'meet.sideroom.test';
const URL_443 = `https://${SERVER}`;
const URL_BY_NAME = `https://${NAME}`;

const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.cubeb.force_mock_context': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'browser.shell.checkDefaultBrowser': false,
  // There is no name server: records beside the address are not waited for.
  'network.dns.native_https_query': false,
  'network.dns.use_https_rr_as_altsvc': false,
  'network.dns.upgrade_with_https_rr': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

/** Runs a command line, which must succeed. */
function sh(line: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', line], { encoding: 'utf8' });
  assert.equal(status, 0, `${line}: ${stderr}`);
}

/** The server's network: one address, one cable to the browsers, and a firewall. */
async function fence(): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sleep', '100000'], { stdio: 'ignore' });
  const own = readlinkSync('/proc/self/ns/net');
  const deadline = Date.now() + limitMs(10_000);
  while (readlinkSync(`/proc/${holder.pid}/ns/net`) === own) {
    assert.ok(Date.now() < deadline, 'no network namespace for the server');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  sh(`ip link set lo up
    ip link add client type veth peer name server netns ${holder.pid}
    ip link set client addrgenmode none
    ip addr add ${CLIENT}/24 dev client
    ip link set client up
    ip route add default via ${SERVER}`);
  inside(holder, `ip link set lo up
    ip link set server addrgenmode none
    ip addr add ${SERVER}/24 dev server
    ip link set server up
    nft add table inet firewall
    nft add chain inet firewall in '{ type filter hook input priority 0; policy accept; }'
    nft add rule inet firewall in iifname server meta l4proto != tcp counter drop
    nft add rule inet firewall in iifname server tcp dport != 443 counter drop`);
  return holder;
}

/** Runs a command line in the server's network; its output. */
function inside(holder: ChildProcess, line: string): string {
  const { status, stdout, stderr } = spawnSync('nsenter', [`--net=/proc/${holder.pid}/ns/net`, 'sh', '-ec', line], { encoding: 'utf8' });
  assert.equal(status, 0, `${line}: ${stderr}`);
  return stdout;
}

/** Waits until the firewall has dropped a datagram and a TCP connection of ours to the server. */
async function provenClosed(holder: ChildProcess): Promise<void> {
  const socket = createSocket('udp4');
  const connection = connect(7900, SERVER).on('error', () => {});
  const deadline = Date.now() + limitMs(20_000);
  try {
    for (;;) {
      socket.send('let me in', 7910, SERVER);
      const rules = inside(holder, 'nft list table inet firewall');
      if (/!= tcp counter packets [1-9]/.test(rules) && /dport != 443 counter packets [1-9]/.test(rules)) return;
      assert.ok(Date.now() < deadline, `the firewall drops nothing: ${rules}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    socket.close();
    connection.destroy();
  }
}

/** An executable that starts the server in its network. */
function fenced(folder: string, holder: ChildProcess): string {
  const path = join(folder, 'sideroom-fenced');
  writeFileSync(path, `#!/bin/sh\nexec nsenter --net=/proc/${holder.pid}/ns/net ${binary()} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The methods of a page that both drivers have. */
type AnyPage = Pick<Page, 'evaluate' | 'waitForFunction'> & { goto(url: string): Promise<unknown> };

async function open(page: AnyPage, url: string, name: string, role: string): Promise<AnyPage> {
  await page.goto(`${url}/?room=fenced&name=${name}&role=${role}&tone=${TONES[name]}`);
  const connected = (): Promise<boolean> => page.evaluate(() => globalThis.sideroom?.room?.peer?.connection.connectionState === 'connected') as Promise<boolean>;
  const deadline = Date.now() + limitMs(60_000);
  while (!(await connected())) {
    assert.ok(Date.now() < deadline, `${name} has no media`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.evaluate((tones: number[]) => sideroom.listen(tones), Object.values(TONES));
  return page;
}

async function hears(page: AnyPage, names: string[], what: string): Promise<void> {
  const deadline = Date.now() + limitMs(15_000);
  let heard: string[] = [];
  while (Date.now() < deadline) {
    heard = namesOf((await page.evaluate(() => sideroom.tones())) as number[]);
    if (String(heard.sort()) === String([...names].sort())) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: hears [${heard}], should hear [${names}]`);
}

/** Joins, is heard, is moved. */
async function story(url: string, page: () => Promise<AnyPage>): Promise<void> {
  const ada = await open(await page(), url, 'ada', 'moderator');
  const bob = await open(await page(), url, 'bob', 'participant');
  for (const each of [ada, bob]) {
    const path = await each.evaluate(async () => (await sideroom.room.stats()).path as string);
    assert.equal(path, 'relay-tls');
  }
  await hears(ada, ['bob'], 'both in the parent');
  await hears(bob, ['ada'], 'both in the parent');
  const id = (await bob.evaluate(() => sideroom.room.me.id as string)) as string;
  const breakout = (await ada.evaluate(async () => (await sideroom.room.breakouts.create({ rooms: 1, capacity: 3, media: { audio: true } }))[0].id as string)) as string;
  await ada.evaluate((to: string, person: string) => sideroom.room.breakouts.move({ [person]: to }), breakout, id);
  await hears(ada, [], 'bob was moved');
  await ada.evaluate(() => sideroom.room.breakouts.destroy());
  await hears(ada, ['bob'], 'bob is back');
  await hears(bob, ['ada'], 'bob is back');
}

/** Candidates that are no relay's are not even tried. */
const relayOnly = (): void => {
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(configuration?: RTCConfiguration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
    }
  } as typeof RTCPeerConnection;
};

async function inChromium(policy: boolean): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, '--ignore-certificate-errors'] });
  try {
    await story(URL_443, async () => {
      const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      if (policy) await page.addInitScript(relayOnly);
      const evaluate = (action: (...all: never[]) => unknown, ...all: unknown[]): Promise<unknown> =>
        page.evaluate(`(${action})(...${JSON.stringify(all)})`);
      return { goto: (url: string) => page.goto(url), evaluate, waitForFunction: page.waitForFunction } as unknown as AnyPage;
    });
  } finally {
    await browser.close();
  }
}

async function inFirefox(): Promise<void> {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, acceptInsecureCerts: true, extraPrefsFirefox: FIREFOX_PREFERENCES, args: ['--width=900', '--height=700'] });
  try {
    await story(URL_BY_NAME, async () => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(relayOnly);
      return page;
    });
  } finally {
    await browser.close();
  }
}

/** A server on 443, behind the firewall. */
async function withServer(run: () => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sideroom-firewall-'));
  const holder = await fence();
  // Seen in the mount namespace of this run only.
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${SERVER} ${NAME}\n`);
  sh(`mount --bind ${join(folder, 'hosts')} /etc/hosts`);
  const bin = process.env['SIDEROOM_BIN'] ?? '';
  const [certificate, key] = ['server.pem', 'server.key'].map((name) => join(folder, name));
  sh(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${NAME} -addext subjectAltName=IP:${SERVER},DNS:${NAME} -keyout ${key} -out ${certificate} 2>/dev/null`);
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  process.env['SIDEROOM_BIN'] = fenced(folder, holder);
  const environment = {
    SIDEROOM_HTTP_LISTEN: '0.0.0.0:443',
    // A development server hands out tokens to pages of addresses, and of names that it is told.
    SIDEROOM_HTTP_ALLOWED_ORIGINS: URL_BY_NAME,
    SIDEROOM_TLS_CERTIFICATE_FILE: certificate ?? '',
    SIDEROOM_TLS_KEY_FILE: key ?? '',
    SIDEROOM_MEDIA_ANNOUNCE: SERVER,
    SIDEROOM_MEDIA_BIND: '0.0.0.0',
  };
  const server = await startServer(environment, { url: URL_443 });
  try {
    await provenClosed(holder);
    await run();
  } finally {
    await server.stop();
    process.env['SIDEROOM_BIN'] = bin;
    // Not left to the kernel, which does it some time later: a browser would be told that its network changes.
    sh('ip link delete client; umount /etc/hosts');
    holder.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.env[INSIDE]) {
  test('Chromium that may use anything finds the way through TLS on 443', { timeout: 300_000 }, () => withServer(() => inChromium(false)));
  test('Chromium with the policy `relay`', { timeout: 300_000 }, () => withServer(() => inChromium(true)));
  // Firefox connects through the relay; that it is heard was not seen yet on a machine with two cores.
  const withFirefox = process.env['TEST_FIREWALL_FIREFOX'] && existsSync(FIREFOX);
  test('Firefox with the policy `relay`', { timeout: 300_000, skip: withFirefox ? false : 'set TEST_FIREWALL_FIREFOX=1, with Firefox installed' }, () => withServer(inFirefox));
} else {
  test('behind a firewall that passes TCP 443 only', { timeout: 900_000 }, (t) => {
    const possible = spawnSync('unshare', ['--net', 'sh', '-c', 'nft list tables && ip link set lo up']);
    if (possible.status !== 0) return t.skip('a network namespace with nft needs root');
    // The runner marks its children by NODE_TEST_CONTEXT; a runner of our own must not look like one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ['--net', '--mount', process.execPath, '--test', '--test-concurrency=1', '--test-reporter=spec', '--enable-source-maps', fileURLToPath(import.meta.url)];
    const { status } = spawnSync('unshare', args, { stdio: ['ignore', 2, 2], env: { ...env, [INSIDE]: '1' } });
    assert.equal(status, 0);
  });
}
