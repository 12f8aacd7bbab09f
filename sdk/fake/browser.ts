/** The parts of a browser that node lacks: just enough of WebRTC to see the SDK's calls. */

class FakeTrack extends EventTarget {
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  contentHint = '';
  constructor(readonly kind: string) {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
  /** Like an unplugged device. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

class FakeStream {
  readonly tracks = new Set<FakeTrack>();
  constructor(tracks: FakeTrack[] = []) {
    for (const track of tracks) this.tracks.add(track);
  }
  addTrack(track: FakeTrack): void {
    this.tracks.add(track);
  }
  removeTrack(track: FakeTrack): void {
    this.tracks.delete(track);
  }
  getTracks(): FakeTrack[] {
    return [...this.tracks];
  }
}

class FakeTransceiver {
  mid: string | null = null;
  codecs: unknown[] | undefined;
  readonly sender: { track: FakeTrack | null; replaceTrack(track: FakeTrack | null): Promise<void>; getParameters(): unknown; setParameters(next: unknown): Promise<void> };
  readonly receiver: { track: FakeTrack };
  constructor(
    readonly media: string,
    readonly init: { direction?: string; sendEncodings?: { rid?: string; active?: boolean }[] },
  ) {
    const encodings = (init.sendEncodings ?? []).map((encoding) => ({ ...encoding }));
    let parameters = { encodings };
    this.receiver = { track: new FakeTrack(media) };
    this.sender = {
      track: null,
      async replaceTrack(track) {
        this.track = track;
      },
      getParameters: () => structuredClone(parameters),
      async setParameters(next) {
        parameters = next as typeof parameters;
      },
    };
  }
  setCodecPreferences(codecs: unknown[]): void {
    this.codecs = codecs;
  }
}

export class FakePeerConnection {
  static readonly all: FakePeerConnection[] = [];
  readonly transceivers: FakeTransceiver[] = [];
  connectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remoteDescription: unknown = null;
  onconnectionstatechange: (() => void) | null = null;
  restarts = 0;
  /** The network lets nothing through but relays. */
  static onlyRelayed = false;
  constructor(public configuration: RTCConfiguration = {}) {
    FakePeerConnection.all.push(this);
  }
  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }
  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }
  addTransceiver(media: string, init: { direction?: string }): FakeTransceiver {
    const transceiver = new FakeTransceiver(media, init);
    this.transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }
  restartIce(): void {
    this.restarts += 1;
  }
  async createOffer(): Promise<{ sdp: string }> {
    const lines = this.transceivers.map(
      ({ media, init }, index) => `m=${media} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:${index}\r\na=${init.direction}\r\n`,
    );
    return { sdp: `v=0\r\n${lines.join('')}` };
  }
  async setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
  }
  async setRemoteDescription(description: unknown): Promise<void> {
    this.remoteDescription = description;
    const stuck = FakePeerConnection.onlyRelayed && !this.configuration.iceServers?.some(({ username }) => username);
    setTimeout(() => this.become(stuck ? 'connecting' : 'connected'));
  }
  /** Puts the connection into a state, as the network would. */
  become(state: string): void {
    if (this.connectionState === 'closed') return;
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }
  /** Ends the received tracks, as browsers do. */
  close(): void {
    this.connectionState = 'closed';
    for (const { receiver } of this.transceivers) receiver.track.readyState = 'ended';
  }
}

/** Capabilities as a browser lists them: every codec with its rtx. */
const CODECS = ['video/VP8', 'video/rtx', 'video/VP9', 'video/rtx', 'video/red'].map((mimeType) => ({ mimeType }));

export { FakeTrack, FakeStream };

/** Puts the fakes where the SDK looks for the real ones. */
export function installBrowser(webSocket: typeof WebSocket): void {
  if (typeof navigator === 'undefined') Object.assign(globalThis, { navigator: {} });
  Object.assign(globalThis, {
    WebSocket: webSocket,
    RTCPeerConnection: FakePeerConnection,
    MediaStream: FakeStream,
    RTCRtpReceiver: { getCapabilities: () => ({ codecs: CODECS }) },
  });
}
