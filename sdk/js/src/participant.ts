import type { TrackKind } from './kinds.js';
import type { Streams } from './streams.js';
import type { Grants, GroupId, ParentGate, ParticipantState, Role, TrackState } from './wire.js';

/** Somebody in the room: where they are, what they publish, and ready-made streams of it. */
export class Participant {
  #state: ParticipantState;
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
  /** As the client token said. */
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
  /** Where they are: `parent`, or the id of a breakout. */
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
  /** What they do not receive of the parent while they are away. */
  get gate(): ParentGate {
    return this.#state.gate;
  }
  get assignedBreakoutId(): string {
    return this.#state.assignedBreakoutId;
  }
  get listeningInGroupId(): GroupId {
    return this.#state.listeningInGroupId;
  }
  /** The kinds with which they address every group at the moment. */
  get addressingAll(): readonly TrackKind[] {
    return this.#state.addressingAll;
  }
  /** They asked for help and nobody answered yet. */
  get helpRaised(): boolean {
    return this.#state.helpRaised;
  }
  /** Among the talkers of the own group, loudest first. */
  get isSpeaking(): boolean {
    return this.#speaking;
  }
  get tracks(): readonly TrackState[] {
    return this.#state.tracks;
  }

  /** What the server knows of one kind, if it was offered. */
  track(kind: TrackKind): TrackState | undefined {
    return this.#state.tracks.find((track) => track.kind === kind);
  }

  /** Published, and muted by nobody. */
  isLive(kind: TrackKind): boolean {
    const track = this.track(kind);
    return Boolean(track?.published && !track.mutedByPublisher && !track.mutedByModerator);
  }

  /**
   * What is received of one kind, ready for `srcObject`. Always the same stream: it fills and empties by
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

  /** @internal Says whether that was a change. */
  setSpeaking(speaking: boolean): boolean {
    const changed = this.#speaking !== speaking;
    this.#speaking = speaking;
    return changed;
  }
}
