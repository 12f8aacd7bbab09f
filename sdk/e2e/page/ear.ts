/**
 * Hears in a page: how loud each of some tones is, window after window, measured on the audio thread. No
 * moment is missed however busy the page is, and every window carries the time of the audio clock.
 */

/** The tones of one window, as the amplitude of an oscillator that is as loud. */
export interface Window {
  /** When the window ended, in seconds of the audio clock. */
  at: number;
  levels: number[];
}

const WINDOW = 2048;
const HOP = 512;

/** A tone louder than this is a voice: a quarter of everybody's amplitude. */
export const HEARD = 0.05;

/** Runs in the audio thread: one Goertzel filter for each tone, over a Hann window. */
const PROCESSOR = `
registerProcessor('ear', class extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.filters = processorOptions.tones.map((hertz) => 2 * Math.cos((2 * Math.PI * hertz) / sampleRate));
    this.ring = new Float32Array(${WINDOW});
    this.hann = this.ring.map((_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / ${WINDOW}));
    this.filled = 0;
    this.batch = [];
  }
  process([input]) {
    const channel = input[0] ?? new Float32Array(128);
    this.ring.copyWithin(0, channel.length);
    this.ring.set(channel, ${WINDOW} - channel.length);
    this.filled += channel.length;
    if (this.filled >= ${HOP}) {
      this.filled -= ${HOP};
      this.batch.push({ at: currentTime, levels: this.filters.map((filter) => this.level(filter)) });
      if (this.batch.length >= 4) this.port.postMessage(this.batch.splice(0));
    }
    return true;
  }
  level(filter) {
    let one = 0;
    let two = 0;
    for (let index = 0; index < ${WINDOW}; index += 1) {
      const now = this.ring[index] * this.hann[index] + filter * one - two;
      two = one;
      one = now;
    }
    return (Math.sqrt(Math.max(0, one * one + two * two - filter * one * two)) * 4) / ${WINDOW};
  }
});`;

let ready: Promise<AudioContext> | undefined;

/** The page's one audio context, with the processor in it. */
export function audioContext(): Promise<AudioContext> {
  ready ??= (async () => {
    const context = new AudioContext({ latencyHint: 'interactive' });
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([PROCESSOR], { type: 'text/javascript' })));
    await context.resume();
    return context;
  })();
  return ready;
}

/** Listens to all of some tracks together. */
export class Ear {
  readonly record: Window[] = [];
  private constructor(readonly context: AudioContext) {}

  static async open(tracks: readonly MediaStreamTrack[], tones: readonly number[]): Promise<Ear> {
    const context = await audioContext();
    const ear = new Ear(context);
    const node = new AudioWorkletNode(context, 'ear', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit', processorOptions: { tones } });
    node.port.onmessage = ({ data }: MessageEvent<Window[]>) => void ear.record.push(...data);
    for (const track of tracks) new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(node);
    return ear;
  }
}

/** A track that carries one sine. */
export async function toneTrack(hertz: number): Promise<MediaStreamTrack> {
  const context = await audioContext();
  const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  const oscillator = new OscillatorNode(context, { frequency: hertz });
  oscillator.connect(new GainNode(context, { gain: 4 * HEARD })).connect(destination);
  oscillator.start();
  return destination.stream.getAudioTracks()[0] as MediaStreamTrack;
}
