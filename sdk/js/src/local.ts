import { captureCanvas, openCamera, openMicrophone, openScreen } from './devices.js';
import type { SideroomError } from './errors.js';
import { TRACK_KINDS, type TrackKind } from './kinds.js';
import type { Participant } from './participant.js';
import type { Peer } from './peer.js';
import { StillSources, type StillSource } from './still.js';
import { kindName } from './wire.js';

/** @internal The part of a room that the local tracks need. */
export interface LocalHost {
  emit(event: 'localChanged', payload: { kind: TrackKind }): void;
  emit(event: 'problem', payload: SideroomError): void;
  readonly me: Participant;
  readonly peer: Peer | undefined;
  command(method: string, body?: object): Promise<unknown>;
}

interface LocalTrack {
  track: MediaStreamTrack;
  muted: boolean;
  /** Stopped by us when it is unpublished, because we opened it. */
  ours: boolean;
}

/**
 * The tracks that this client publishes. They are swapped in and out of the connection without
 * negotiation.
 */
export class LocalTracks {
  readonly #tracks = new Map<TrackKind, LocalTrack>();
  readonly #still = new StillSources((kind) => this.#source(kind));

  /** @internal */
  constructor(private readonly host: LocalHost) {}

  /** The published track of a kind. */
  track(kind: TrackKind): MediaStreamTrack | undefined {
    return this.#tracks.get(kind)?.track;
  }
  /** Whether that kind is published. */
  isPublished(kind: TrackKind): boolean {
    return this.#tracks.has(kind);
  }
  /** Whether this client muted that kind. */
  isMuted(kind: TrackKind): boolean {
    return this.#tracks.get(kind)?.muted ?? false;
  }

  /** Opens the microphone and publishes it; if it is published already, switches to another device. */
  async openMicrophone(deviceId?: string): Promise<void> {
    await this.#publishOpened('audio', await openMicrophone(deviceId));
  }
  /** Opens the camera and publishes it; if it is published already, switches to another device. */
  async openCamera(deviceId?: string): Promise<void> {
    await this.#publishOpened('camera', await openCamera(deviceId));
  }
  /** Asks for a screen or window and publishes it. */
  async shareScreen(): Promise<void> {
    await this.#publishOpened('screen', await openScreen());
  }
  /** Publishes the picture of a canvas. */
  async shareCanvas(canvas: HTMLCanvasElement, framesPerSecond?: number): Promise<void> {
    await this.#publishOpened('canvas', captureCanvas(canvas, framesPerSecond));
  }

  /** Publishes a track of the app's own. It is not stopped when it is unpublished. */
  async publish(kind: TrackKind, track: MediaStreamTrack): Promise<void> {
    await this.#publish(kind, track, false);
  }

  /** Stops to send a kind. */
  async unpublish(kind: TrackKind): Promise<void> {
    if (!this.#tracks.has(kind)) return;
    this.#release(kind);
    await this.host.peer?.replace(kind, null);
    this.host.emit('localChanged', { kind });
    await this.#command('Unpublish', kind);
  }

  /** Mutes or unmutes a kind. Muting takes effect here at once, whatever the network does. */
  async setMuted(kind: TrackKind, muted: boolean): Promise<void> {
    const local = this.#tracks.get(kind);
    if (!local || local.muted === muted) return;
    local.muted = muted;
    local.track.enabled = !muted;
    this.host.emit('localChanged', { kind });
    await this.#command(muted ? 'Mute' : 'Unmute', kind);
  }
  mute(kind: TrackKind): Promise<void> {
    return this.setMuted(kind, true);
  }
  unmute(kind: TrackKind): Promise<void> {
    return this.setMuted(kind, false);
  }

  /** @internal Puts everything on a fresh peer connection. */
  async attach(peer: Peer): Promise<void> {
    for (const kind of TRACK_KINDS) await peer.replace(kind, this.track(kind) ?? null);
    this.#still.update();
  }

  /** @internal Somebody came, or is elsewhere now: sources that stand still send their picture again. */
  show(): void {
    this.#still.show();
  }

  /** @internal Publishes again the tracks that the server has forgotten. */
  async restore(): Promise<void> {
    for (const [kind, { muted }] of this.#tracks) {
      const known = this.host.me.track(kind);
      if (!known) await this.#command('Publish', kind);
      if (muted !== Boolean(known?.mutedByPublisher)) {
        await this.#command(muted ? 'Mute' : 'Unmute', kind);
      }
    }
    for (const { kind } of this.host.me.tracks) {
      if (!this.#tracks.has(kind)) await this.#command('Unpublish', kind);
    }
  }

  /** @internal Another window or the signaling server may have changed the published tracks. */
  handleServerTracks(): void {
    for (const [kind] of this.#tracks) this.host.emit('localChanged', { kind });
  }

  /** @internal */
  stopAll(): void {
    for (const kind of [...this.#tracks.keys()]) this.#release(kind);
    this.#still.stop();
  }

  #source(kind: TrackKind): StillSource | undefined {
    const [track, sender] = [this.track(kind), this.host.peer?.sender(kind)];
    return track && sender ? { kind, track, sender } : undefined;
  }

  async #publishOpened(kind: TrackKind, track: MediaStreamTrack): Promise<void> {
    try {
      await this.#publish(kind, track, true);
    } catch (error) {
      if (this.track(kind) !== track) track.stop();
      throw error;
    }
  }

  async #publish(kind: TrackKind, track: MediaStreamTrack, ours: boolean): Promise<void> {
    const before = this.#tracks.get(kind);
    const muted = before?.muted ?? false;
    track.enabled = !muted;
    await this.host.peer?.replace(kind, track);
    this.#tracks.set(kind, { track, muted, ours });
    this.#still.update();
    if (before?.ours && before.track !== track) before.track.stop();
    track.addEventListener('ended', () => this.#handleEnded(kind, track));
    this.host.emit('localChanged', { kind });
    if (before) return;
    try {
      await this.#command('Publish', kind);
    } catch (error) {
      if (this.track(kind) === track) {
        this.#release(kind);
        await this.host.peer?.replace(kind, null);
        this.host.emit('localChanged', { kind });
      }
      throw error;
    }
  }

  /** A device was unplugged, or the person stopped the share in the browser's own bar. */
  #handleEnded(kind: TrackKind, track: MediaStreamTrack): void {
    if (this.track(kind) !== track) return;
    const report = (error: unknown): void => this.host.emit('problem', error as SideroomError);
    if (kind === 'screen' || kind === 'canvas') return void this.unpublish(kind).catch(report);
    const reopened = kind === 'audio' ? this.openMicrophone() : this.openCamera();
    reopened.catch((error: unknown) => {
      report(error);
      this.unpublish(kind).catch(report);
    });
  }

  #release(kind: TrackKind): void {
    const local = this.#tracks.get(kind);
    this.#tracks.delete(kind);
    if (local?.ours) local.track.stop();
  }

  async #command(method: string, kind: TrackKind): Promise<void> {
    await this.host.command(`ParticipantService/${method}`, { kinds: [kindName(kind)] });
  }
}
