/** Several people in one page, over the SDK: each with a tone, a colour, an ear, an eye and a guard. */
import { connect, type Room } from '../../js/src/index.ts';
import { Ear, HEARD, toneTrack, type Window } from './ear.ts';
import { Eye, patch, type Frame } from './eye.ts';
import { Guard } from './guard.ts';

/** How somebody joins. */
export interface Guest {
  room: string;
  name: string;
  role?: string;
  audioSlots: number;
  videoSlots: number;
}

/** One layer of a sender's video. */
export interface Outbound {
  rid: string;
  kind: string;
  active: boolean;
  framesEncoded: number;
  frameHeight: number;
}

/** One reading of an inbound stream of RTP. */
export interface Inbound {
  mid: string;
  kind: string;
  packetsReceived: number;
  concealedSamples: number;
  silentConcealedSamples: number;
  framesDecoded: number;
}

/** One moment on both clocks. */
export interface Moment {
  ms: number;
  audio: number;
}

/** The times of an action: before the command and after its answer. */
export interface Timed {
  asked: Moment;
  answered: Moment;
}

export class Someone {
  readonly guard: Guard;
  readonly eye: Eye;

  constructor(
    readonly room: Room,
    readonly ear: Ear,
  ) {
    this.guard = new Guard(this.connection);
    this.eye = new Eye(room.peer?.slots('video') ?? []);
    room.attachAudio();
  }

  get connection(): RTCPeerConnection {
    return this.room.peer?.connection as RTCPeerConnection;
  }

  /**
   * How much of the sound was concealed so far, in milliseconds, over all slots. A slot without a talker
   * conceals as well, sample by sample, and reports those as silent: they do not count.
   */
  async concealedMs(): Promise<number> {
    const audio = (await this.inbound()).filter(({ kind }) => kind === 'audio');
    return audio.reduce((all, each) => all + Math.max(0, each.concealedSamples - each.silentConcealedSamples) / 48, 0);
  }

  moment(): Moment {
    return { ms: performance.now(), audio: this.ear.context.currentTime };
  }

  async timed(action: () => Promise<unknown>): Promise<Timed> {
    const asked = this.moment();
    await action();
    return { asked, answered: this.moment() };
  }

  /** Frames since a moment. */
  seen(since: Moment): Frame[] {
    return this.eye.record.filter(({ at }) => at >= since.ms);
  }

  /** Windows that began after a moment. */
  heard(since: Moment): Window[] {
    return this.ear.record.filter(({ at }) => at >= since.audio);
  }

  async inbound(): Promise<Inbound[]> {
    const report = [...(await this.connection.getStats()).values()] as Record<string, never>[];
    return report.flatMap((entry) => {
      if (entry['type'] !== 'inbound-rtp') return [];
      const { mid, kind } = entry as unknown as { mid: string; kind: string };
      const number = (name: string): number => Number(entry[name] ?? 0);
      return [{
        mid,
        kind,
        packetsReceived: number('packetsReceived'),
        concealedSamples: number('concealedSamples'),
        silentConcealedSamples: number('silentConcealedSamples'),
        framesDecoded: number('framesDecoded'),
      }];
    });
  }

  /** The sending side, layer by layer. */
  async outbound(): Promise<Outbound[]> {
    const report = [...(await this.connection.getStats()).values()] as Record<string, never>[];
    return report.flatMap((entry) => {
      if (entry['type'] !== 'outbound-rtp') return [];
      const number = (name: string): number => Number(entry[name] ?? 0);
      return [{ rid: entry['rid'] ?? '', kind: entry['kind'] ?? '', active: Boolean(entry['active']), framesEncoded: number('framesEncoded'), frameHeight: number('frameHeight') }];
    });
  }
}

/** All people of this page, by name. */
const people: Record<string, Someone> = {};

async function token(guest: Guest): Promise<string> {
  const body = JSON.stringify({ room: guest.room, identity: guest.name, name: guest.name, role: guest.role ?? 'participant' });
  const response = await fetch('/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return ((await response.json()) as { token: string }).token;
}

const kit = {
  /** The person with this name. */
  person(name: string): Someone {
    const found = people[name];
    if (!found) throw new Error(`${name} has not joined`);
    return found;
  },
  wait: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms))),
  /** Waits until something holds; says whether it does. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline && !holds()) await kit.wait(10);
    return holds();
  },
  /** Joins, and waits until media can flow. */
  async enter(guest: Guest): Promise<Room> {
    const room = await connect(location.origin, () => token(guest), { audioSlots: guest.audioSlots, videoSlots: guest.videoSlots });
    const connection = room.peer?.connection as RTCPeerConnection;
    if (!(await kit.until(() => connection.connectionState === 'connected', 60_000))) throw new Error('media found no way');
    return room;
  },
  /** How long it takes from now until the next picture of a stream is shown, in milliseconds. */
  async firstPicture(stream: MediaStream, withinMs: number): Promise<number> {
    const began = performance.now();
    const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, playsInline: true, srcObject: stream });
    document.body.append(video);
    let shown = Number.POSITIVE_INFINITY;
    video.requestVideoFrameCallback(() => (shown = performance.now() - began));
    await kit.until(() => shown < Number.POSITIVE_INFINITY, withinMs);
    video.remove();
    return shown;
  },
  /** Joins, and begins to measure `tones`. */
  async join(guest: Guest, tones: number[]): Promise<string> {
    const room = await kit.enter(guest);
    const ear = await Ear.open(room.audioSlots().map(({ track }) => track), tones);
    people[guest.name] = new Someone(room, ear);
    return room.me.id;
  },
  /** Begins to measure anew: another connection has other tracks. */
  async listen(name: string, tones: number[]): Promise<void> {
    const { room } = kit.person(name);
    people[name] = new Someone(room, await Ear.open(room.audioSlots().map(({ track }) => track), tones));
  },
  /** Talks and shows itself: a tone, and a camera of one colour. */
  async publish(name: string, hertz: number, colour: string): Promise<void> {
    const { room } = kit.person(name);
    await room.local.publish('audio', await toneTrack(hertz));
    await room.local.publish('camera', patch(colour, 320, 180, 15).captureStream().getVideoTracks()[0] as MediaStreamTrack);
  },
  patch,
  toneTrack,
  heard: HEARD,
};

export type Kit = typeof kit;

Object.assign(globalThis, { kit });
