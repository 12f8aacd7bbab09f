/** This person's microphone and camera in the meeting: as they were before a reload, and closed when they are off. */
import type { Room } from '@sideroom/client';
import { asked } from './access.js';
import { mutedKinds } from './banners.js';
import { notify, run } from './notices.js';
import { openChosenCamera, openChosenMicrophone, rememberUse, usedBefore, type Use } from './remembered.js';
import { toneTrack } from './sources.js';

type Kind = 'audio' | 'camera';

/** Opens, publishes, mutes and closes them. */
export class OwnDevices {
  /** Tracks opened by this page. The SDK stops only tracks that it opened itself. */
  readonly #opened = new Set<MediaStreamTrack>();

  constructor(private readonly room: Room) {
    room.on('localChanged', () => this.#closeUnused());
  }

  /** Publishes what was on: before the reload, or in the check before joining. */
  begin(microphone: MediaStreamTrack | undefined, camera: MediaStreamTrack | undefined): void {
    const before = usedBefore(this.room.name);
    rememberUse(this.room);
    if (asked.tone) return run(() => this.#publish('audio', toneTrack(asked.tone), 'on'));
    const sound: Use = microphone ? 'on' : asked.join ? before.audio : 'off';
    const picture: Use = camera ? 'on' : asked.join ? before.camera : 'off';
    // One that fails does not keep the other from starting.
    if (sound !== 'off') run(async () => this.#publish('audio', microphone ?? (await openChosenMicrophone()), sound));
    if (picture !== 'off') run(async () => this.#publish('camera', camera ?? (await openChosenCamera()), picture));
  }

  /** Mutes or unmutes; opens the microphone the first time. */
  async toggleMicrophone(): Promise<void> {
    const { local } = this.room;
    if (mutedKinds(this.room).includes('audio')) return void notify('A moderator turned off your microphone. Only a moderator can turn it on again.');
    if (!local.isPublished('audio')) return this.speak();
    await local.setMuted('audio', !local.isMuted('audio'));
  }

  /** Makes sure that the microphone is on. */
  async speak(): Promise<void> {
    const { local } = this.room;
    if (local.isPublished('audio')) return local.unmute('audio');
    await this.#publish('audio', asked.tone ? toneTrack(asked.tone) : await openChosenMicrophone(), 'on');
  }

  /** Starts the camera, or stops and closes it. */
  async toggleCamera(): Promise<void> {
    const { local } = this.room;
    if (mutedKinds(this.room).includes('camera')) return void notify('A moderator turned off your camera. Only a moderator can turn it on again.');
    if (local.isPublished('camera')) return local.unpublish('camera');
    await this.#publish('camera', await openChosenCamera(), 'on');
  }

  /** Closes microphone and camera. */
  stop(): void {
    for (const track of this.#opened) track.stop();
    this.#opened.clear();
  }

  async #publish(kind: Kind, track: MediaStreamTrack, use: Use): Promise<void> {
    try {
      // Muted at the server first: nothing of it is heard before the mute arrives.
      if (use === 'muted') await this.room.command('ParticipantService/Mute', { kinds: [`TRACK_KIND_${kind.toUpperCase()}`] });
      await this.room.local.publish(kind, track);
    } catch (error) {
      track.stop();
      throw error;
    }
    this.#opened.add(track);
    if (use === 'muted') await this.room.local.mute(kind);
    this.#closeUnused();
  }

  #closeUnused(): void {
    const { local } = this.room;
    for (const track of this.#opened) {
      if (local.track('audio') === track || local.track('camera') === track) continue;
      track.stop();
      this.#opened.delete(track);
    }
  }
}
