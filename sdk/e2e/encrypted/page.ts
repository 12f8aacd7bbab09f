/** Runs in the pages of encrypted.test.ts: everything that is sent is encrypted frame by frame, and counted where it is decrypted. */
import { connect, type Room } from '@sideroom/client';
import { redirect, token } from '../badnet/joining.ts';

/** How a page joins. */
export interface Joining {
  room: string;
  name: string;
  /** `address:port` of the link; nothing for the direct way. */
  via?: string;
}

/** What a page has decrypted so far. */
export interface Decrypted {
  frames: number;
  /** Frames of a client that could not be decrypted. */
  undecryptable: number;
  /** Length and first byte of the last of these. */
  last: string;
  /** Frames too short to be a client's: the server's own silence. */
  short: number;
}

/** What the statistics say of the sound. */
export interface Sound {
  received: number;
  lost: number;
  /** MIME types of the streams that packets came in. */
  codecs: string[];
}

let room: Room;
const decrypted: Decrypted = { frames: 0, undecryptable: 0, last: '', short: 0 };

/** The worker: AES-GCM over the whole frame, the nonce behind it. */
const WORKER = `
  const key = crypto.subtle.importKey('raw', new Uint8Array(16).fill(7), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const encrypt = async (data) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key, data));
    const out = new Uint8Array(sealed.length + 12);
    out.set(sealed);
    out.set(iv, sealed.length);
    return out.buffer;
  };
  const decrypt = async (data) => {
    const bytes = new Uint8Array(data);
    const at = bytes.length - 12;
    return crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.subarray(at) }, await key, bytes.subarray(0, at));
  };
  onrtctransform = ({ transformer: { readable, writable, options } }) => {
    const steps = options === 'encrypt'
      ? async (frame, to) => {
          frame.data = await encrypt(frame.data);
          to.enqueue(frame);
        }
      : async (frame, to) => {
          if (frame.data.byteLength < 28) return postMessage({ short: true });
          const first = new Uint8Array(frame.data)[0];
          const length = frame.data.byteLength;
          try {
            frame.data = await decrypt(frame.data);
          } catch {
            return postMessage({ undecryptable: length + ' bytes, first ' + first });
          }
          postMessage({ decrypted: true });
          to.enqueue(frame);
        };
    readable.pipeThrough(new TransformStream({ transform: steps })).pipeTo(writable);
  };
`;

type Said = { decrypted?: true; short?: true; undecryptable?: string };

function connection(): RTCPeerConnection {
  return (room as unknown as { peer: { connection: RTCPeerConnection } }).peer.connection;
}

/** Gives everything that is sent and received a transform, from its first frame on: Chromium takes none later. */
function encryptAll(): void {
  const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' })));
  worker.onmessage = ({ data }: MessageEvent<Said>): void => {
    if (data.decrypted) decrypted.frames += 1;
    if (data.short) decrypted.short += 1;
    if (data.undecryptable !== undefined) {
      decrypted.undecryptable += 1;
      decrypted.last = data.undecryptable;
    }
  };
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (this: RTCPeerConnection, ...of: Parameters<typeof add>): RTCRtpTransceiver {
    const transceiver = add.apply(this, of);
    transceiver.sender.transform = new RTCRtpScriptTransform(worker, 'encrypt');
    transceiver.receiver.transform = new RTCRtpScriptTransform(worker, 'decrypt');
    return transceiver;
  };
}

/** Joins, with a transform on everything that is sent and received. */
async function join(joining: Joining): Promise<void> {
  encryptAll();
  if (joining.via) redirect(joining.via);
  room = await connect(location.origin, () => token(joining), { audioSlots: 2, videoSlots: 1 });
  if (connection().connectionState !== 'connected') {
    await new Promise<void>((resolve) => room.on('mediaState', ({ state }) => state === 'connected' && resolve()));
  }
  room.attachAudio();
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

async function sound(): Promise<Sound> {
  const entries = [...(await connection().getStats()).values()] as (Record<string, unknown> & { type: string })[];
  const inbound = entries.filter(({ type, kind, packetsReceived }) => type === 'inbound-rtp' && kind === 'audio' && Number(packetsReceived) > 0);
  const sum = (field: string): number => inbound.reduce((all, entry) => all + Number(entry[field] ?? 0), 0);
  const codecs = inbound.map(({ codecId }) => String(entries.find(({ id }) => id === codecId)?.['mimeType']));
  return { received: sum('packetsReceived'), lost: sum('packetsLost'), codecs };
}

const api = { join, speak, sound, decrypted: (): Decrypted => ({ ...decrypted }) };

export type EncryptedPage = typeof api;

Object.assign(globalThis, { encrypted: api });
