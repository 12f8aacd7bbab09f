/**
 * Everything that one browser can send arrives at another, each in a slot of its own: sound, a camera in
 * three layers of which the viewer gets each, a shared screen and a canvas.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { openKit } from './kit.ts';
import { startServer, type RealServer } from './server.ts';

const TONE = 610;
/** The camera's layers, by the height that a viewer asks for: 1280×720, a half and a quarter. */
const LAYERS = [
  { rid: 'q', height: 180 },
  { rid: 'h', height: 360 },
  { rid: 'f', height: 720 },
] as const;

let server: RealServer;
let browser: Browser;
let sender: Page;
let viewer: Page;
const errors: string[][] = [];
let senderId = '';

before(async () => {
  server = await startServer();
  browser = await launch();
  const opened = [await openKit(browser, server.url), await openKit(browser, server.url)] as const;
  [sender, viewer] = [opened[0].page, opened[1].page];
  errors.push(...opened.map((each) => each.errors));
  const join = (page: Page, name: string, slots: number): Promise<string> => page.evaluate((given) => kit.join(given.guest, given.tones), { guest: { room: 'kinds', name, audioSlots: slots, videoSlots: slots }, tones: [TONE] });
  senderId = await join(sender, 'sam', 1);
  await join(viewer, 'vic', 4);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The sender's media at a viewer: for each kind the m-line of its slot, and its frames and packets. */
async function arrived(): Promise<Record<string, { mid: string; media: string; frames: number; packets: number; width: number; height: number; colour: string }>> {
  return viewer.evaluate(async (id) => {
    const vic = kit.person('vic');
    const sam = vic.room.participants.get(id);
    const inbound = await vic.inbound();
    const slots = [...(vic.room.peer?.slots('audio') ?? []), ...(vic.room.peer?.slots('video') ?? [])];
    const kinds = (['audio', 'camera', 'screen', 'canvas'] as const).flatMap((kind) => {
      const track = sam?.stream(kind).getTracks()[0];
      const mid = slots.find((slot) => slot.track === track)?.mid;
      const stats = inbound.find((each) => each.mid === mid);
      const frame = vic.eye.record.findLast((each) => each.mid === mid);
      return track && mid && stats ? [[kind, { mid, media: stats.kind, frames: stats.framesDecoded, packets: stats.packetsReceived, width: frame?.width ?? 0, height: frame?.height ?? 0, colour: frame?.colour ?? '' }] as const] : [];
    });
    return Object.fromEntries(kinds);
  }, senderId);
}

async function until<T>(what: string, ask: () => Promise<T>, holds: (found: T) => boolean, withinMs: number): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (holds(found)) return found;
    if (Date.now() > deadline) assert.fail(`${what}: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('sound, camera, screen and canvas of one browser', { timeout: 120_000 }, async () => {
  await sender.evaluate(async (tone) => {
    const room = kit.person('sam').room;
    await room.local.publish('audio', await kit.toneTrack(tone));
    await room.local.openCamera();
    await room.local.shareScreen();
    await room.local.shareCanvas(kit.patch('magenta', 320, 240, 10));
  }, TONE);
  const all = await until('all four arrive', arrived, (found) => Object.keys(found).length === 4 && ['camera', 'screen', 'canvas'].every((kind) => (found[kind]?.frames ?? 0) > 5), 60_000);
  console.log(`# ${JSON.stringify(all)}`);
  assert.equal(new Set(Object.values(all).map(({ mid }) => mid)).size, 4, 'each in a slot of its own');
  assert.deepEqual(Object.entries(all).map(([kind, { media }]) => [kind, media]), [['audio', 'audio'], ['camera', 'video'], ['screen', 'video'], ['canvas', 'video']]);
  assert.equal(all['canvas']?.colour, 'magenta');
  assert.equal(all['canvas'] && all['canvas'].width / all['canvas'].height, 4 / 3, 'the canvas has its own shape');
  assert.notEqual(all['screen']?.colour, 'magenta');
  assert.ok(await viewer.evaluate(() => kit.until(() => (kit.person('vic').ear.record.at(-1)?.levels[0] ?? 0) > kit.heard, 20_000)), 'the tone is heard');
});

test('each layer of the camera, as the viewer asks for it', { timeout: 400_000 }, async () => {
  // A sender's own estimate grows slowly on a busy machine: all of it is for the camera.
  await sender.evaluate(() => Promise.all([kit.person('sam').room.local.unpublish('screen'), kit.person('sam').room.local.unpublish('canvas')]));
  for (const { rid, height } of [...LAYERS, LAYERS[0]]) {
    await viewer.evaluate(({ id, lines }) => kit.person('vic').room.setViews([{ participantId: id, kind: 'camera', maxHeight: lines }]), { id: senderId, lines: height });
    const began = Date.now();
    await until(`${rid} is sent and arrives`, async () => ({ camera: (await arrived())['camera'], outbound: await sender.evaluate(() => kit.person('sam').outbound()) }), ({ camera, outbound }) => camera?.height === height && outbound.some((each) => each.rid === rid && each.active && each.frameHeight === height && each.framesEncoded > 0), 90_000);
    console.log(`# layer ${rid} (${height} lines) is seen ${Date.now() - began} ms after it was asked for`);
  }
  assert.deepEqual(errors, [[], []]);
});
