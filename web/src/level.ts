/** How loud a microphone is: a bar that only its owner sees. */
import { h } from './dom.js';
import { audioContext } from './sources.js';

const EVERY_MS = 80;
/** A loud voice close to the microphone: the whole bar. */
const LOUD = 0.25;

/** A bar for one microphone after another. */
export class LevelBar {
  readonly #fill = h('span');
  readonly element = h('div', { class: 'level', role: 'meter', 'aria-label': 'Microphone level', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 0 }, this.#fill);
  #source: MediaStreamAudioSourceNode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Shows this microphone from now on; without one the bar is empty. */
  show(track: MediaStreamTrack | undefined): void {
    this.stop();
    if (!track) return this.#set(0);
    const analyser = new AnalyserNode(audioContext(), { fftSize: 1024 });
    this.#source = new MediaStreamAudioSourceNode(audioContext(), { mediaStream: new MediaStream([track]) });
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      this.#set(Math.min(1, Math.sqrt(Math.sqrt(power) / LOUD)));
    }, EVERY_MS);
    void audioContext().resume();
  }

  /** Looks at nothing any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#source?.disconnect();
    this.#source = undefined;
  }

  #set(level: number): void {
    const percent = Math.round(level * 100);
    this.#fill.style.width = `${percent}%`;
    this.element.setAttribute('aria-valuenow', String(percent));
  }
}

/** Two notes on the chosen speaker. */
export async function playTestSound(speakerId: string): Promise<void> {
  const audio = audioContext();
  await audio.resume();
  const destination = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
  const gain = new GainNode(audio, { gain: 0 });
  gain.connect(destination);
  [523, 784].forEach((frequency, index) => {
    const note = new OscillatorNode(audio, { frequency });
    const at = audio.currentTime + 0.1 + index * 0.35;
    note.connect(gain);
    note.start(at);
    note.stop(at + 0.3);
    gain.gain.setTargetAtTime(0.25, at, 0.02);
    gain.gain.setTargetAtTime(0, at + 0.22, 0.03);
  });
  const element = new Audio();
  element.srcObject = destination.stream;
  if (speakerId) await element.setSinkId?.(speakerId);
  await element.play();
  setTimeout(() => (element.srcObject = null), 1_500);
}
