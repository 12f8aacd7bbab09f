import { attachAudio, type AudioOutput } from './audio.js';
import { Arrangements } from './arrangements.js';
import { Breakouts } from './breakouts.js';
import { Connection, type ConnectionOptions, type Phase, type Token } from './connection.js';
import { onDevicesChanged, type Devices } from './devices.js';
import { Emitter, type Unsubscribe } from './emitter.js';
import { SideroomError, localError } from './errors.js';
import { Intercoms } from './intercoms.js';
import { mediaOf, type TrackKind } from './kinds.js';
import { LocalTracks } from './local.js';
import type { Participant } from './participant.js';
import type { Peer } from './peer.js';
import { attendance as decodeAttendance, type Attendance } from './plans.js';
import { Roster } from './roster.js';
import { Rotations } from './rotations.js';
import { Schedules } from './schedules.js';
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
  room,
  text,
  type Grants,
  type GroupId,
  type Json,
  type Move,
  type MoveReason,
  type ParentGate,
  type Role,
  type RoomSettings,
  type RoomState,
  type WireEvent,
} from './wire.js';

/** Events of a room. */
export interface RoomEvents {
  /** The connection was made, lost, is tried again, is back, or has ended. */
  phase: Phase;
  participantJoined: { participant: Participant };
  participantLeft: { participant: Participant; reason: string };
  /** Name, role, tracks, gate, connection or speaking changed. */
  participantChanged: { participant: Participant };
  /** A participant is in another group now. They and moderators see the reason. */
  moved: { participant: Participant; from: GroupId; to: GroupId; reason: MoveReason | undefined; by: string };
  /** A stream began or ceased to carry something. */
  media: { participant: Participant; kind: TrackKind; receiving: boolean };
  /** The server stopped a picture for want of bandwidth, or goes on. */
  mediaPaused: { participant: Participant; kind: TrackKind; paused: boolean; reason: string };
  /** The talkers of the own group, the loudest first. */
  speakers: { participants: readonly Participant[] };
  message: { from: Participant | undefined; fromId: string; groupId: GroupId; text: string; atMs: number };
  /** The parent's media that do not reach this client while away. */
  gateChanged: { gate: ParentGate };
  /** The parent's media that reach nobody who is away, by a moderator's order. */
  roomGateChanged: { gate: ParentGate; by: string };
  roomUpdated: { settings: RoomSettings };
  /** A published track of this client changed. */
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

/** Options of `connect`. */
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

const SETTLE_WITHIN_MS = 2_000;

/** A room that this client is in. */
export class Room extends Emitter<RoomEvents> {
  /** The breakouts of the room. */
  readonly breakouts: Breakouts;
  /** Speaking to some groups and people, and answering. */
  readonly intercoms: Intercoms;
  /** Commands that are carried out later. */
  readonly schedules: Schedules;
  /** Rounds in which people change breakouts. */
  readonly rotations: Rotations;
  /** Rooms that were prepared, with those who belong in each. */
  readonly arrangements: Arrangements;
  /** The tracks that this client publishes. */
  readonly local: LocalTracks;
  readonly #connection: Connection;
  readonly #streams: Streams;
  readonly #roster: Roster;
  readonly #stats = new StatsReader();
  readonly #stopWatchingDevices: Unsubscribe;
  #seq = 0;
  #name = '';
  #settings!: RoomSettings;
  #gate: ParentGate = gate(undefined);
  #speakers: readonly Participant[] = [];
  readonly #talkers = new Map<GroupId, readonly string[]>();
  #epoch = 0;
  #version = 0;
  #views: Json | undefined;

  /** @internal Use `connect`. */
  constructor(url: string, token: Token, options: ConnectOptions) {
    super();
    this.#streams = new Streams(
      (mid) => this.#connection.peer?.slotTrack(mid),
      (id, kind, receiving) => this.#handleReceiving(id, kind, receiving),
    );
    this.#roster = new Roster(this.#streams, {
      joined: (participant) => this.emit('participantJoined', { participant }),
      left: (participant, reason) => {
        this.#speakers = this.#speakers.filter((speaker) => speaker !== participant);
        this.emit('participantLeft', { participant, reason });
      },
      changed: (participant) => this.emit('participantChanged', { participant }),
      moved: (participant, from, reason, by) => this.emit('moved', { participant, from, to: participant.groupId, reason, by }),
    });
    this.breakouts = new Breakouts(this);
    this.intercoms = new Intercoms(this);
    this.schedules = new Schedules(this);
    this.rotations = new Rotations(this);
    this.arrangements = new Arrangements(this);
    this.local = new LocalTracks(this);
    this.#connection = new Connection(websocketUrl(url), token, options, {
      phase: (phase) => this.#handlePhase(phase),
      peer: (peer) => this.#handlePeer(peer),
      joined: (state, me, again) => {
        this.#seq = state.seq;
        this.#handleSnapshot(state, me, again);
      },
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
    return this.#roster.me;
  }
  /** All participants of the room, this client among them, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants;
  }
  /** The talkers of the own group, the loudest first. */
  get speakers(): readonly Participant[] {
    return this.#speakers;
  }
  /** The parent's media that reach nobody who is away. */
  get roomGate(): ParentGate {
    return this.#gate;
  }
  /** The version of the routing table that the last event came with. */
  get epoch(): number {
    return this.#epoch;
  }
  /**
   * The version of the room's state, as far as this participant was told. A command with this as its
   * `expectedVersion` fails with `VersionMismatch` if the room has changed since. Moderators are told of every change.
   */
  get version(): number {
    return this.#version;
  }
  /** @internal */
  get peer(): Peer | undefined {
    return this.#connection.peer;
  }
  /** The members of a group. */
  membersOf(groupId: GroupId): Participant[] {
    return [...this.participants.values()].filter((participant) => participant.groupId === groupId);
  }
  /** `Main room`, or the breakout's name. */
  groupName(groupId: GroupId): string {
    return groupId === 'parent' ? 'Main room' : (this.breakouts.find(groupId)?.name ?? 'a breakout');
  }

  /** Changes the parent's media that this client receives while away. */
  async setGate(change: Partial<ParentGate>): Promise<ParentGate> {
    const now = await this.#changeGate('SetParentGate', change, this.me.gate);
    this.me.extend({ gate: now });
    return now;
  }
  /** Changes the same for everybody who is away. Moderators only. */
  async setRoomGate(change: Partial<ParentGate>): Promise<ParentGate> {
    return this.#changeGate('SetRoomGate', change, this.#gate);
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
  /**
   * Sends a person away and keeps them out, whichever way they come; `until` is when the ban ends, in
   * milliseconds since the Unix epoch (default: with the room). A moderator's.
   */
  async ban(whom: { participantId: string } | { identity: string }, options: { reason?: string; until?: number } = {}): Promise<void> {
    const untilMs = options.until === undefined ? undefined : String(options.until);
    await this.command('ParticipantService/Ban', { ...whom, reason: options.reason, untilMs });
  }
  /** Lifts a ban. A moderator's. */
  async unban(identity: string): Promise<void> {
    await this.command('ParticipantService/Unban', { identity });
  }
  /** Ends the meeting: everybody leaves, and the room is gone. A moderator's. */
  async end(): Promise<void> {
    await this.command('RoomService/DeleteRoom').catch((error: unknown) => {
      // The end may overtake the answer.
      if (!(error instanceof SideroomError) || error.code !== 'RoomClosed') throw error;
    });
  }
  /** Gives somebody rights, or takes them away; those that are not named stay. A moderator's. */
  async setGrants(participantId: string, change: Partial<Grants>): Promise<void> {
    const now = { ...this.participants.get(participantId)?.grants, ...change };
    await this.command('ParticipantService/SetGrants', { participantId, grants: { ...now, publish: now.publish?.map(kindName) } });
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
  /** Changes the kinds that this client brings into the current breakout. */
  async setStreamInfo(stream: Partial<Record<TrackKind, boolean>>): Promise<void> {
    await this.command('ParticipantService/SetStream', { stream });
  }
  /** Switches between group and lecture mode. */
  async setMode(mode: RoomSettings['mode']): Promise<void> {
    await this.command('RoomService/UpdateRoom', { settings: { mode: `ROOM_MODE_${mode.toUpperCase()}` } });
  }
  /** Chooses the wanted videos, and their sizes. Replaces the last choice. */
  async setViews(views: readonly View[], options: { onlyThese?: boolean } = {}): Promise<void> {
    this.#views = {
      views: views.map((view) => ({ ...view, kind: kindName(view.kind) })),
      onlyThese: options.onlyThese,
    };
    await this.command('ParticipantService/SetViews', this.#views);
  }
  /** The move journal: everybody's stays, with times and reasons. Moderators only. */
  async moves(): Promise<Move[]> {
    return (await this.#pages('RoomService/ListMoves', 'moves')).map(decodeMove);
  }
  /** Everybody's stays with the times that they were connected, or those of one identity. Moderators only. */
  async attendance(identity?: string): Promise<Attendance[]> {
    return (await this.#pages('RoomService/ListAttendance', 'rows', { identity })).map(decodeAttendance);
  }
  /** All pages of a list. */
  async #pages(method: string, field: string, query: Json = {}): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let after = '0'; ; ) {
      const page = await this.command(method, { ...query, after });
      all.push(...list(page[field]));
      if (!page['more']) return all;
      after = text(page['last']);
    }
  }
  /** More slots, on the same connection. */
  async addSlots(count: { audio?: number; video?: number }): Promise<void> {
    this.peer?.grow('audio', count.audio ?? 0);
    this.peer?.grow('video', count.video ?? 0);
    await this.#connection.reoffer(false);
    this.emit('mediaPath', undefined);
  }
  /** Plays the sound of the own group. */
  attachAudio(onBlocked?: (blocked: boolean) => void): AudioOutput {
    return attachAudio(this, onBlocked);
  }
  /** Every audio slot of the connection, and whether it carries the parent to this client while away. */
  audioSlots(): readonly { mid: string; track: MediaStreamTrack; fromParent: boolean }[] {
    const slots = this.peer?.slots('audio') ?? [];
    return slots.map(({ mid, track }) => ({ mid, track, fromParent: this.#isFromParent(this.#streams.source(mid)?.participantId) }));
  }
  /** Whether the open gate to the parent is the reason why this person is heard, and no intercom or answer. */
  #isFromParent(id: string | undefined): boolean {
    const speaker = this.participants.get(id ?? '');
    if (!this.me.isAway || speaker?.groupId !== 'parent' || this.me.listeningInGroupId === 'parent') return false;
    const speaks = speaker.addressingAll.includes('audio') || this.intercoms.heard.some(({ participantId }) => participantId === id);
    return !speaks && !this.intercoms.all.some(({ replyingIds }) => replyingIds.includes(speaker.id));
  }
  /** A summary of the connection since the call before. */
  async stats(): Promise<StatsSummary> {
    if (!this.peer) throw localError('Closed');
    return this.#stats.read((await this.peer.connection.getStats()) as never);
  }
  /** Sends any command of the gateway, for those without a method here. */
  command(method: string, body: object = {}): Promise<Json> {
    return this.#connection.command(method, body as Json);
  }
  /** @internal Waits until `holds`, as events come in; not for longer than a moment. */
  settled(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(end, SETTLE_WITHIN_MS);
      const stop = this.on('changed', () => holds() && end());
      if (holds()) end();
    });
  }
  /** Leaves the room for good and stops the published tracks. */
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

  /** Restores the state that the server forgets when a place is taken anew. */
  #restore(): void {
    const report = (error: unknown): void => this.emit('problem', error as SideroomError);
    this.local.restore().catch(report);
    if (this.#views) this.command('ParticipantService/SetViews', this.#views).catch(report);
  }

  #handleSnapshot(state: RoomState, me: string, again: boolean): void {
    this.#name = state.name;
    this.#settings = state.settings;
    this.#gate = state.roomGate;
    this.#epoch = Math.max(again ? this.#epoch : 0, state.epoch);
    this.#version = Math.max(again ? this.#version : 0, state.version);
    this.#roster.reset(state, me, again);
    this.intercoms.reset(state);
    this.schedules.reset(state);
    this.rotations.reset(state);
    this.arrangements.reset(state);
    this.breakouts.reset(state);
    if (again) this.emit('changed', undefined);
  }

  /** Asks for a snapshot of the room, as this participant may see it. Only a change of the own role needs that. */
  async refresh(): Promise<void> {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const state = room((await this.command('RoomService/GetRoom'))['room']);
      if (state.seq < this.#seq) continue;
      return this.#handleSnapshot(state, this.me.id, true);
    }
  }

  #handleEvent(event: WireEvent): void {
    this.#epoch = Math.max(this.#epoch, event.epoch);
    this.#version = Math.max(this.#version, event.version);
    this.#seq = event.seq;
    this.#roster.apply(event);
    this.intercoms.apply(event);
    this.schedules.apply(event);
    this.rotations.apply(event);
    this.arrangements.handle(event);
    this.breakouts.apply(event);
    this.#apply(event);
    this.emit('event', event);
    this.emit('changed', undefined);
  }

  #apply(event: WireEvent): void {
    switch (event.type) {
      case 'roomUpdated':
        this.#settings = event.payload.settings;
        return this.emit('roomUpdated', event.payload);
      case 'settingsChanged':
        this.#settings = { ...this.#settings, breakouts: event.payload.settings };
        return;
      case 'roomGateChanged':
        this.#gate = event.payload.gate;
        return this.emit('roomGateChanged', { gate: event.payload.gate, by: event.by });
      case 'parentGateChanged':
        if (event.payload.participantId === this.me.id) this.emit('gateChanged', { gate: event.payload.gate });
        return;
      case 'participantJoined':
      case 'connectionChanged':
      case 'membersChanged':
      case 'awayChanged':
      case 'listeningChanged':
        return this.local.show();
      case 'roleChanged':
        if (event.payload.participantId === this.me.id) this.refresh().catch(() => {});
        return;
      case 'trackPublished':
      case 'trackUnpublished':
      case 'muteChanged':
        if (event.payload.participantId === this.me.id) this.local.handleServerTracks();
        return;
      case 'messageSent': {
        const { from, ...rest } = event.payload;
        return this.emit('message', { from: this.participants.get(from), fromId: from, atMs: event.atMs, ...rest });
      }
      default:
    }
  }

  /** The server takes one of pause, resume, mute and unmute in a call. */
  async #changeGate(method: string, change: Partial<ParentGate>, before: ParentGate): Promise<ParentGate> {
    const { paused, ...media } = change;
    const muted = (wanted: boolean): object => Object.fromEntries(Object.entries(media).filter(([, value]) => value === wanted));
    const calls = [paused === undefined ? {} : { paused }, muted(true), muted(false)];
    let now = before;
    for (const call of calls) {
      if (Object.keys(call).length) now = gate((await this.command(`ParticipantService/${method}`, call))['gate']);
    }
    return now;
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
        const participant = source && this.participants.get(source.participantId);
        const paused = message['paused'] === true;
        if (participant) this.emit('mediaPaused', { participant, kind: source.kind, paused, reason: text(message['reason']) });
        return;
      }
      case 'speakers':
        return this.#handleSpeakers(text(message['groupId']), list(message['participantIds']).map(text));
      case 'layersWanted':
        this.peer?.wantLayers(decodeKind(message['kind']), number(message['layers'])).catch(() => {});
        if (number(message['layers'])) this.local.show();
        return;
      default:
        json(message);
    }
  }

  /** A moderator may be told of groups other than their own: those mark the people there, and no more. */
  #handleSpeakers(groupId: GroupId, ids: readonly string[]): void {
    const { me } = this;
    if (!me.isModerator) this.#talkers.clear();
    this.#talkers.set(groupId, ids);
    const speaking = new Set([...this.#talkers.values()].flat());
    for (const participant of this.participants.values()) {
      if (participant.setSpeaking(speaking.has(participant.id))) this.emit('participantChanged', { participant });
    }
    if (!me.isModerator || groupId === me.groupId) {
      this.#speakers = ids.flatMap((id) => this.participants.get(id) ?? []);
      this.emit('speakers', { participants: this.#speakers });
    }
    this.emit('changed', undefined);
  }

  #handleReceiving(participantId: string, kind: TrackKind, receiving: boolean): void {
    const participant = this.participants.get(participantId);
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
