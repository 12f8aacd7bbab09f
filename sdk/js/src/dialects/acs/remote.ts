import type { Participant } from '../../participant.js';
import type { Room } from '../../room.js';
import { CODES, mapped } from './errors.js';
import { Listeners, showFields } from './listeners.js';
import type { CallEndReason, CommunicationUserKind, ParticipantRole, PropertyChangedEvent, RemoteParticipant, RemoteParticipantEvent, RemoteParticipants, RemoteParticipantState } from './types.js';

const EVENTS: readonly RemoteParticipantEvent[] = ['stateChanged', 'isMutedChanged', 'displayNameChanged', 'isSpeakingChanged', 'roleChanged'];
const FIELDS = ['identifier', 'displayName', 'state', 'isMuted', 'isSpeaking', 'role'] as const;
/** Events of the calling SDK that never come here: a subscription is no mistake. */
const SILENT = ['videoStreamsUpdated'];

/** The role of a participant in the words of the calling SDK. */
export function roleOf(participant: Participant): ParticipantRole {
  return participant.isModerator ? 'Organizer' : 'Attendee';
}

/** The identity of a participant as an identifier. */
function identifierOf(identity: string): CommunicationUserKind {
  const identifier = { kind: 'communicationUser', communicationUserId: identity, rawId: identity } as const;
  return Object.defineProperty(identifier, 'toString', { value: () => identity });
}

/** The microphone of a participant cannot be heard: muted, or not published. */
export function isSilent(participant: Participant): boolean {
  return !participant.isLive('audio');
}

/** Another participant of a call. */
export class Remote implements RemoteParticipant {
  readonly #participant: Participant;
  readonly #room: Room;
  readonly #identifier: CommunicationUserKind;
  readonly #listeners = new Listeners('A remote participant', [...EVENTS, ...SILENT]);
  #told: readonly unknown[];
  #end: CallEndReason | undefined;

  constructor(participant: Participant, room: Room) {
    this.#participant = participant;
    this.#room = room;
    this.#identifier = identifierOf(participant.identity);
    showFields(this, FIELDS);
    this.#told = this.#look();
  }

  get identifier(): CommunicationUserKind {
    return this.#identifier;
  }
  get displayName(): string | undefined {
    return this.#participant.name || undefined;
  }
  get state(): RemoteParticipantState {
    if (this.#end) return 'Disconnected';
    return this.#participant.isConnected ? 'Connected' : 'Connecting';
  }
  get isMuted(): boolean {
    return isSilent(this.#participant);
  }
  get isSpeaking(): boolean {
    return this.#participant.isSpeaking;
  }
  get role(): ParticipantRole {
    return roleOf(this.#participant);
  }
  get callEndReason(): CallEndReason | undefined {
    return this.#end;
  }
  get native(): Participant {
    return this.#participant;
  }

  async mute(): Promise<void> {
    await mapped(this.#room.muteOther(this.#participant.id, ['audio']), CODES.mutedByOthers);
  }
  on(event: RemoteParticipantEvent, listener: PropertyChangedEvent): void {
    this.#listeners.on(event, listener);
  }
  off(event: RemoteParticipantEvent, listener: PropertyChangedEvent): void {
    this.#listeners.off(event, listener);
  }

  /** Emits events for everything that has changed; `end` once they have left the call. */
  update(end?: CallEndReason): void {
    this.#end ??= end;
    const [before, now] = [this.#told, this.#look()];
    this.#told = now;
    EVENTS.forEach((event, index) => before[index] !== now[index] && this.#listeners.emit(event));
  }

  /** In the order of `EVENTS`. */
  #look(): readonly unknown[] {
    return [this.state, this.isMuted, this.displayName, this.isSpeaking, this.role];
  }
}

/** An array that can also be asked as a map, by identity. Methods that derive an array return a plain one. */
class RemoteList extends Array<RemoteParticipant> implements RemoteParticipants {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  get size(): number {
    return this.length;
  }
  get(identity: string): RemoteParticipant | undefined {
    return this.find(({ identifier }) => identifier.rawId === identity);
  }
  has(identity: string): boolean {
    return this.get(identity) !== undefined;
  }
}

const LEFT: CallEndReason = { code: 0, subCode: 0, message: 'The participant left the call.', resultCategories: ['Success'] };

/** The others in one call, each always as the same object. */
export class RemoteRoster {
  readonly #members: () => Participant[];
  readonly #room: Room;
  readonly #objects = new Map<Participant, Remote>();
  #told: ReadonlySet<Remote>;

  constructor(room: Room, members: () => Participant[]) {
    this.#room = room;
    this.#members = members;
    this.#told = new Set(this.#others());
  }

  get list(): RemoteParticipants {
    const list = new RemoteList();
    list.push(...this.#others());
    return list;
  }

  /** People who came and went since the last time. */
  update(): { added: Remote[]; removed: Remote[] } {
    const [before, now] = [this.#told, new Set(this.#others())];
    this.#told = now;
    const removed = [...before].filter((remote) => !now.has(remote));
    for (const remote of removed) this.#objects.delete(remote.native);
    return { added: [...now].filter((remote) => !before.has(remote)), removed };
  }

  /** Lets each object emit its changes. */
  tell(removed: readonly Remote[]): void {
    for (const remote of removed) remote.update(LEFT);
    for (const remote of this.#told) remote.update();
  }

  #others(): Remote[] {
    return this.#members().flatMap((participant) => (participant.isMe ? [] : [this.#wrap(participant)]));
  }

  #wrap(participant: Participant): Remote {
    const known = this.#objects.get(participant) ?? new Remote(participant, this.#room);
    this.#objects.set(participant, known);
    return known;
  }
}
