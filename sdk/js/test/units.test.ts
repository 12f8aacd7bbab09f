/** The parts that decide something by themselves: events, waits, errors, streams, statistics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeStream, FakeTrack, installBrowser } from '../../fake/browser.ts';
import { Backoff } from '../src/backoff.ts';
import { Emitter } from '../src/emitter.ts';
import { deviceError } from '../src/errors.ts';
import { StatsReader } from '../src/stats.ts';
import { Streams } from '../src/streams.ts';
import { event } from '../src/wire.ts';

test('a listener may remove itself while it is called, and once is once', () => {
  const emitter = new Emitter<{ tick: number }>();
  const seen: string[] = [];
  const stop = emitter.on('tick', (n) => {
    seen.push(`a${n}`);
    stop();
  });
  emitter.once('tick', (n) => seen.push(`b${n}`));
  emitter.on('tick', (n) => seen.push(`c${n}`));
  emitter.emit('tick', 1);
  emitter.emit('tick', 2);
  assert.deepEqual(seen, ['a1', 'b1', 'c1', 'c2']);
});

test('waits double up to the longest, and jitter keeps them in the upper half', () => {
  const most = new Backoff({ firstMs: 100, longestMs: 500 }, () => 1);
  const least = new Backoff({ firstMs: 100, longestMs: 500 }, () => 0);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => most.nextMs()), [100, 200, 400, 500, 500]);
  assert.deepEqual([1, 2, 3, 4].map(() => least.nextMs()), [50, 100, 200, 250]);
  assert.equal(most.attempt, 5);
  most.reset();
  assert.equal(most.nextMs(), 100);
});

test('a refused or missing device is named, with what to do', () => {
  const rows = [
    ['microphone', 'NotAllowedError', 'MicrophoneRefused'],
    ['microphone', 'NotFoundError', 'MicrophoneMissing'],
    ['camera', 'NotAllowedError', 'CameraRefused'],
    ['camera', 'OverconstrainedError', 'CameraMissing'],
    ['camera', 'NotReadableError', 'DeviceBusy'],
    ['screen', 'NotAllowedError', 'ScreenRefused'],
    ['microphone', 'Whatever', 'DeviceFailed'],
  ] as const;
  for (const [kind, name, code] of rows) {
    const error = deviceError(kind, new DOMException('', name));
    assert.equal(error.code, code);
    assert.match(error.message, /\.$/);
  }
});

test('a person keeps one stream while the server moves the track between slots', () => {
  installBrowser(class {} as unknown as typeof WebSocket);
  const slots = new Map([4, 5].map((mid) => [String(mid), new FakeTrack('video')]));
  const seen: string[] = [];
  const streams = new Streams(
    (mid) => slots.get(mid) as unknown as MediaStreamTrack,
    (id, kind, receiving) => seen.push(`${id} ${kind} ${receiving}`),
  );
  const stream = streams.of('ada', 'camera') as unknown as FakeStream;
  streams.assign('4', { participantId: 'ada', kind: 'camera' });
  assert.deepEqual(stream.getTracks(), [slots.get('4')]);
  streams.assign('5', { participantId: 'ada', kind: 'camera' });
  streams.assign('4', { participantId: 'bob', kind: 'screen' });
  assert.equal(streams.of('ada', 'camera') as unknown, stream);
  assert.deepEqual(stream.getTracks(), [slots.get('5')]);
  streams.assign('5', undefined);
  assert.deepEqual(stream.getTracks(), []);
  assert.deepEqual(seen, ['ada camera true', 'ada camera true', 'bob screen true', 'ada camera false']);
});

test('statistics are rates between two readings, and quality follows loss', () => {
  const reader = new StatsReader();
  const report = (at: number, bytes: number, lost: number): [string, Record<string, unknown>][] => [
    ['p', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.04, timestamp: at }],
    ['i', { type: 'inbound-rtp', bytesReceived: bytes, packetsReceived: bytes / 1000, packetsLost: lost, timestamp: at }],
  ];
  reader.read(report(1_000, 0, 0));
  const summary = reader.read(report(3_000, 200_000, 50));
  assert.equal(summary.receivingBps, 800_000);
  assert.equal(summary.roundTripMs, 40);
  assert.equal(summary.lossRatio, 0.2);
  assert.equal(summary.quality, 'poor');
  assert.equal(reader.read(report(4_000, 300_000, 50)).quality, 'good');
});

test('the path is that of the pair in use, whichever way a browser names it', () => {
  const path = (pair: Record<string, unknown>, local: Record<string, unknown>, transport?: string): string | undefined =>
    new StatsReader().read([
      ['old', { type: 'candidate-pair', nominated: true, localCandidateId: 'other' }],
      ['other', { type: 'local-candidate', candidateType: 'host', protocol: 'udp' }],
      ['pair', { type: 'candidate-pair', localCandidateId: 'local', ...pair }],
      ['local', { type: 'local-candidate', ...local }],
      ...(transport ? [['t', { type: 'transport', selectedCandidatePairId: transport }] as [string, Record<string, unknown>]] : []),
    ]).path;
  const relay = { candidateType: 'relay', protocol: 'udp' };
  assert.equal(path({}, { ...relay, relayProtocol: 'tls' }, 'pair'), 'relay-tls');
  assert.equal(path({ selected: true }, { ...relay, relayProtocol: 'tcp' }), 'relay-tcp');
  assert.equal(path({ selected: true }, { ...relay, relayProtocol: 'udp' }), 'relay-udp');
  assert.equal(path({ selected: true }, { candidateType: 'host', protocol: 'tcp' }), 'tcp');
  assert.equal(path({}, { ...relay, relayProtocol: 'tls' }), 'udp');
  assert.equal(new StatsReader().read([]).path, undefined);
});

test('events of a newer server are left alone, and hostile ones decode to something harmless', () => {
  assert.equal(event({ seq: '4', type: 'teleported', teleported: {} }), undefined);
  assert.equal(event({ type: 'constructor' }), undefined);
  assert.equal(event(null), undefined);
  const odd = event({ seq: 'x', type: 'participantMoved', participantMoved: { reason: 7, toGroupId: null } });
  assert.deepEqual(odd?.payload, {
    participantId: '', fromGroupId: '', toGroupId: '', reason: 'moved', by: '', breakout: undefined, gate: { paused: false, audioMuted: false, videoMuted: false },
  });
});
