/** Sources to publish without devices: a sine instead of a voice, a colour patch instead of a picture. */

let context: AudioContext | undefined;

/** The page's one audio context. */
export function audioContext(): AudioContext {
  context ??= new AudioContext({ latencyHint: 'interactive' });
  return context;
}

/** A track that carries one sine. */
export function toneTrack(hertz: number): MediaStreamTrack {
  const audio = audioContext();
  const oscillator = new OscillatorNode(audio, { frequency: hertz });
  const gain = new GainNode(audio, { gain: 0.2 });
  const destination = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
  oscillator.connect(gain).connect(destination);
  oscillator.start();
  void audio.resume();
  return destination.stream.getAudioTracks()[0] as MediaStreamTrack;
}

/** A track that shows one colour, with a mark that moves so that frames keep coming. */
export function patchTrack(colour: string, width = 320, height = 180): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
  let frame = 0;
  const draw = (): void => {
    paper.fillStyle = colour;
    paper.fillRect(0, 0, width, height);
    paper.fillStyle = '#808080';
    paper.fillRect((frame * 4) % width, height - 6, 6, 6);
    frame += 1;
  };
  draw();
  const track = canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;
  const timer = setInterval(() => (track.readyState === 'ended' ? clearInterval(timer) : draw()), 100);
  return track;
}
