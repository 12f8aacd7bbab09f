import type { TrackKind } from './kinds.js';
import { Participant } from './participant.js';
import type { Streams } from './streams.js';
import type { GroupId, MoveReason, ParticipantState, RoomState, TrackState, WireEvent } from './wire.js';

/** @internal The roster's events for its room. */
export interface RosterListener {
  joined(participant: Participant): void;
  left(participant: Participant, reason: string): void;
  changed(participant: Participant): void;
  moved(participant: Participant, from: GroupId, reason: MoveReason | undefined, by: string): void;
}

/** @internal The people in the room, their groups and tracks: kept by snapshots and events. */
export class Roster {
  readonly participants = new Map<string, Participant>();
  me!: Participant;

  constructor(
    private readonly streams: Streams,
    private readonly listener: RosterListener,
  ) {}

  /** Takes a snapshot. Objects of people who are still there stay the same. */
  reset(state: RoomState, meId: string, again: boolean): void {
    const present = new Set(state.participants.map(({ id }) => id));
    const before = new Map([...this.participants].map(([id, { groupId }]) => [id, groupId]));
    const gone = [...this.participants.values()].filter(({ id }) => !present.has(id));
    for (const each of state.participants) this.#keep(each, meId);
    const mine = this.participants.get(meId);
    if (mine) this.me = mine;
    for (const participant of this.participants.values()) {
      const kinds = state.addressing.find(({ participantId }) => participantId === participant.id)?.kinds ?? [];
      const helpRaised = state.help.some(({ participantId }) => participantId === participant.id);
      const listeningInGroupId = state.listening.find(({ participantId }) => participantId === participant.id)?.groupId ?? '';
      participant.extend({ addressingAll: kinds, helpRaised, listeningInGroupId });
    }
    this.me?.extend({ gate: state.parentGate });
    for (const participant of gone) this.#forget(participant, 'connection_lost');
    if (!again) return;
    for (const participant of this.participants.values()) {
      const from = before.get(participant.id);
      if (from === undefined) this.listener.joined(participant);
      else if (from !== participant.groupId) this.listener.moved(participant, from, undefined, 'system');
      else this.listener.changed(participant);
    }
  }

  /** Takes those events that concern people. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'participantJoined': {
        const known = this.participants.has(event.payload.participant.id);
        const participant = this.#keep(event.payload.participant, this.me.id);
        return known ? this.listener.changed(participant) : this.listener.joined(participant);
      }
      case 'participantLeft': {
        const participant = this.participants.get(event.payload.participantId);
        if (participant && !participant.isMe) this.#forget(participant, event.payload.reason);
        return;
      }
      case 'participantRenamed':
        return this.#update(event.payload.participantId, { displayName: event.payload.displayName });
      case 'connectionChanged':
        return this.#update(event.payload.participantId, { connected: event.payload.connected });
      case 'roleChanged':
        return this.#update(event.payload.participantId, { role: event.payload.role });
      case 'grantsChanged':
        return this.#update(event.payload.participantId, { grants: event.payload.grants });
      case 'trackPublished':
        return this.#retrack(event.payload.participantId, (tracks) => [...without(tracks, event.payload.track.kind), event.payload.track]);
      case 'trackUnpublished':
        return this.#retrack(event.payload.participantId, (tracks) => without(tracks, event.payload.track.kind));
      case 'muteChanged': {
        const { participantId, byPublisher, byModerator } = event.payload;
        const muted = (track: TrackState): TrackState => ({ ...track, mutedByPublisher: byPublisher.includes(track.kind), mutedByModerator: byModerator.includes(track.kind) });
        return this.#retrack(participantId, (tracks) => tracks.map(muted));
      }
      case 'parentGateChanged':
        return this.#extend(event.payload.participantId, { gate: event.payload.gate });
      case 'addressAllChanged':
        return this.#extend(event.payload.participantId, { addressingAll: event.payload.kinds });
      case 'settingsChanged':
        return event.payload.settings.announcePresence ? undefined : this.#hideListeners();
      case 'helpChanged':
        return this.#extend(event.payload.participantId, { helpRaised: event.payload.raised });
      default:
        this.#applyMove(event);
    }
  }

  #applyMove(event: WireEvent): void {
    const { by } = event;
    switch (event.type) {
      case 'participantMoved': {
        const { participantId, fromGroupId, toGroupId, reason, gate } = event.payload;
        if (participantId === this.me.id) this.me.extend({ gate });
        this.#move(participantId, toGroupId || 'parent', reason, event.payload.by || by, fromGroupId);
        if (participantId === this.me.id) this.#loseSight(fromGroupId, by);
        return;
      }
      case 'membersChanged': {
        const { breakoutId, leftIds, people, listenerIds } = event.payload;
        this.#meet(people, by);
        for (const id of listenerIds) this.#extend(id, { listeningInGroupId: breakoutId });
        if (!this.me.isModerator) for (const id of leftIds) this.#hide(id, breakoutId, by);
        return;
      }
      case 'awayChanged':
        this.#meet(event.payload.people, by);
        for (const id of event.payload.awayIds) this.#hide(id, 'parent', by);
        return;
      case 'listeningChanged': {
        const { participantId, groupId, listening, people, listenerIds } = event.payload;
        for (const id of listenerIds) this.#extend(id, { listeningInGroupId: groupId });
        this.#extend(participantId, { listeningInGroupId: listening ? groupId : '' });
        if (participantId !== this.me.id) return;
        if (listening) this.#meet(people, by);
        else this.#loseSight(groupId, by);
        return;
      }
      default:
    }
  }

  /** Takes in the accounts of people who are near from now on. Their grants come apart from that. */
  #meet(people: readonly ParticipantState[], by: string): void {
    for (const state of people) {
      const known = this.participants.get(state.id);
      if (!known) continue;
      const { groupId } = state;
      known.update({ ...state, grants: known.grants, groupId: known.groupId });
      if (known.groupId === groupId) this.listener.changed(known);
      else this.#move(state.id, groupId, undefined, by);
    }
  }

  /** A participant left a group for a place that this client may not know. */
  #hide(id: string, from: GroupId, by: string): void {
    const participant = this.participants.get(id);
    if (!participant || participant.isMe || participant.groupId !== from) return;
    participant.update({ tracks: [] });
    this.#move(id, 'away', undefined, by);
  }

  /** Hides the members and listeners of a breakout that this client has left or no longer listens to. */
  #loseSight(groupId: GroupId, by: string): void {
    const { me } = this;
    if (groupId === 'parent' || me.isModerator || me.groupId === groupId || me.listeningInGroupId === groupId) return;
    for (const participant of this.participants.values()) {
      this.#hide(participant.id, groupId, by);
      if (participant !== me && participant.listeningInGroupId === groupId) this.#extend(participant.id, { listeningInGroupId: '' });
    }
  }

  #move(id: string, to: GroupId, reason: MoveReason | undefined, by: string, told?: GroupId): void {
    const participant = this.participants.get(id);
    if (!participant || (participant.groupId === to && !told)) return;
    const from = told ?? participant.groupId;
    participant.update({ groupId: to });
    this.listener.moved(participant, from, reason, by);
    this.listener.changed(participant);
  }

  /** Only moderators see who listens in. */
  #hideListeners(): void {
    if (this.me.isModerator) return;
    for (const participant of this.participants.values()) if (!participant.isMe) participant.extend({ listeningInGroupId: '' });
  }

  #keep(state: ParticipantState, meId: string): Participant {
    const known = this.participants.get(state.id);
    const participant = known ?? new Participant(state, state.id === meId, this.streams);
    known?.update(state);
    this.participants.set(state.id, participant);
    return participant;
  }

  #forget(participant: Participant, reason: string): void {
    this.participants.delete(participant.id);
    this.streams.forget(participant.id);
    this.listener.left(participant, reason);
  }

  #update(id: string, patch: Partial<ParticipantState>): void {
    const participant = this.participants.get(id);
    participant?.update(patch);
    if (participant) this.listener.changed(participant);
  }

  #extend(id: string, patch: Parameters<Participant['extend']>[0]): void {
    const participant = this.participants.get(id);
    participant?.extend(patch);
    if (participant) this.listener.changed(participant);
  }

  #retrack(id: string, change: (tracks: readonly TrackState[]) => readonly TrackState[]): void {
    const participant = this.participants.get(id);
    if (participant) this.#update(id, { tracks: change(participant.tracks) });
  }
}

function without(tracks: readonly TrackState[], kind: TrackKind): TrackState[] {
  return tracks.filter((track) => track.kind !== kind);
}
