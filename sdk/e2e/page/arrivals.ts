/**
 * Notes when each frame of sound arrives, before any buffer: the page's connections hand their frames through
 * here. A frame of Opus is one packet. Load it before a connection is made.
 */

interface Stream {
  readable: ReadableStream<unknown>;
  writable: WritableStream<unknown>;
}
interface Piped {
  createEncodedStreams(): Stream;
}

/** Arrivals by receiver, on the clock of `performance.now()`. */
const arrivals = new Map<RTCRtpReceiver, number[]>();

class Watched extends RTCPeerConnection {
  constructor(configuration: RTCConfiguration = {}) {
    super({ ...configuration, encodedInsertableStreams: true } as RTCConfiguration);
  }
  override addTransceiver(what: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const transceiver = super.addTransceiver(what, init);
    const { receiver, sender } = transceiver;
    const times: number[] = [];
    arrivals.set(receiver, times);
    const sent = (sender as unknown as Piped).createEncodedStreams();
    void sent.readable.pipeTo(sent.writable);
    const received = (receiver as unknown as Piped).createEncodedStreams();
    const note = new TransformStream({
      transform(frame, controller) {
        times.push(performance.now());
        controller.enqueue(frame);
      },
    });
    void received.readable.pipeThrough(note).pipeTo(received.writable);
    return transceiver;
  }
}
globalThis.RTCPeerConnection = Watched;

/** The first arrival on any audio line of a connection since a moment. */
export function firstArrival(connection: RTCPeerConnection, sinceMs: number): number | undefined {
  const audio = connection.getReceivers().filter(({ track }) => track.kind === 'audio');
  const first = audio.flatMap((receiver) => arrivals.get(receiver)?.find((at) => at >= sinceMs) ?? []);
  return first.length ? Math.min(...first) : undefined;
}

/** The last arrival on any audio line of a connection. */
export function lastArrival(connection: RTCPeerConnection): number {
  const audio = connection.getReceivers().filter(({ track }) => track.kind === 'audio');
  return Math.max(0, ...audio.flatMap((receiver) => arrivals.get(receiver)?.at(-1) ?? []));
}

Object.assign(globalThis, { arrivals: { firstArrival, lastArrival } });
