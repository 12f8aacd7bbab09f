import { Emitter } from './emitter.js';
import type { TrackKind } from './kinds.js';
import type { Participant } from './participant.js';
import {
  breakout as decodeBreakout,
  breakoutSettings,
  json,
  kindName,
  list,
  text,
  type BreakoutSettings,
  type BreakoutState,
  type GroupId,
  type Json,
  type MediaFlags,
  type Role,
  type WireEvent,
} from './wire.js';

/** @internal What the breakouts need of their room. */
export interface BreakoutHost {
  readonly me: Participant;
  readonly participants: ReadonlyMap<string, Participant>;
  command(method: string, body?: Json): Promise<Json>;
}

/** What to take along into a breakout. Kinds that are not named go nowhere while inside. */
export type StreamInfo = Partial<MediaFlags>;

/** What new breakouts are like. */
export interface BreakoutDefinition {
  /** How many. */
  rooms: number;
  /** How many people each holds. */
  capacity: number;
  /** What may be sent inside. Default: sound, screen and canvas; no camera. */
  media?: Partial<MediaFlags>;
  names?: readonly string[];
  /** Default: open. */
  state?: 'open' | 'closed';
  /** Whoever is assigned is moved without being asked when the breakout opens. */
  autoMove?: boolean;
  /** Anybody may join without being asked. Default: as the room's setting says. */
  selfSelect?: boolean;
}

/** An invitation that waits for an answer. */
export interface Invitation {
  readonly breakout: Breakout;
  /** The participant who asked, or `operator`. */
  readonly requestor: string;
  /** Nobody is asked: the move follows. */
  readonly forced: boolean;
  /** Joins. */
  accept(streamInfo?: StreamInfo): Promise<Breakout>;
  /** Says no; the moderators learn of it. */
  reject(): Promise<void>;
}

/** What happens to breakouts. */
export interface BreakoutsEvents {
  /** Anything changed that a list of breakouts would show. */
  changed: void;
  created: { breakouts: readonly Breakout[]; by: string; leftOverIds: readonly string[] };
  updated: { breakout: Breakout };
  destroyed: { breakoutIds: readonly string[]; by: string };
  cleared: { returnedIds: readonly string[]; by: string };
  ownerChanged: { breakoutIds: readonly string[]; ownerId: string };
  settingsChanged: { settings: BreakoutSettings };
  /** This participant is asked, or about to be moved, into a breakout. */
  invitation: Invitation;
  /** The invitation was answered elsewhere, or its breakout is gone. */
  invitationOver: { breakoutId: string };
  invitationsSent: { breakoutId: string; participantIds: readonly string[]; requestor: string; forced: boolean };
  invitationRejected: { participantId: string; breakoutId: string };
  /** To which breakout somebody is assigned, if any. */
  assigned: { identity: string; participantId: string; breakout: Breakout | undefined };
  /** The end comes near, is reached (`inGrace`), or is over (`remainingMs` 0, not in grace). */
  timer: { endsAtMs: number; remainingMs: number; inGrace: boolean };
  addressAll: { participantId: string; kinds: readonly TrackKind[] };
  listening: { participantId: string; groupId: GroupId };
  help: { participantId: string; groupId: GroupId; text: string; raised: boolean; answeredBy: string };
}

/** One breakout. Its commands act for this client, as far as its role lets it. */
export class Breakout {
  #state: BreakoutState;

  /** @internal */
  constructor(
    state: BreakoutState,
    private readonly owner: Breakouts,
  ) {
    this.#state = state;
  }

  get id(): string {
    return this.#state.id;
  }
  get name(): string {
    return this.#state.displayName;
  }
  get ownerId(): string {
    return this.#state.ownerId;
  }
  get capacity(): number {
    return this.#state.capacity;
  }
  /** What may be sent inside. */
  get media(): MediaFlags {
    return this.#state.media;
  }
  get isOpen(): boolean {
    return this.#state.state === 'open';
  }
  get autoMove(): boolean {
    return this.#state.autoMove;
  }
  get selfSelect(): boolean {
    return this.#state.selfSelect;
  }
  /** Who was invited and has not answered. */
  get inviteeIds(): readonly string[] {
    return this.#state.inviteeIds;
  }
  /** Who is assigned, in the room or not. */
  get assignedIdentities(): readonly string[] {
    return this.#state.assignedIdentities;
  }
  get threadId(): string {
    return this.#state.threadId;
  }
  /** Who is inside. */
  get members(): Participant[] {
    return this.owner.membersOf(this.id);
  }
  /** Whether this client is inside. */
  get isMine(): boolean {
    return this.owner.mine === this;
  }

  /** Goes inside. Without `streamInfo` everything that is allowed there is taken along. */
  async join(streamInfo?: StreamInfo): Promise<Breakout> {
    await this.owner.run('JoinBreakout', { breakoutId: this.id, streamInfo });
    return this;
  }
  /** Returns to the parent. */
  async leave(): Promise<void> {
    await this.owner.run('LeaveBreakout');
  }
  /** Asks people inside, or moves them without asking. */
  async invite(participantIds: readonly string[], options: { force?: boolean } = {}): Promise<void> {
    await this.owner.run('Invite', { breakoutId: this.id, participantIds, forceJoin: options.force ?? false });
  }
  /** Declines an invitation. */
  async reject(): Promise<void> {
    this.owner.forgetInvitation(this.id);
    await this.owner.run('RejectInvite', { breakoutId: this.id });
  }
  /** Assigns people by identity, also those who are not in the room yet. */
  async assign(identities: readonly string[]): Promise<void> {
    const assignments = identities.map((identity) => ({ identity, breakoutId: this.id }));
    await this.owner.run('Assign', { assignments });
  }
  /** Renames it, or changes its capacity, media or flags. */
  async update(
    change: Partial<{ name: string; capacity: number; media: MediaFlags; autoMove: boolean; selfSelect: boolean }>,
  ): Promise<void> {
    const { name, ...rest } = change;
    await this.owner.run('UpdateBreakout', { breakoutId: this.id, displayName: name, ...rest });
  }
  async open(): Promise<void> {
    await this.owner.run('OpenBreakouts', { breakoutIds: [this.id] });
  }
  async close(): Promise<void> {
    await this.owner.run('CloseBreakouts', { breakoutIds: [this.id] });
  }
  /** Returns everybody inside and removes it. */
  async destroy(): Promise<void> {
    await this.owner.run('DestroyBreakouts', { breakoutIds: [this.id] });
  }
  /** Hears and sees it without being inside, until `breakouts.stopListening()`. */
  async listenIn(): Promise<void> {
    await this.owner.listenIn(this.id);
  }

  /** @internal */
  set(state: BreakoutState): void {
    this.#state = state;
  }
}

/** All breakouts of a room that this participant may see, and every command that concerns them. */
export class Breakouts extends Emitter<BreakoutsEvents> {
  readonly #known = new Map<string, Breakout>();
  readonly #invitations = new Map<string, Invitation>();
  #settings: BreakoutSettings = breakoutSettings({});

  /** @internal */
  constructor(private readonly host: BreakoutHost) {
    super();
  }

  /** Those that this participant may see: all of them for a moderator. */
  get all(): readonly Breakout[] {
    return [...this.#known.values()];
  }
  get settings(): BreakoutSettings {
    return this.#settings;
  }
  /** The one that this client is in. */
  get mine(): Breakout | undefined {
    return this.#known.get(this.host.me.groupId);
  }
  /** The one that this client is assigned to. */
  get assigned(): Breakout | undefined {
    return this.#known.get(this.host.me.assignedBreakoutId);
  }
  /** Invitations that wait for an answer. */
  get invitations(): readonly Invitation[] {
    return [...this.#invitations.values()];
  }
  find(id: string): Breakout | undefined {
    return this.#known.get(id);
  }

  /** Makes breakouts, with nobody inside. */
  async create(definition: BreakoutDefinition): Promise<Breakout[]> {
    const answer = await this.run('CreateBreakouts', { definition: encodeDefinition(definition) });
    return this.#keepAll(answer['breakouts']);
  }
  /** Makes breakouts and distributes the parent's participants at random and evenly over them. */
  async createAndInvite(
    definition: BreakoutDefinition,
    options: { force?: boolean; seed?: number } = {},
  ): Promise<{ breakouts: Breakout[]; leftOverIds: string[] }> {
    const answer = await this.run('CreateAndInvite', {
      definition: encodeDefinition(definition),
      forceJoin: options.force ?? false,
      seed: options.seed === undefined ? undefined : String(options.seed),
    });
    return { breakouts: this.#keepAll(answer['breakouts']), leftOverIds: list(answer['leftOverIds']).map(text) };
  }
  /** Opens them: all, unless some are named. */
  async open(breakoutIds: readonly string[] = []): Promise<void> {
    await this.run('OpenBreakouts', { breakoutIds });
  }
  /** Closes them: whoever is inside returns. */
  async close(breakoutIds: readonly string[] = []): Promise<void> {
    await this.run('CloseBreakouts', { breakoutIds });
  }
  /** Returns everybody and keeps the breakouts. From a plain participant: returns that one only. */
  async clear(): Promise<string[]> {
    return list((await this.run('ClearBreakouts'))['returnedIds']).map(text);
  }
  /** Returns everybody, resumes and unmutes the parent for them, and removes the breakouts. */
  async destroy(breakoutIds: readonly string[] = []): Promise<string[]> {
    return list((await this.run('DestroyBreakouts', { breakoutIds }))['returnedIds']).map(text);
  }
  /** Moves people between groups, all at once. The key is a participant's id, the value a group. */
  async move(targets: Readonly<Record<string, GroupId>>, streamInfo?: StreamInfo): Promise<void> {
    const moves = Object.entries(targets).map(([participantId, toGroupId]) => ({ participantId, toGroupId, streamInfo }));
    await this.run('MoveParticipants', { moves });
  }
  /** Distributes everybody who is in a breakout, or assigned to one, anew. */
  async shuffle(seed?: number): Promise<string[]> {
    const body = { seed: seed === undefined ? undefined : String(seed) };
    return list((await this.run('Shuffle', body))['leftOverIds']).map(text);
  }
  /** Takes assignments away. */
  async unassign(identities: readonly string[]): Promise<void> {
    await this.run('Unassign', { identities });
  }
  /** Changes the settings of all breakouts. `endsAtMs: 0` takes the timer away. */
  async configure(change: Partial<BreakoutSettings>): Promise<void> {
    const { parentWhileAway: away, endsAtMs, endGraceMs, ...flags } = change;
    await this.run('UpdateSettings', {
      settings: {
        ...flags,
        parentWhileAway: away && `PARENT_WHILE_AWAY_${away.toUpperCase()}`,
        endsAtMs: endsAtMs === undefined ? undefined : String(Math.round(endsAtMs)),
        endGraceMs: endGraceMs === undefined ? undefined : String(Math.round(endGraceMs)),
      },
    });
  }
  /** Is heard (and seen) in every group at once, until `stopAddressing()`. A moderator's. */
  async addressAll(kinds: readonly TrackKind[] = ['audio']): Promise<void> {
    await this.run('StartAddressAll', { kinds: kinds.map(kindName) });
  }
  async stopAddressing(): Promise<void> {
    await this.run('StopAddressAll');
  }
  /** Hears and sees a group without being in it. A moderator's. */
  async listenIn(groupId: GroupId): Promise<void> {
    await this.run('StartListening', { groupId });
  }
  async stopListening(): Promise<void> {
    await this.run('StopListening');
  }
  /** Asks the moderators for help. */
  async askForHelp(message = ''): Promise<void> {
    await this.run('RaiseHelp', { text: message });
  }
  async withdrawHelp(): Promise<void> {
    await this.run('RaiseHelp', { withdraw: true });
  }
  /** Answers somebody's call for help, and goes to them if asked. A moderator's. */
  async answerHelp(participantId: string, options: { join?: boolean } = {}): Promise<void> {
    await this.run('AnswerHelp', { participantId, join: options.join ?? false });
  }

  /** @internal */
  run(method: string, body: Json = {}): Promise<Json> {
    return this.host.command(`BreakoutService/${method}`, body);
  }
  /** @internal */
  membersOf(breakoutId: string): Participant[] {
    return [...this.host.participants.values()].filter(({ groupId }) => groupId === breakoutId);
  }
  /** @internal */
  forgetInvitation(breakoutId: string): void {
    if (this.#invitations.delete(breakoutId)) this.emit('invitationOver', { breakoutId });
  }
  /** @internal A fresh snapshot. */
  reset(states: readonly BreakoutState[], settings: BreakoutSettings): void {
    this.#settings = settings;
    const ids = new Set(states.map(({ id }) => id));
    for (const id of [...this.#known.keys()]) if (!ids.has(id)) this.#drop(id);
    for (const state of states) {
      this.#keep(state);
      if (state.inviteeIds.includes(this.host.me.id)) this.#invited(state, '', false);
    }
    this.emit('changed', undefined);
  }
  /** @internal Role changes decide what may be seen; the list is asked for anew. */
  async refresh(_role: Role): Promise<void> {
    const answer = json((await this.host.command('RoomService/GetRoom'))['room']);
    this.reset(list(answer['breakouts']).map(decodeBreakout), this.#settings);
  }

  /** @internal Takes those events that concern breakouts, after the roster has been changed. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'breakoutsCreated': {
        const { breakouts, by, leftOverIds } = event.payload;
        this.emit('created', { breakouts: breakouts.map((state) => this.#keep(state)), by, leftOverIds });
        break;
      }
      case 'breakoutUpdated':
        this.emit('updated', { breakout: this.#keep(event.payload.breakout) });
        break;
      case 'breakoutsDestroyed':
        for (const id of event.payload.breakoutIds) this.#drop(id);
        this.emit('destroyed', event.payload);
        break;
      case 'breakoutsCleared':
        this.emit('cleared', event.payload);
        break;
      case 'ownerChanged':
        this.emit('ownerChanged', event.payload);
        break;
      case 'settingsChanged':
        this.#settings = event.payload.settings;
        this.emit('settingsChanged', event.payload);
        break;
      case 'invitationReceived':
        this.#invited(event.payload.breakout, event.payload.requestor, event.payload.forced);
        break;
      case 'invitationsSent':
        this.emit('invitationsSent', event.payload);
        break;
      case 'invitationRejected':
        this.emit('invitationRejected', event.payload);
        break;
      case 'assignmentChanged': {
        const { identity, participantId, breakout } = event.payload;
        this.emit('assigned', { identity, participantId, breakout: breakout && this.#keep(breakout) });
        break;
      }
      case 'participantMoved': {
        const { participantId, toGroupId, breakout } = event.payload;
        if (breakout) this.#keep(breakout);
        if (participantId === this.host.me.id) this.forgetInvitation(toGroupId);
        break;
      }
      case 'timerTicked':
        this.emit('timer', event.payload);
        break;
      case 'addressAllChanged':
        this.emit('addressAll', event.payload);
        break;
      case 'listeningChanged':
        this.emit('listening', event.payload);
        break;
      case 'helpChanged':
        this.emit('help', event.payload);
        break;
      default:
        return;
    }
    this.emit('changed', undefined);
  }

  #keepAll(value: unknown): Breakout[] {
    return list(value).map((item) => this.#keep(decodeBreakout(item)));
  }
  #keep(state: BreakoutState): Breakout {
    const known = this.#known.get(state.id);
    if (known) known.set(state);
    else this.#known.set(state.id, new Breakout(state, this));
    return known ?? (this.#known.get(state.id) as Breakout);
  }
  #drop(id: string): void {
    this.#known.delete(id);
    this.forgetInvitation(id);
  }
  #invited(state: BreakoutState, requestor: string, forced: boolean): void {
    const breakout = this.#keep(state);
    const invitation: Invitation = {
      breakout,
      requestor,
      forced,
      accept: (streamInfo) => breakout.join(streamInfo),
      reject: () => breakout.reject(),
    };
    if (!forced && this.#invitations.has(state.id)) return;
    if (!forced) this.#invitations.set(state.id, invitation);
    this.emit('invitation', invitation);
  }
}

function encodeDefinition(definition: BreakoutDefinition): Json {
  const media = definition.media ?? { audio: true, screen: true, canvas: true };
  return {
    maxRooms: definition.rooms,
    participants: String(definition.capacity),
    media,
    names: definition.names,
    state: definition.state && `BREAKOUT_STATE_${definition.state.toUpperCase()}`,
    autoMove: definition.autoMove,
    selfSelect: definition.selfSelect,
  };
}
