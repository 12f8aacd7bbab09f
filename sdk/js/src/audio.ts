import type { Unsubscribe } from './emitter.js';

/** The part of a room that `attachAudio` needs. */
export interface AudioSource {
  on(event: 'mediaPath', listener: () => void): Unsubscribe;
  /** Every audio slot of the connection. */
  audioSlots(): readonly { mid: string; track: MediaStreamTrack }[];
}

/** Plays the room's sound. */
export interface AudioOutput {
  /** True while the browser refuses to play before the person has clicked somewhere. */
  readonly blocked: boolean;
  /** Plays. Call it from a click handler when `blocked`. */
  start(): Promise<boolean>;
  /** How loud, from 0 to 1. */
  setVolume(volume: number): void;
  /** Plays on another output device, where the browser supports it. */
  setDevice(deviceId: string): Promise<void>;
  /** Stops playing and removes the elements. */
  detach(): void;
}

/**
 * Plays everything that can be heard, on hidden audio elements: one for each audio slot. An element keeps
 * its slot for good, so a switch of speakers starts no element anew.
 */
export function attachAudio(
  room: AudioSource,
  onBlocked: (blocked: boolean) => void = () => {},
): AudioOutput {
  const host = document.createElement('div');
  host.hidden = true;
  document.body.append(host);
  const elements = new Map<string, HTMLAudioElement>();
  let blocked = false;
  let volume = 1;
  let device = '';

  const play = async (): Promise<boolean> => {
    const plays = [...elements.values()].map((element) => element.play());
    const results = await Promise.allSettled(plays);
    const refused = results.some(
      (result) => result.status === 'rejected' && (result.reason as DOMException).name === 'NotAllowedError',
    );
    if (refused !== blocked) onBlocked((blocked = refused));
    return !refused;
  };

  const sync = (): void => {
    const slots = room.audioSlots();
    for (const [mid, element] of elements) {
      if (slots.some((slot) => slot.mid === mid)) continue;
      element.remove();
      elements.delete(mid);
    }
    for (const { mid, track } of slots) {
      const element = elements.get(mid) ?? document.createElement('audio');
      const playing = element.srcObject as MediaStream | null;
      if (playing?.getTracks()[0] === track) continue;
      element.srcObject = new MediaStream([track]);
      element.autoplay = true;
      element.volume = volume;
      if (device) void element.setSinkId?.(device);
      elements.set(mid, element);
      host.append(element);
    }
    void play();
  };

  const stop = room.on('mediaPath', sync);
  sync();
  return {
    get blocked() {
      return blocked;
    },
    start: play,
    setVolume(next) {
      volume = next;
      for (const element of elements.values()) element.volume = next;
    },
    async setDevice(deviceId) {
      device = deviceId;
      await Promise.all([...elements.values()].map((element) => element.setSinkId?.(deviceId)));
    },
    detach() {
      stop();
      for (const element of elements.values()) element.srcObject = null;
      host.remove();
    },
  };
}
