import { deviceError, localError } from './errors.js';
import type { Unsubscribe } from './emitter.js';

/** A device that can be chosen. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

/** The devices to choose from. Labels are empty until the person has allowed a device once. */
export interface Devices {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
}

/** The devices of this machine. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (kind: MediaDeviceKind): Device[] =>
    all
      .filter((device) => device.kind === kind)
      .map((device) => ({ id: device.deviceId, label: device.label }));
  return { microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
}

/** Calls `listener` with the new list whenever a device is plugged in or out. */
export function onDevicesChanged(listener: (devices: Devices) => void): Unsubscribe {
  const media = navigator.mediaDevices;
  const handle = (): void => void listDevices().then(listener);
  media?.addEventListener('devicechange', handle);
  return () => media?.removeEventListener('devicechange', handle);
}

/** Opens a microphone: the given device, or the default one. */
export async function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  return open('microphone', {
    audio: { deviceId, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

/** Opens a camera: the given device, or the default one, 720p at most. */
export async function openCamera(deviceId?: string): Promise<MediaStreamTrack> {
  return open('camera', {
    video: { deviceId, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  });
}

/** Asks for a screen or window to share. */
export async function openScreen(): Promise<MediaStreamTrack> {
  if (!navigator.mediaDevices?.getDisplayMedia) throw localError('WebRtcMissing');
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 } });
    return withHint(first(stream), 'detail');
  } catch (error) {
    throw deviceError('screen', error);
  }
}

/** The picture of a canvas as a track. */
export function captureCanvas(canvas: HTMLCanvasElement, framesPerSecond = 10): MediaStreamTrack {
  return withHint(first(canvas.captureStream(framesPerSecond)), 'detail');
}

async function open(
  kind: 'microphone' | 'camera',
  constraints: MediaStreamConstraints,
): Promise<MediaStreamTrack> {
  if (!navigator.mediaDevices?.getUserMedia) throw localError('WebRtcMissing');
  try {
    return first(await navigator.mediaDevices.getUserMedia(constraints));
  } catch (error) {
    throw deviceError(kind, error);
  }
}

function first(stream: MediaStream): MediaStreamTrack {
  const track = stream.getTracks()[0];
  if (!track) throw localError('DeviceFailed');
  return track;
}

function withHint(track: MediaStreamTrack, hint: string): MediaStreamTrack {
  if ('contentHint' in track) track.contentHint = hint;
  return track;
}
