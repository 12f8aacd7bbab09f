import type { TrackKind } from './kinds.js';
import type { Streams } from './streams.js';
import { gate, type Grants, type GroupId, type ParentGate, type ParticipantState, type Role, type TrackState } from './wire.js';

/** @internal State that does not come with the roster. */
export interface Extra {
  gate: ParentGate;
  listeningInGroupId: GroupId;
  addressingAll: readonly TrackKind[];
  helpRaised: boolean;
}

/** A person in the room: their group, their tracks, and ready-made streams of them. */
export class Participant {
  #state: ParticipantState;
  #extra: Extra = { gate: gate(undefined), listeningInGroupId: '', addressingAll: [], helpRaised: false };
  #speaking = false;

  /** @internal */
  constructor(
    state: ParticipantState,
    /** True for the participant that this client is. */
    readonly isMe: boolean,
    private readonly streams: Streams,
  ) {
    this.#state = state;
  }

  /** Unique in the room, and the same again after a reconnect. */
  get id(): string {
    return this.#state.id;
  }
  /** The identity in their client token. */
  get identity(): string {
    return this.#state.identity;
  }
  get name(): string {
    return this.#state.displayName;
  }
  get role(): Role {
    return this.#state.role;
  }
  get isModerator(): boolean {
    return this.#state.role === 'moderator';
  }
  get grants(): Grants {
    return this.#state.grants;
  }
  /** Where they are: `parent`, the id of a breakout, or `away`: in a breakout that this client may not know. */
  get groupId(): GroupId {
    return this.#state.groupId;
  }
  /** In a breakout. */
  get isAway(): boolean {
    return this.#state.groupId !== 'parent';
  }
  /** False while the connection is lost and the place is kept. */
  get isConnected(): boolean {
    return this.#state.connected;
  }
  /** The parent's media that do not reach them while they are away. Known of oneself, and to moderators. */
  get gate(): ParentGate {
    return this.#extra.gate;
  }
  /** The breakout that they hear without being in it; known to moderators and to those inside. */
  get listeningInGroupId(): GroupId {
    return this.#extra.listeningInGroupId;
  }
  /** The kinds with which they address every group at the moment. */
  get addressingAll(): readonly TrackKind[] {
    return this.#extra.addressingAll;
  }
  /** True if their call for help has no answer yet. */
  get helpRaised(): boolean {
    return this.#extra.helpRaised;
  }
  /** Among the talkers of the own group, loudest first. */
  get isSpeaking(): boolean {
    return this.#speaking;
  }
  get tracks(): readonly TrackState[] {
    return this.#state.tracks;
  }

  /** Their track of one kind, if they publish it. */
  track(kind: TrackKind): TrackState | undefined {
    return this.#state.tracks.find((track) => track.kind === kind);
  }

  /** Published, and not muted. */
  isLive(kind: TrackKind): boolean {
    const track = this.track(kind);
    return Boolean(track && !track.mutedByPublisher && !track.mutedByModerator);
  }

  /**
   * The received stream of one kind, ready for `srcObject`. Always the same stream: it fills and empties by
   * itself as the server switches slots and as people move.
   */
  stream(kind: TrackKind): MediaStream {
    return this.streams.of(this.id, kind);
  }

  /** Whether this client receives that track at the moment. */
  receives(kind: TrackKind): boolean {
    return this.streams.receives(this.id, kind);
  }

  /** @internal */
  update(patch: Partial<ParticipantState>): void {
    this.#state = { ...this.#state, ...patch };
  }

  /** @internal */
  extend(patch: Partial<Extra>): void {
    this.#extra = { ...this.#extra, ...patch };
  }

  /** @internal Says whether that was a change. */
  setSpeaking(speaking: boolean): boolean {
    const changed = this.#speaking !== speaking;
    this.#speaking = speaking;
    return changed;
  }
}
