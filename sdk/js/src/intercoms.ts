/** Speaking to any set of groups and people, and answering. */
import { Emitter } from './emitter.js';
import { kindName } from './json.js';
import type { TrackKind } from './kinds.js';
import type { Participant } from './participant.js';
import { intercom as decodeIntercom, type IntercomState } from './presence.js';
import type { GroupId, Json, RoomState, WireEvent } from './wire.js';

/** The addressed: everybody, or some groups and people. */
export type IntercomTarget = 'everybody' | { readonly groups?: readonly GroupId[]; readonly people?: readonly string[] };

/** How somebody speaks by intercom. */
export interface IntercomOptions {
  /** Default: sound only. */
  kinds?: readonly TrackKind[];
  /** `suspend`: the speaker's own group hears none of this meanwhile, unless it is addressed. Default: `keep`. */
  ownGroup?: 'keep' | 'suspend';
  /** The addressed may answer within the same set. Default: they may not. */
  allowReply?: boolean;
  /** Ends it by itself after that long. Default: not before it is stopped. */
  limitMs?: number;
}

/** Events of intercoms. */
export interface IntercomsEvents {
  /** An intercom that reaches this client began or changed; moderators learn of every one. */
  changed: { intercom: IntercomState };
  /** An intercom ended, or does not reach this client any more. */
  stopped: { participantId: string };
}

/** @internal The part of a room that intercoms need. */
export interface IntercomHost {
  readonly me: Participant;
  command(method: string, body?: Json): Promise<Json>;
}

/**
 * The intercoms of a room. One to everybody without more (its own group goes on, no answers, no limit) is an
 * announcement: `Participant.addressingAll` tells of it, and `all` does not list it.
 */
export class Intercoms extends Emitter<IntercomsEvents> {
  readonly #known = new Map<string, IntercomState>();

  /** @internal */
  constructor(private readonly host: IntercomHost) {
    super();
  }

  /** The intercom of this client and those that address it; a moderator sees every one. */
  get all(): readonly IntercomState[] {
    return [...this.#known.values()];
  }
  /** The one by which this client speaks. */
  get mine(): IntercomState | undefined {
    return this.#known.get(this.host.me.id);
  }
  /** The intercoms that reach this client in its present group. */
  get heard(): readonly IntercomState[] {
    const { me } = this.host;
    return this.all.filter((each) => each.participantId !== me.id && reaches(each, me));
  }
  /** The speaker whom this client answers at the moment. */
  get replyingTo(): string | undefined {
    return this.all.find(({ replyingIds }) => replyingIds.includes(this.host.me.id))?.participantId;
  }
  /** By its speaker. */
  find(participantId: string): IntercomState | undefined {
    return this.#known.get(participantId);
  }

  /** Speaks to these until `stop()`. A second call changes the set, without a gap. Needs the grant `addressAll`. */
  async start(to: IntercomTarget, options: IntercomOptions = {}): Promise<IntercomState> {
    const { method, body } = intercomCommand(to, options);
    return decodeIntercom((await this.#run(method, body))['intercom']);
  }
  async stop(): Promise<void> {
    await this.#run('StopIntercom');
  }
  /** Answers a speaker who allows it: they and everybody whom they address hear it, until `stopReply()`. */
  async reply(speakerId: string): Promise<void> {
    await this.#run('StartReply', { speakerId });
  }
  async stopReply(): Promise<void> {
    await this.#run('StopReply');
  }

  #run(method: string, body: Json = {}): Promise<Json> {
    return this.host.command(`BreakoutService/${method}`, body);
  }

  /** @internal A fresh snapshot. */
  reset(state: RoomState): void {
    this.#known.clear();
    for (const each of state.intercoms) this.#known.set(each.participantId, each);
  }
  /** @internal Takes those events that concern intercoms. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'intercomChanged': {
        const { intercom } = event.payload;
        this.#known.set(intercom.participantId, intercom);
        return this.emit('changed', { intercom });
      }
      case 'intercomStopped':
      case 'participantLeft': {
        const { participantId } = event.payload;
        if (this.#known.delete(participantId)) this.emit('stopped', { participantId });
        return;
      }
      default:
    }
  }
}

/** @internal */
export function intercomCommand(to: IntercomTarget, options: IntercomOptions): { method: string; body: Json } {
  const target = to === 'everybody' ? { all: true } : { groupIds: to.groups, toParticipantIds: to.people };
  const body = {
    ...target,
    kinds: (options.kinds ?? ['audio']).map(kindName),
    suspendOwnGroup: options.ownGroup === 'suspend' || undefined,
    allowReply: options.allowReply || undefined,
    limitMs: options.limitMs === undefined ? undefined : Math.round(options.limitMs),
  };
  return { method: 'StartIntercom', body };
}

/** Whether an intercom addresses somebody where they are. */
export function reaches(intercom: IntercomState, person: Participant): boolean {
  return intercom.all || intercom.groupIds.includes(person.groupId) || intercom.toParticipantIds.includes(person.id);
}
