/** How long pictures wait on a path that loses packets: reports in, buffers out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installBrowser } from '../../fake/browser.ts';
import { Peer } from '../src/peer.ts';
import { Playout, waitFor } from '../src/playout.ts';

/** A path, and the buffers of a picture and a voice that arrive by it. */
function path(longestMs?: number) {
  const picture = { jitterBufferTarget: null as number | null };
  const voice = { jitterBufferTarget: null as number | null };
  const arrivals = [{ media: 'video', receiver: picture }, { media: 'audio', receiver: voice }];
  const playout = new Playout(async () => [], () => arrivals, longestMs);
  const totals = { audio: { packets: 0, lost: 0 }, video: { packets: 0, lost: 0 } };
  const add = (kind: 'audio' | 'video', packets: number, loss: number): void => {
    totals[kind].packets += packets * (1 - loss);
    totals[kind].lost += packets * loss;
  };
  return {
    picture,
    voice,
    /** Lets `seconds` pass with that loss; returns the picture's buffer after each. */
    pass(seconds: number, loss: number, { roundTripMs = 60, video = 180, audio = 50 } = {}): (number | null)[] {
      return Array.from({ length: seconds }, () => {
        add('video', video, loss);
        add('audio', audio, loss);
        const inbound = Object.entries(totals).map(([kind, { packets, lost }]) => [kind, { type: 'inbound-rtp', kind, packetsReceived: packets, packetsLost: lost }] as [string, Record<string, unknown>]);
        playout.read([...inbound, ['pair', { type: 'candidate-pair', nominated: true, currentRoundTripTime: roundTripMs / 1000 }]]);
        return picture.jitterBufferTarget;
      });
    },
  };
}

test('the wait grows with the loss and the round trip, by whole retransmissions', () => {
  const rows = [
    [0, 60, 0],
    [0.005, 60, 0],
    [0.015, 60, 140],
    [0.05, 20, 200],
    [0.05, 60, 240],
    [0.05, 150, 380],
    [0.1, 60, 340],
    [0.2, 60, 440],
    [0.9, 60, 440],
  ] as const;
  for (const [loss, roundTripMs, ms] of rows) assert.equal(waitFor(loss, roundTripMs), ms, `${loss} at ${roundTripMs} ms`);
});

test('a clean path is left to the browser', () => {
  const { pass, voice } = path();
  assert.deepEqual(new Set(pass(20, 0)), new Set([null]));
  assert.equal(voice.jitterBufferTarget, null);
});

test('pictures wait within three seconds of losses, and sound stays with them', () => {
  const { pass, voice } = path();
  assert.deepEqual(pass(5, 0.05), [null, null, 240, 240, 240]);
  assert.equal(voice.jitterBufferTarget, 160);
});

test('a burst of losses, or two, moves nothing', () => {
  const { pass } = path();
  const seen = [...pass(10, 0), ...pass(2, 0.6), ...pass(10, 0)];
  assert.deepEqual(new Set(seen), new Set([null]));
});

test('the wait outlasts the losses for a while, and then ends', () => {
  const { pass, voice } = path();
  pass(10, 0.1);
  const after = pass(25, 0);
  const ended = after.indexOf(null);
  assert.ok(ended >= 12 && ended <= 20, String(after));
  assert.equal(voice.jitterBufferTarget, null);
});

test('nothing waits longer than the app allows', () => {
  const { pass, voice } = path(150);
  assert.equal(pass(10, 0.2).at(-1), 150);
  assert.equal(voice.jitterBufferTarget, 70);
});

test('by default it is four tenths of a second', () => {
  assert.equal(path().pass(10, 0.2).at(-1), 400);
});

test('who watches nothing hears at once', () => {
  const { pass, voice } = path();
  assert.deepEqual(new Set(pass(10, 0.1, { video: 0 })), new Set([null]));
  assert.equal(voice.jitterBufferTarget, null);
});

test('a handful of packets says nothing', () => {
  const { pass } = path();
  const seen = pass(9, 0.3, { video: 1, audio: 1 });
  assert.deepEqual(new Set(seen), new Set([null]));
});

test('a connection looks at its path from the answer on, until it is closed', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  installBrowser(class {} as unknown as typeof WebSocket);
  const peer = new Peer({ audioSlots: 1, videoSlots: 1 });
  let looks = 0;
  peer.connection.getStats = async () => {
    looks += 1;
    return new Map() as unknown as RTCStatsReport;
  };
  context.mock.timers.tick(3_000);
  assert.equal(looks, 0);
  await peer.accept('v=0');
  context.mock.timers.tick(3_000);
  assert.equal(looks, 3);
  peer.close();
  context.mock.timers.tick(3_000);
  assert.equal(looks, 3);
});
