/** State kept over a reload: chosen devices, and whether microphone and camera were on. */
import { openCamera, openMicrophone, type Room } from '@sideroom/client';

/** How a kind of device is used. */
export type Use = 'on' | 'muted' | 'off';

/** The devices that were chosen; empty: the browser's default. */
export interface Choice {
  microphone: string;
  camera: string;
  speaker: string;
  /** How loud the main room is while away, in percent. */
  parentVolume: number;
}

const CHOICE = 'sideroom devices';

/** The chosen devices of this browser. */
export function choice(): Choice {
  return { microphone: '', camera: '', speaker: '', parentVolume: 40, ...parse<Partial<Choice>>(localStorage.getItem(CHOICE)) };
}

/** Keeps a choice. It opens and unmutes nothing. */
export function choose(change: Partial<Choice>): void {
  localStorage.setItem(CHOICE, JSON.stringify({ ...choice(), ...change }));
}

/** The chosen microphone. The browser takes its default one where that is gone. */
export const openChosenMicrophone = (): Promise<MediaStreamTrack> => openMicrophone(choice().microphone || undefined);

/** The chosen camera. The browser takes its default one where that is gone. */
export const openChosenCamera = (): Promise<MediaStreamTrack> => openCamera(choice().camera || undefined);

/** How microphone and camera were used when the page was left. */
export interface Used {
  audio: Use;
  camera: Use;
}

const keyOf = (room: string): string => `sideroom used ${room}`;

/** Reads whether microphone and camera were on before the reload. */
export function usedBefore(room: string): Used {
  return { audio: 'off', camera: 'off', ...parse<Partial<Used>>(sessionStorage.getItem(keyOf(room))) };
}

/** Notes every change of what is in use. */
export function rememberUse(room: Room): void {
  const use = (kind: 'audio' | 'camera'): Use => (!room.local.isPublished(kind) ? 'off' : room.local.isMuted(kind) ? 'muted' : 'on');
  room.on('localChanged', () => {
    if (room.phase.name === 'closed') return;
    sessionStorage.setItem(keyOf(room.name), JSON.stringify({ audio: use('audio'), camera: use('camera') }));
  });
}

/** Left for good: the next meeting in this tab begins with everything off. */
export function forgetUse(room: string): void {
  sessionStorage.removeItem(keyOf(room));
}

function parse<T>(stored: string | null): T | undefined {
  try {
    return stored ? (JSON.parse(stored) as T) : undefined;
  } catch {
    return undefined;
  }
}
