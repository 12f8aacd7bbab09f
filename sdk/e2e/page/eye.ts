/** Sees in a page: every decoded frame of every video slot, and its sender, known by the colour. */

/** One frame that was decoded and shown. */
export interface Frame {
  /** The time of the frame's callback, in milliseconds of `performance.now()`. */
  at: number;
  mid: string;
  colour: string;
  width: number;
  height: number;
}

/** One colour for each person: the corners of the colour cube survive every codec. */
export const COLOURS: Record<string, [number, number, number]> = {
  red: [220, 20, 20],
  green: [20, 200, 20],
  blue: [20, 20, 220],
  yellow: [220, 220, 20],
  magenta: [220, 20, 220],
};

/** Watches some slots, each on an element of its own. */
export class Eye {
  readonly record: Frame[] = [];
  readonly #paper: CanvasRenderingContext2D;

  constructor(slots: readonly { mid: string; track: MediaStreamTrack }[]) {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    this.#paper = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
    for (const slot of slots) this.#watch(slot.mid, slot.track);
  }

  #watch(mid: string, track: MediaStreamTrack): void {
    const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, playsInline: true, width: 64 });
    video.srcObject = new MediaStream([track]);
    document.body.append(video);
    const next = (): void => {
      const { videoWidth: width, videoHeight: height } = video;
      this.record.push({ at: performance.now(), mid, colour: this.#colour(video), width, height });
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    void video.play().catch(() => {});
  }

  /** The name of the colour in the middle, or `?`. */
  #colour(video: HTMLVideoElement): string {
    this.#paper.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    const pixel = this.#paper.getImageData(0, 0, 1, 1).data;
    const near = (colour: number[]): boolean => colour.every((value, index) => Math.abs(value - (pixel[index] ?? 0)) < 80);
    return Object.keys(COLOURS).find((name) => near(COLOURS[name] as number[])) ?? '?';
  }
}

/** A canvas of one colour that is drawn anew for every frame. */
export function patch(colour: string, width: number, height: number, framesPerSecond: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
  let frame = 0;
  const draw = (): void => {
    paper.fillStyle = `rgb(${COLOURS[colour]})`;
    paper.fillRect(0, 0, width, height);
    paper.fillStyle = '#808080';
    paper.fillRect((frame * 4) % width, height - 6, 6, 6);
    frame += 1;
  };
  draw();
  setInterval(draw, 1000 / framesPerSecond);
  return canvas;
}
