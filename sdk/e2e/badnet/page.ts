/** Runs in the pages of the bad network: joins by the link's address, publishes or watches, and measures. */
import { connect, type Room } from '@sideroom/client';
import { redirect, token } from './joining.ts';

/** How a page joins. */
export interface Joining {
  room: string;
  name: string;
  /** `address:port` of the link; nothing for the direct way. */
  via?: string;
}

/** One reading of a subscriber's statistics. Counters count from the beginning. */
export interface Reading {
  atMs: number;
  audio: { samples: number; concealed: number; silent: number; bytes: number; lost: number; received: number; bufferS: number; emitted: number };
  video: { frames: number; keyframes: number; height: number; freezes: number; frozenS: number; bytes: number; nacks: number; plis: number; repaired: number; bufferS: number; emitted: number };
}

/** One reading of a publisher's. */
export interface Sent {
  atMs: number;
  bytes: number;
  plis: number;
  firs: number;
  keyframes: number;
  layers: { rid: string; active: boolean; height: number; bytes: number; frames: number; plis: number; keyframes: number; encodingS: number }[];
  limitedBy: string;
}

const EVERY_MS = 200;

let room: Room;
const readings: Reading[] = [];
const sents: Sent[] = [];
let reading: ReturnType<typeof setInterval> | undefined;

async function join(joining: Joining): Promise<string> {
  if (joining.via) redirect(joining.via);
  room = await connect(location.origin, () => token(joining), { audioSlots: 2, videoSlots: 1 });
  if (connection().connectionState !== 'connected') {
    await new Promise<void>((resolve) => room.on('mediaState', ({ state }) => state === 'connected' && resolve()));
  }
  return room.me.id;
}

function connection(): RTCPeerConnection {
  const peer = (room as unknown as { peer: { connection: RTCPeerConnection } }).peer;
  return peer.connection;
}

/** A tone, as from a microphone. */
async function speak(): Promise<void> {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: 440 });
  const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  oscillator.connect(new GainNode(context, { gain: 0.2 })).connect(destination);
  oscillator.start();
  await context.resume();
  await room.local.publish('audio', destination.stream.getAudioTracks()[0] as MediaStreamTrack);
}

/** A tone, and the browser's fake camera. */
async function publish(framesPerSecond: number): Promise<void> {
  await speak();
  await room.local.publish('camera', await busyCamera(framesPerSecond));
  reading = setInterval(() => void readSent(), EVERY_MS);
}

/**
 * The browser's fake camera with a patch of noise on it: without noise, its picture takes a third of the
 * allowed rate.
 */
async function busyCamera(framesPerSecond: number): Promise<MediaStreamTrack> {
  const size = { width: 1280, height: 720 };
  const devices = await navigator.mediaDevices.getUserMedia({ video: { ...size, frameRate: framesPerSecond } });
  const element = document.createElement('video');
  Object.assign(element, { muted: true, srcObject: devices });
  await element.play();
  const noise = new OffscreenCanvas(512, 288);
  const grain = noise.getContext('2d')!;
  const pixels = grain.createImageData(512, 288);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data.fill(96 + 64 * Math.random(), at, at + 3).fill(255, at + 3, at + 4);
  grain.putImageData(pixels, 0, 0);
  const canvas = Object.assign(document.createElement('canvas'), size);
  const paper = canvas.getContext('2d')!;
  const draw = (): void => {
    paper.drawImage(element, 0, 0, size.width, size.height);
    paper.drawImage(noise, 192 * Math.random(), 108 * Math.random(), 320, 180, 480, 270, 320, 180);
  };
  setInterval(draw, 1000 / framesPerSecond);
  return canvas.captureStream(framesPerSecond).getVideoTracks()[0] as MediaStreamTrack;
}

/** Plays what the others send, and reads the statistics from now on. */
function watch(): void {
  room.attachAudio();
  const element = document.createElement('video');
  Object.assign(element, { muted: true, autoplay: true, playsInline: true });
  document.body.append(element);
  const show = (): void => {
    const other = [...room.participants.values()].find((each) => !each.isMe && each.track('camera'));
    if (other && element.srcObject !== other.stream('camera')) element.srcObject = other.stream('camera');
  };
  room.on('changed', show);
  show();
  setInterval(() => void read(), EVERY_MS);
}

/** The camera goes on, and is neither encoded nor read about. */
async function rest(): Promise<void> {
  clearInterval(reading);
  const sender = connection().getSenders().find(({ track }) => track?.kind === 'video');
  const parameters = sender?.getParameters();
  for (const encoding of parameters?.encodings ?? []) encoding.active = false;
  if (sender && parameters) await sender.setParameters(parameters);
}

type Entry = Record<string, unknown> & { type: string; kind?: string };

async function entries(): Promise<Entry[]> {
  return [...(await connection().getStats()).values()] as Entry[];
}

const sum = (of: Entry[], field: string): number => of.reduce((total, entry) => total + Number(entry[field] ?? 0), 0);
const most = (of: Entry[], field: string): number => of.reduce((found, entry) => Math.max(found, Number(entry[field] ?? 0)), 0);

async function read(): Promise<void> {
  const inbound = (await entries()).filter(({ type }) => type === 'inbound-rtp');
  // Only streams that ever brought something: an empty slot conceals its silence.
  const used = (kind: string): Entry[] => inbound.filter((entry) => entry.kind === kind && Number(entry['packetsReceived']) > 0);
  const [audio, video] = [used('audio'), used('video')];
  readings.push({
    atMs: Date.now(),
    audio: {
      samples: sum(audio, 'totalSamplesReceived'),
      concealed: sum(audio, 'concealedSamples'),
      silent: sum(audio, 'silentConcealedSamples'),
      bytes: sum(audio, 'bytesReceived') + sum(audio, 'headerBytesReceived'),
      lost: sum(audio, 'packetsLost'),
      received: sum(audio, 'packetsReceived'),
      bufferS: sum(audio, 'jitterBufferDelay'),
      emitted: sum(audio, 'jitterBufferEmittedCount'),
    },
    video: {
      frames: sum(video, 'framesDecoded'),
      keyframes: sum(video, 'keyFramesDecoded'),
      height: most(video, 'frameHeight'),
      freezes: sum(video, 'freezeCount'),
      frozenS: sum(video, 'totalFreezesDuration'),
      bytes: sum(video, 'bytesReceived') + sum(video, 'headerBytesReceived'),
      nacks: sum(video, 'nackCount'),
      plis: sum(video, 'pliCount'),
      repaired: sum(video, 'retransmittedPacketsReceived'),
      bufferS: sum(video, 'jitterBufferDelay'),
      emitted: sum(video, 'jitterBufferEmittedCount'),
    },
  });
}

async function readSent(): Promise<void> {
  const outbound = (await entries()).filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
  const camera = outbound.filter((entry) => entry['rid'] !== undefined);
  sents.push({
    atMs: Date.now(),
    bytes: sum(camera, 'bytesSent') + sum(camera, 'headerBytesSent'),
    plis: sum(camera, 'pliCount'),
    firs: sum(camera, 'firCount'),
    keyframes: sum(camera, 'keyFramesEncoded'),
    layers: camera.map((entry) => ({
      rid: String(entry['rid']),
      active: Boolean(entry['active']),
      height: Number(entry['frameHeight'] ?? 0),
      bytes: Number(entry['bytesSent'] ?? 0),
      frames: Number(entry['framesEncoded'] ?? 0),
      plis: Number(entry['pliCount'] ?? 0),
      keyframes: Number(entry['keyFramesEncoded'] ?? 0),
      encodingS: Number(entry['totalEncodeTime'] ?? 0),
    })),
    limitedBy: camera.map((entry) => String(entry['qualityLimitationReason'] ?? 'none')).find((reason) => reason !== 'none') ?? 'none',
  });
}

const api = {
  join,
  speak,
  publish,
  watch,
  rest,
  leave: (): void => room.leave(),
  /** The readings since the last call. */
  readings: (): Reading[] => readings.splice(0),
  sent: (): Sent[] => sents.splice(0),
  answer: (): string => connection().remoteDescription?.sdp ?? '',
};

/** The functions that the tests call. */
export type PageApi = typeof api;

Object.assign(globalThis, { badnet: api });
