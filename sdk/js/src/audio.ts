import type { Unsubscribe } from './emitter.js';

/** The part of a room that `attachAudio` needs. */
export interface AudioSource {
  on(event: 'mediaPath' | 'media' | 'changed', listener: () => void): Unsubscribe;
  /** Every audio slot of the connection, and whether it carries the parent to a listener who is away. */
  audioSlots(): readonly { mid: string; track: MediaStreamTrack; fromParent?: boolean }[];
}

/** Plays the room's sound. */
export interface AudioOutput {
  /** True while the browser refuses to play before the person has clicked somewhere. */
  readonly blocked: boolean;
  /** Plays. Call it from a click handler when `blocked`. */
  start(): Promise<boolean>;
  /** How loud, from 0 to 1. */
  setVolume(volume: number): void;
  /**
   * How loud the parent is beside that, from 0 to 1, while this client is away in a breakout. Those who speak to
   * the breakout by intercom are as loud as the people inside.
   */
  setParentVolume(volume: number): void;
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
  let parentVolume = 1;
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

  /** An element that already has its volume is left alone: this runs with every change of the room. */
  const level = (): void => {
    for (const { mid, fromParent } of room.audioSlots()) {
      const element = elements.get(mid);
      const wanted = volume * (fromParent ? parentVolume : 1);
      if (element && element.volume !== wanted) element.volume = wanted;
    }
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
      if (device) void element.setSinkId?.(device);
      elements.set(mid, element);
      host.append(element);
    }
    level();
    void play();
  };

  const stops = [room.on('mediaPath', sync), room.on('media', level), room.on('changed', level)];
  sync();
  return {
    get blocked() {
      return blocked;
    },
    start: play,
    setVolume(next) {
      volume = next;
      level();
    },
    setParentVolume(next) {
      parentVolume = next;
      level();
    },
    async setDevice(deviceId) {
      device = deviceId;
      await Promise.all([...elements.values()].map((element) => element.setSinkId?.(deviceId)));
    },
    detach() {
      for (const stop of stops) stop();
      for (const element of elements.values()) element.srcObject = null;
      host.remove();
    },
  };
}
