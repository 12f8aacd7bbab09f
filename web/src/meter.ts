/**
 * Measures what this page hears and sees, for tests: the tones in everything that is played, as a record
 * over time, and the colour in the middle of a received picture.
 */
import type { Room, TrackKind } from '@sideroom/client';
import { audioContext } from './sources.js';

/** A measurement of the sound at one moment. */
export interface Heard {
  atMs: number;
  tones: number[];
}

const FLOOR_DB = -62;
const STANDS_OUT_DB = 10;
const EVERY_MS = 50;

/** How far a page is behind: not the server's doing. */
export interface Lag {
  /** The longest that this page went without taking a sample, of late. */
  samplesMs: number;
  /** Delay that the browser adds to even out arrival times. */
  bufferMs: number;
}

/** Listens to every audio slot of a room. */
export class Meter {
  readonly record: Heard[] = [];
  readonly #analyser: AnalyserNode;
  #sources: MediaStreamAudioSourceNode[] = [];

  constructor(
    private readonly room: Room,
    /** The tones that anybody may send: what is measured. */
    readonly candidates: number[],
  ) {
    this.#analyser = new AnalyserNode(audioContext(), { fftSize: 8192, smoothingTimeConstant: 0 });
    room.on('mediaPath', () => this.#listen());
    this.#listen();
    setInterval(() => this.record.push({ atMs: Date.now(), tones: this.tones() }), EVERY_MS);
  }

  /** The candidates that are audible now. */
  tones(): number[] {
    const levels = new Float32Array(this.#analyser.frequencyBinCount);
    this.#analyser.getFloatFrequencyData(levels);
    const width = this.#analyser.context.sampleRate / this.#analyser.fftSize;
    return this.candidates.filter((hertz) => {
      const bin = Math.round(hertz / width);
      const level = Math.max(...levels.subarray(bin - 1, bin + 2));
      // A tone stands out; the click of another tone that begins or ends is as loud beside it.
      const beside = Math.max(...levels.subarray(bin - 14, bin - 7), ...levels.subarray(bin + 8, bin + 15));
      return level > FLOOR_DB && level - beside > STANDS_OUT_DB;
    });
  }

  /** How far this page is behind at the moment. */
  async lag(): Promise<Lag> {
    const last = this.record.slice(-20).map(({ atMs }) => atMs);
    const gaps = [...last, Date.now()].map((atMs, index) => atMs - (last[index - 1] ?? atMs));
    const report = [...((await this.room.peer?.connection.getStats())?.values() ?? [])] as Record<string, unknown>[];
    const buffers = report
      .filter((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === 'audio')
      .map((entry) => (Number(entry['jitterBufferTargetDelay'] ?? 0) * 1000) / Math.max(1, Number(entry['jitterBufferEmittedCount'] ?? 1)));
    return { samplesMs: Math.max(0, ...gaps), bufferMs: Math.max(0, ...buffers) };
  }

  #listen(): void {
    for (const source of this.#sources) source.disconnect();
    this.#sources = this.room.audioSlots().map(({ track }) => {
      const source = new MediaStreamAudioSourceNode(audioContext(), { mediaStream: new MediaStream([track]) });
      source.connect(this.#analyser);
      return source;
    });
  }
}

/** The colour in the middle of what is received of somebody, as red, green and blue; null without a picture. */
export function colourOf(room: Room, participantId: string, kind: TrackKind): [number, number, number] | null {
  const selector = `video[data-participant="${CSS.escape(participantId)}"][data-kind="${kind}"]`;
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (!video?.videoWidth || !room.participants.get(participantId)?.receives(kind)) return null;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 8, height: 8 });
  const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
  paper.drawImage(video, video.videoWidth / 2 - 4, video.videoHeight / 2 - 4, 8, 8, 0, 0, 8, 8);
  const [red = 0, green = 0, blue = 0] = paper.getImageData(4, 4, 1, 1).data;
  return [red, green, blue];
}
