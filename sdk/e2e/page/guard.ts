/** Watches over one peer connection: from `begin` on nothing may be negotiated anew. */

/** Properties that must stay the same. */
export interface Identity {
  localSdp: string;
  remoteSdp: string;
  ufrags: string[];
  fingerprints: string[];
  /** From the transport's statistics, beside those of the descriptions. */
  certificates: string[];
  candidatePair: string;
}

/** Events that must not happen, with their counts. */
export type Happened = Record<string, number>;

const EVENTS = ['signalingstatechange', 'negotiationneeded', 'iceconnectionstatechange', 'connectionstatechange', 'icegatheringstatechange'];
const CALLS = ['createOffer', 'createAnswer', 'setLocalDescription', 'setRemoteDescription', 'restartIce', 'addTransceiver'];

export class Guard {
  happened: Happened = {};

  constructor(private readonly connection: RTCPeerConnection) {
    const count = (name: string): void => void (this.happened[name] = (this.happened[name] ?? 0) + 1);
    for (const name of EVENTS) connection.addEventListener(name, () => count(name));
    const methods = connection as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const name of CALLS) {
      const real = methods[name]?.bind(connection);
      methods[name] = (...given) => {
        count(name);
        return real?.(...given);
      };
    }
  }

  /** Counts from now. */
  begin(): void {
    this.happened = {};
  }

  get signalingState(): RTCSignalingState {
    return this.connection.signalingState;
  }

  async identity(): Promise<Identity> {
    const [localSdp, remoteSdp] = [this.connection.localDescription?.sdp ?? '', this.connection.remoteDescription?.sdp ?? ''];
    const lines = (name: string): string[] => [localSdp, remoteSdp].flatMap((sdp) => [...new Set(sdp.match(new RegExp(`^a=${name}:.*$`, 'gm')))]);
    const report = [...(await this.connection.getStats()).values()] as Record<string, string>[];
    return {
      localSdp,
      remoteSdp,
      ufrags: lines('ice-ufrag'),
      fingerprints: lines('fingerprint'),
      certificates: report.flatMap((entry) => (entry['type'] === 'certificate' ? [entry['fingerprint'] ?? ''] : [])).sort(),
      candidatePair: report.find((entry) => entry['type'] === 'transport')?.['selectedCandidatePairId'] ?? '',
    };
  }
}
