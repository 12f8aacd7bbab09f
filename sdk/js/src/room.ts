import { attachAudio, type AudioOutput } from './audio.js';
import { Breakouts } from './breakouts.js';
import { Connection, type ConnectionOptions, type Phase, type Token } from './connection.js';
import { onDevicesChanged, type Devices } from './devices.js';
import { Emitter, type Unsubscribe } from './emitter.js';
import { SideroomError, localError } from './errors.js';
import { mediaOf, type TrackKind } from './kinds.js';
import { LocalTracks } from './local.js';
import { Participant } from './participant.js';
import type { Peer } from './peer.js';
import { StatsReader, type StatsSummary } from './stats.js';
import { Streams } from './streams.js';
import {
  gate,
  json,
  kind as decodeKind,
  kindName,
  list,
  move as decodeMove,
  number,
  text,
  type GroupId,
  type Json,
  type Move,
  type MoveReason,
  type ParentGate,
  type ParticipantState,
  type Role,
  type RoomSettings,
  type RoomState,
  type WireEvent,
} from './wire.js';

/** What happens in a room. */
export interface RoomEvents {
  /** The connection was made, lost, is tried again, is back, or has ended. */
  phase: Phase;
  participantJoined: { participant: Participant };
  participantLeft: { participant: Participant; reason: string };
  /** Name, role, tracks, gate, connection or speaking changed. */
  participantChanged: { participant: Participant };
  /** Somebody is in another group now. */
  moved: { participant: Participant; from: GroupId; to: GroupId; reason: MoveReason; by: string };
  /** A stream began or ceased to carry something. */
  media: { participant: Participant; kind: TrackKind; receiving: boolean };
  /** The server stopped a picture for want of bandwidth, or goes on. */
  mediaPaused: { participant: Participant; kind: TrackKind; paused: boolean; reason: string };
  /** Who talks in the own group, the loudest first. */
  speakers: { participants: readonly Participant[] };
  message: { from: Participant | undefined; fromId: string; groupId: GroupId; threadId: string; text: string; atMs: number };
  /** What this client does not receive of the parent while away. */
  gateChanged: { gate: ParentGate };
  /** What nobody who is away receives of the parent, because a moderator said so. */
  roomGateChanged: { gate: ParentGate; by: string };
  roomUpdated: { settings: RoomSettings };
  /** What this client publishes changed. */
  localChanged: { kind: TrackKind };
  devicesChanged: Devices;
  /** Whether sound and video can flow at the moment. */
  mediaState: { state: RTCPeerConnectionState };
  /** There is a new peer connection; elements that play slots directly must take the new tracks. */
  mediaPath: void;
  /** Something failed in the background: a device was lost, media found no way. */
  problem: SideroomError;
  /** Anything changed that a page would show. Comes after the more telling events. */
  changed: void;
  /** Every numbered event of the server, after it has been applied. */
  event: WireEvent;
}

/** What `connect` can be told. */
export type ConnectOptions = ConnectionOptions;

/** Which videos are wanted, and how large. */
export interface View {
  participantId: string;
  kind: TrackKind;
  /** Before all others. */
  pinned?: boolean;
  /** Not at all: takes no slot. */
  hidden?: boolean;
  /** The largest picture that there is use for, in lines. */
  maxHeight?: number;
}

/** A room that this client is in. */
export class Room extends Emitter<RoomEvents> {
  /** The breakouts of the room. */
  readonly breakouts: Breakouts;
  /** What this client publishes. */
  readonly local: LocalTracks;
  readonly #connection: Connection;
  readonly #streams: Streams;
  readonly #participants = new Map<string, Participant>();
  readonly #stats = new StatsReader();
  readonly #stopWatchingDevices: Unsubscribe;
  #me!: Participant;
  #name = '';
  #settings!: RoomSettings;
  #gate: ParentGate = gate(undefined);
  #speakers: readonly Participant[] = [];
  #epoch = 0;
  #views: Json | undefined;

  /** @internal Use `connect`. */
  constructor(url: string, token: Token, options: ConnectOptions) {
    super();
    this.#streams = new Streams(
      (mid) => this.#connection.peer?.slotTrack(mid),
      (id, kind, receiving) => this.#handleReceiving(id, kind, receiving),
    );
    this.breakouts = new Breakouts(this);
    this.local = new LocalTracks(this);
    this.#connection = new Connection(websocketUrl(url), token, options, {
      phase: (phase) => this.#handlePhase(phase),
      peer: (peer) => this.#handlePeer(peer),
      joined: (state, me, again) => this.#handleJoined(state, me, again),
      event: (event) => this.#handleEvent(event),
      volatile: (message) => this.#handleVolatile(message),
      media: (state) => this.emit('mediaState', { state }),
    });
    this.#stopWatchingDevices = onDevicesChanged((devices) => this.emit('devicesChanged', devices));
  }

  /** @internal */
  start(): Promise<void> {
    return this.#connection.start();
  }

  get name(): string {
    return this.#name;
  }
  get settings(): RoomSettings {
    return this.#settings;
  }
  /** Where the connection stands. */
  get phase(): Phase {
    return this.#connection.phase;
  }
  /** The participant that this client is. */
  get me(): Participant {
    return this.#me;
  }
  /** Everybody in the room, this client among them, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }
  /** Who talks in the own group, the loudest first. */
  get speakers(): readonly Participant[] {
    return this.#speakers;
  }
  /** What nobody who is away receives of the parent. */
  get roomGate(): ParentGate {
    return this.#gate;
  }
  /** The version of the routing table that the last event came with. */
  get epoch(): number {
    return this.#epoch;
  }
  /** @internal */
  get peer(): Peer | undefined {
    return this.#connection.peer;
  }
  /** Who is in a group. */
  membersOf(groupId: GroupId): Participant[] {
    return [...this.#participants.values()].filter((participant) => participant.groupId === groupId);
  }
  /** `Main room`, or the breakout's name. */
  groupName(groupId: GroupId): string {
    return groupId === 'parent' ? 'Main room' : (this.breakouts.find(groupId)?.name ?? 'Breakout');
  }

  /** Changes what this client receives of the parent while it is away. */
  async setGate(change: Partial<ParentGate>): Promise<ParentGate> {
    return gate((await this.command('ParticipantService/SetParentGate', change))['gate']);
  }
  /** The same for everybody who is away. A moderator's. */
  async setRoomGate(change: Partial<ParentGate>): Promise<ParentGate> {
    return gate((await this.command('ParticipantService/SetRoomGate', change))['gate']);
  }
  /** Mutes somebody else's tracks, or lifts that. A moderator's. */
  async muteOther(participantId: string, kinds: readonly TrackKind[], muted = true): Promise<void> {
    const method = muted ? 'Mute' : 'Unmute';
    await this.command(`ParticipantService/${method}`, { participantId, kinds: kinds.map(kindName) });
  }
  /** Sends somebody away. A moderator's. */
  async remove(participantId: string): Promise<void> {
    await this.command('ParticipantService/Remove', { participantId });
  }
  /** Gives somebody another role. A moderator's. */
  async setRole(participantId: string, role: Role): Promise<void> {
    await this.command('ParticipantService/SetRole', { participantId, role: `ROLE_${role.toUpperCase()}` });
  }
  /** Sends a chat message to the own group, another one, or (a moderator) all of them. */
  async sendMessage(message: string, to?: GroupId | 'everyone'): Promise<void> {
    const allGroups = to === 'everyone';
    await this.command('RoomService/SendMessage', { text: message, allGroups, groupId: allGroups ? undefined : to });
  }
  /** Switches between group and lecture mode. */
  async setMode(mode: RoomSettings['mode']): Promise<void> {
    await this.command('RoomService/UpdateRoom', { settings: { mode: `ROOM_MODE_${mode.toUpperCase()}` } });
  }
  /** Says which videos are wanted, and how large. Replaces what was said before. */
  async setViews(views: readonly View[], options: { defaultMaxHeight?: number } = {}): Promise<void> {
    this.#views = {
      views: views.map((view) => ({ ...view, kind: kindName(view.kind) })),
      defaultMaxHeight: options.defaultMaxHeight,
    };
    await this.command('ParticipantService/SetViews', this.#views);
  }
  /** Who was where, when and why. A moderator's. */
  async moves(): Promise<Move[]> {
    return list((await this.command('RoomService/ListMoves'))['moves']).map(decodeMove);
  }
  /** More slots, on the same connection. */
  async addSlots(count: { audio?: number; video?: number }): Promise<void> {
    this.peer?.grow('audio', count.audio ?? 0);
    this.peer?.grow('video', count.video ?? 0);
    await this.#connection.reoffer(false);
    this.emit('mediaPath', undefined);
  }
  /** Plays what can be heard. */
  attachAudio(onBlocked?: (blocked: boolean) => void): AudioOutput {
    return attachAudio(this, onBlocked);
  }
  /** Every audio slot of the connection. */
  audioSlots(): readonly { mid: string; track: MediaStreamTrack }[] {
    return this.peer?.slots('audio') ?? [];
  }
  /** A summary of the connection since the call before. */
  async stats(): Promise<StatsSummary> {
    if (!this.peer) throw localError('Closed');
    return this.#stats.read((await this.peer.connection.getStats()) as never);
  }
  /** Any command of the gateway, for what this class has no method for. */
  command(method: string, body: object = {}): Promise<Json> {
    return this.#connection.command(method, body as Json);
  }
  /** Leaves the room for good and stops what was published. */
  leave(): void {
    this.#connection.leave();
  }

  async #handlePeer(peer: Peer): Promise<void> {
    this.#streams.assignAll(new Map());
    await this.local.attach(peer);
  }

  #handlePhase(phase: Phase): void {
    this.emit('phase', phase);
    if (phase.name === 'connected' && phase.how !== 'resumed') {
      this.emit('mediaPath', undefined);
      if (phase.how === 'rejoined') this.#restore();
    }
    if (phase.name === 'closed') {
      this.local.stopAll();
      this.#stopWatchingDevices();
      this.#streams.assignAll(new Map());
    }
    this.emit('changed', undefined);
  }

  /** What the server forgets when a place is taken anew. */
  #restore(): void {
    const report = (error: unknown): void => this.emit('problem', error as SideroomError);
    this.local.restore().catch(report);
    if (this.#views) this.command('ParticipantService/SetViews', this.#views).catch(report);
  }

  #handleJoined(state: RoomState, me: string, again: boolean): void {
    this.#name = state.name;
    this.#settings = state.settings;
    this.#gate = state.gate;
    this.#epoch = state.epoch;
    const present = new Set(state.participants.map(({ id }) => id));
    const gone = [...this.#participants.values()].filter(({ id }) => !present.has(id));
    const before = new Map([...this.#participants].map(([id, { groupId }]) => [id, groupId]));
    for (const each of state.participants) this.#keep(each, each.id === me);
    const mine = this.#participants.get(me);
    if (mine) this.#me = mine;
    for (const participant of gone) this.#forget(participant, 'connection_lost');
    this.breakouts.reset(state.breakouts, state.settings.breakouts);
    if (!again) return;
    for (const participant of this.#participants.values()) {
      const from = before.get(participant.id);
      if (from === undefined) this.emit('participantJoined', { participant });
      else if (from !== participant.groupId) {
        this.emit('moved', { participant, from, to: participant.groupId, reason: 'moved', by: 'system' });
      }
    }
    this.emit('changed', undefined);
  }

  #keep(state: ParticipantState, isMe: boolean): Participant {
    const known = this.#participants.get(state.id);
    const participant = known ?? new Participant(state, isMe, this.#streams);
    known?.update(state);
    this.#participants.set(state.id, participant);
    return participant;
  }

  #forget(participant: Participant, reason: string): void {
    this.#participants.delete(participant.id);
    this.#speakers = this.#speakers.filter(({ id }) => id !== participant.id);
    this.#streams.forget(participant.id);
    this.emit('participantLeft', { participant, reason });
  }

  #handleEvent(event: WireEvent): void {
    this.#epoch = Math.max(this.#epoch, event.epoch);
    const moved = event.type === 'participantMoved';
    this.#applyToRoster(event);
    this.breakouts.apply(event);
    if (moved) this.#announceMove(event.payload);
    this.emit('event', event);
    this.emit('changed', undefined);
  }

  #announceMove(payload: { participantId: string; fromGroupId: string; toGroupId: string; reason: MoveReason; by: string }): void {
    const participant = this.#participants.get(payload.participantId);
    if (!participant) return;
    const { fromGroupId: from, toGroupId: to, reason, by } = payload;
    this.emit('moved', { participant, from, to, reason, by });
    this.emit('participantChanged', { participant });
    if (participant.isMe) this.emit('gateChanged', { gate: participant.gate });
  }

  #applyToRoster(event: WireEvent): void {
    switch (event.type) {
      case 'roomUpdated':
        this.#settings = event.payload.settings;
        return this.emit('roomUpdated', event.payload);
      case 'settingsChanged':
        this.#settings = { ...this.#settings, breakouts: event.payload.settings };
        return;
      case 'roomGateChanged':
        this.#gate = event.payload.gate;
        return this.emit('roomGateChanged', event.payload);
      case 'participantJoined': {
        const known = this.#participants.has(event.payload.participant.id);
        const participant = this.#keep(event.payload.participant, event.payload.participant.id === this.#me?.id);
        return known ? this.emit('participantChanged', { participant }) : this.emit('participantJoined', { participant });
      }
      case 'participantLeft': {
        const participant = this.#participants.get(event.payload.participantId);
        if (participant && !participant.isMe) this.#forget(participant, event.payload.reason);
        return;
      }
      case 'connectionChanged':
        return this.#patch(event.payload.participantId, { connected: event.payload.connected });
      case 'roleChanged':
        this.#patch(event.payload.participantId, { role: event.payload.role });
        if (event.payload.participantId === this.#me.id) {
          this.breakouts.refresh(event.payload.role).catch(() => {});
        }
        return;
      case 'tracksChanged':
        this.#patch(event.payload.participantId, { tracks: event.payload.tracks });
        if (event.payload.participantId === this.#me.id) this.local.handleServerTracks();
        return;
      case 'parentGateChanged':
        this.#patch(event.payload.participantId, { gate: event.payload.gate });
        if (event.payload.participantId === this.#me.id) this.emit('gateChanged', { gate: event.payload.gate });
        return;
      case 'participantMoved': {
        const { participantId, toGroupId, tracks, gate: parentGate } = event.payload;
        const moved = { groupId: toGroupId || 'parent', gate: parentGate };
        this.#participants.get(participantId)?.update(tracks.length ? { ...moved, tracks } : moved);
        return;
      }
      case 'assignmentChanged':
        return this.#patch(event.payload.participantId, { assignedBreakoutId: event.payload.breakout?.id ?? '' });
      case 'addressAllChanged':
        return this.#patch(event.payload.participantId, { addressingAll: event.payload.kinds });
      case 'listeningChanged':
        return this.#patch(event.payload.participantId, { listeningInGroupId: event.payload.groupId });
      case 'helpChanged':
        return this.#patch(event.payload.participantId, { helpRaised: event.payload.raised });
      case 'messageSent': {
        const { from, ...rest } = event.payload;
        return this.emit('message', { from: this.#participants.get(from), fromId: from, atMs: event.atMs, ...rest });
      }
      default:
    }
  }

  #patch(participantId: string, patch: Partial<ParticipantState>): void {
    const participant = this.#participants.get(participantId);
    if (!participant) return;
    participant.update(patch);
    this.emit('participantChanged', { participant });
  }

  #handleVolatile(message: Json): void {
    const mid = text(message['mid']);
    switch (message['type']) {
      case 'slotAssigned': {
        const participantId = text(message['participantId']);
        return this.#streams.assign(
          mid,
          participantId && message['open'] === true ? { participantId, kind: decodeKind(message['kind']) } : undefined,
        );
      }
      case 'slotPaused': {
        const source = this.#streams.source(mid);
        const participant = source && this.#participants.get(source.participantId);
        const paused = message['paused'] === true;
        if (participant) this.emit('mediaPaused', { participant, kind: source.kind, paused, reason: text(message['reason']) });
        return;
      }
      case 'speakers':
        return this.#handleSpeakers(list(message['participantIds']).map(text));
      case 'layersWanted':
        this.peer?.wantLayers(decodeKind(message['kind']), number(message['layers'])).catch(() => {});
        return;
      default:
        json(message);
    }
  }

  #handleSpeakers(ids: readonly string[]): void {
    const speakers = ids.flatMap((id) => this.#participants.get(id) ?? []);
    this.#speakers = speakers;
    for (const participant of this.#participants.values()) {
      if (participant.setSpeaking(speakers.includes(participant))) this.emit('participantChanged', { participant });
    }
    this.emit('speakers', { participants: speakers });
    this.emit('changed', undefined);
  }

  #handleReceiving(participantId: string, kind: TrackKind, receiving: boolean): void {
    const participant = this.#participants.get(participantId);
    if (!participant) return;
    this.emit('media', { participant, kind, receiving });
    if (mediaOf(kind) === 'video') this.emit('changed', undefined);
  }
}

/** `https://host` → `wss://host/v1/ws`. A path that is given is kept. */
function websocketUrl(url: string): string {
  const parsed = new URL(url, globalThis.location?.href);
  parsed.protocol = parsed.protocol.replace('http', 'ws');
  if (parsed.pathname === '/' || parsed.pathname === '') parsed.pathname = '/v1/ws';
  return parsed.href;
}
