/** Sources that stand still send a picture when one is needed, and moving ones are left alone. */
import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import { StillSources } from '../src/still.ts';

/** A canvas whose statistics a test writes. */
class Drawing {
  readonly kind = 'canvas';
  readonly track = { enabled: true, readyState: 'live' } as MediaStreamTrack;
  readonly sender = { getStats: async () => new Map([['out', this.#read()]]) } as unknown as RTCRtpSender;
  readonly stats = { type: 'outbound-rtp', pliCount: 0, firCount: 0, keyFramesEncoded: 1, framesEncoded: 1 };
  /** Frames that are encoded between two readings. */
  framesEach = 0;
  readings = 0;
  refreshed = 0;
  published = true;

  #read(): object {
    this.readings += 1;
    this.stats.framesEncoded += this.framesEach;
    return { ...this.stats };
  }
}

let drawing: Drawing;
let still: StillSources;
const { document: formerDocument, MediaStream: formerStream } = globalThis;

before(() => {
  const video = { set srcObject(stream: object | null) { if (stream) drawing.refreshed += 1; } };
  Object.assign(globalThis, { document: { createElement: () => video }, MediaStream: class {} });
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
});
after(() => {
  mock.timers.reset();
  Object.assign(globalThis, { document: formerDocument, MediaStream: formerStream });
});

/** Lets time pass; says how often the source was refreshed meanwhile. */
async function pass(ms: number): Promise<number> {
  const before = drawing.refreshed;
  for (let left = ms; left > 0; left -= 10) {
    mock.timers.tick(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return drawing.refreshed - before;
}

/** Publishes one, and waits until its first keyframe is encoded and nobody asks for another. */
async function publish(framesEach = 0): Promise<void> {
  drawing = Object.assign(new Drawing(), { framesEach });
  const mine = drawing;
  still = new StillSources((kind) => (kind === 'canvas' && mine.published ? mine : undefined), () => Date.now());
  still.update();
  assert.equal(await pass(20), 1, 'it is new to its sender');
  drawing.stats.keyFramesEncoded += 1;
  drawing.stats.framesEncoded += 1;
  await pass(400);
}

test('a still source sends when a keyframe is asked for, until one was encoded', async () => {
  await publish();
  drawing.stats.pliCount += 1;
  assert.ok(await pass(250) >= 2);
  drawing.stats.keyFramesEncoded += 1;
  drawing.stats.framesEncoded += 1;
  await pass(100);
  assert.equal(await pass(500), 0);
  still.stop();
});

test('a still source sends at once, and for half a second, when somebody may see it from now on', async () => {
  await publish();
  // Statistics are older than what browsers keep, and the next look is not due.
  await pass(60);
  still.show();
  assert.equal(await pass(20), 1);
  assert.ok(await pass(500) >= 4);
  still.stop();
});

test('many newcomers in a moment cost one look', async () => {
  await publish();
  await pass(60);
  const { readings } = drawing;
  for (let count = 0; count < 100; count += 1) still.show();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(drawing.readings - readings, 1);
  still.stop();
});

test('a still source that was silent for a second sends', async () => {
  await publish();
  assert.ok(await pass(1_000) >= 1);
  still.stop();
});

test('a moving source is left alone, and read seldom', async () => {
  await publish(5);
  const { readings } = drawing;
  drawing.stats.pliCount += 3;
  still.show();
  assert.equal(await pass(1_500), 0);
  assert.ok(drawing.readings - readings <= 7, `${drawing.readings - readings} readings`);
  still.stop();
});

test('a source that is on another sender, or was muted, sends at once', async () => {
  await publish();
  Object.assign(drawing, { sender: { getStats: drawing.sender.getStats } });
  assert.ok(await pass(120) >= 1, 'another sender');
  drawing.track.enabled = false;
  await pass(120);
  assert.equal(await pass(2_000), 0, 'muted');
  drawing.track.enabled = true;
  assert.ok(await pass(310) >= 1, 'not muted any more');
  still.stop();
});

test('nothing is read once nothing is published', async () => {
  await publish();
  drawing.published = false;
  await pass(320);
  const { readings } = drawing;
  await pass(2_000);
  assert.equal(drawing.readings, readings);
});
