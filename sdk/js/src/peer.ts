import { localError } from './errors.js';
import { TRACK_KINDS, mediaOf, type Media, type TrackKind } from './kinds.js';
import { Playout, type StatsEntries } from './playout.js';

/** One simulcast layer of the camera. */
export interface CameraLayer {
  /** Its name on the wire: `q`, `h`, `f`, the smallest first. */
  rid: string;
  /** How many times smaller than the camera's picture, in each direction. */
  scaleDownBy: number;
  /** The most it may take, in bits per second. */
  maxBitrate: number;
}

/** How the one connection is set up. All of it is decided at the first offer. */
export interface PeerOptions {
  /** How many people can be heard at once. Default 9. */
  audioSlots?: number;
  /** How many pictures can be seen at once. Default 9. */
  videoSlots?: number;
  /** The camera's simulcast layers; one layer switches simulcast off. Default q/h/f. */
  cameraLayers?: readonly CameraLayer[];
  /** A video codec to put first in the offer, such as `VP9`. The room's setting decides in the end. */
  preferredVideoCodec?: string;
  /**
   * How long pictures may wait for packets that are sent again, in milliseconds, on a path that loses some:
   * 60 ms of round trip and 5 % loss take 240. Sound follows, so that lips stay with it. Default 400; 0 leaves
   * it to the browser.
   */
  longestPlayoutDelayMs?: number;
  /** Relays of your own. The server's own one is used by itself where media does not flow without. */
  iceServers?: RTCIceServer[];
  /** `relay` lets media go through a relay only. Default `all`. */
  iceTransportPolicy?: RTCIceTransportPolicy;
}

/** @internal The kind of track on each m-line, sent to the server along with the offer. */
export interface TrackHint {
  mid: string;
  kind: TrackKind;
}

/** @internal The one offer of a connection. */
export interface Offer {
  sdp: string;
  tracks: TrackHint[];
}

const DEFAULT_LAYERS: readonly CameraLayer[] = [
  { rid: 'q', scaleDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleDownBy: 1, maxBitrate: 1_700_000 },
];

const SCREEN_BITRATE = 2_500_000;
const CANVAS_BITRATE = 1_000_000;

/**
 * @internal The peer connection: four m-lines that send, a pool of slots that receive, one offer and one
 * answer. Sources are changed by `replaceTrack`, received ones by the server that switches sources in and out
 * of slots, so nothing is negotiated again.
 */
export class Peer {
  readonly connection: RTCPeerConnection;
  readonly #senders = new Map<TrackKind, RTCRtpTransceiver>();
  readonly #slots: RTCRtpTransceiver[] = [];
  readonly #playout: Playout;

  /** The server's relay was added. */
  relayed = false;

  constructor(private readonly options: PeerOptions = {}) {
    if (typeof RTCPeerConnection === 'undefined') throw localError('WebRtcMissing');
    this.connection = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      iceServers: options.iceServers ?? [],
      ...(options.iceTransportPolicy && { iceTransportPolicy: options.iceTransportPolicy }),
    });
    for (const kind of TRACK_KINDS) this.#senders.set(kind, this.#addSender(kind, options));
    this.#addSlots('audio', options.audioSlots ?? 9);
    this.#addSlots('video', options.videoSlots ?? 9);
    if (options.preferredVideoCodec) this.#preferCodec(options.preferredVideoCodec);
    this.#playout = new Playout(
      async () => (await this.connection.getStats()) as unknown as StatsEntries,
      () => this.#slots.map(({ receiver }) => ({ media: receiver.track.kind, receiver })),
      options.longestPlayoutDelayMs,
    );
  }

  /** The offer, with a hint for each m-line that sends. */
  async offer(): Promise<Offer> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const tracks = [...this.#senders].flatMap(([kind, { mid }]) => (mid ? [{ mid, kind }] : []));
    return { sdp: this.connection.localDescription?.sdp ?? '', tracks };
  }

  /** Takes the server's answer. */
  async accept(sdp: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
    if (this.connection.connectionState !== 'closed') this.#playout.start();
  }

  /**
   * Another offer on the same transport, with fresh ICE credentials, after a change of networks; and with the
   * server's relay, if it has one.
   */
  async restart(relays: readonly RTCIceServer[] = []): Promise<Offer> {
    if (relays.length > 0) {
      this.relayed = true;
      const iceServers = [...(this.options.iceServers ?? []), ...relays];
      this.connection.setConfiguration({ ...this.connection.getConfiguration(), iceServers });
    }
    this.connection.restartIce();
    return this.offer();
  }

  /** Adds slots. They take effect with the next `offer`. */
  #addSlots(media: Media, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#slots.push(this.connection.addTransceiver(media, { direction: 'recvonly' }));
    }
  }

  /** More slots, for a bigger grid. Needs a new offer on the same transport. */
  grow(media: Media, count: number): void {
    this.#addSlots(media, count);
  }

  /** Sends `track` under `kind` from now on, or nothing. */
  async replace(kind: TrackKind, track: MediaStreamTrack | null): Promise<void> {
    await this.#senders.get(kind)?.sender.replaceTrack(track);
  }

  /** The sender of a kind. */
  sender(kind: TrackKind): RTCRtpSender | undefined {
    return this.#senders.get(kind)?.sender;
  }

  /** The m-line on which a kind is sent. */
  kindOf(mid: string): TrackKind | undefined {
    return [...this.#senders].find(([, transceiver]) => transceiver.mid === mid)?.[0];
  }

  /** The track that a slot receives, the same for the connection's whole life. */
  slotTrack(mid: string): MediaStreamTrack | undefined {
    return this.#slots.find((slot) => slot.mid === mid)?.receiver.track;
  }

  /** Every slot of a media type. */
  slots(media: Media): readonly { mid: string; track: MediaStreamTrack; receiver: RTCRtpReceiver }[] {
    return this.#slots.flatMap(({ mid, receiver }) =>
      mid && receiver.track.kind === media ? [{ mid, track: receiver.track, receiver }] : [],
    );
  }

  /**
   * Switches off simulcast layers without receivers, to save their encoding. `wanted` has one bit for each
   * layer, bit 0 the smallest. The smallest stays on: the server shows it at once to a new viewer.
   */
  async wantLayers(kind: TrackKind, wanted: number): Promise<void> {
    const sender = this.sender(kind);
    const parameters = sender?.getParameters();
    if (!sender || !parameters || parameters.encodings.length < 2) return;
    let changed = false;
    parameters.encodings.forEach((encoding, index) => {
      const active = index === 0 || (wanted & (1 << index)) !== 0;
      changed ||= (encoding.active ?? true) !== active;
      encoding.active = active;
    });
    if (changed) await sender.setParameters(parameters);
  }

  close(): void {
    this.#playout.stop();
    this.connection.close();
  }

  #addSender(kind: TrackKind, options: PeerOptions): RTCRtpTransceiver {
    return this.connection.addTransceiver(mediaOf(kind), {
      direction: 'sendonly',
      sendEncodings: encodings(kind, options.cameraLayers ?? DEFAULT_LAYERS),
    });
  }

  /** Reorders, and leaves nothing out: without rtx in the list retransmission would be lost. */
  #preferCodec(name: string): void {
    const mime = `video/${name}`.toLowerCase();
    const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const ordered = [
      ...all.filter((codec) => codec.mimeType.toLowerCase() === mime),
      ...all.filter((codec) => codec.mimeType.toLowerCase() !== mime),
    ];
    for (const transceiver of this.connection.getTransceivers()) {
      if (transceiver.receiver.track.kind !== 'video') continue;
      transceiver.setCodecPreferences?.(ordered);
    }
  }
}

function encodings(kind: TrackKind, layers: readonly CameraLayer[]): RTCRtpEncodingParameters[] {
  switch (kind) {
    case 'audio':
      return [{ maxBitrate: 48_000 }];
    case 'screen':
      return [{ maxBitrate: SCREEN_BITRATE }];
    case 'canvas':
      return [{ maxBitrate: CANVAS_BITRATE }];
    case 'camera':
      return layers.length < 2
        ? [{ maxBitrate: layers[0]?.maxBitrate ?? 1_700_000 }]
        : layers.map(({ rid, scaleDownBy, maxBitrate }) => ({
            rid,
            scaleResolutionDownBy: scaleDownBy,
            maxBitrate,
          }));
  }
}
