import { Emitter } from './emitter.js';
import { SideroomError } from './errors.js';
import type { TrackKind } from './kinds.js';
import type { Participant } from './participant.js';
import {
  breakout as decodeBreakout,
  breakoutSettings,
  kindName,
  list,
  text,
  type BreakoutSettings,
  type BreakoutState,
  type GroupId,
  type HelpRequest,
  type Json,
  type MediaFlags,
  type RoomState,
  type WireEvent,
} from './wire.js';

/** @internal What the breakouts need of their room. */
export interface BreakoutHost {
  readonly me: Participant;
  readonly participants: ReadonlyMap<string, Participant>;
  command(method: string, body?: Json): Promise<Json>;
  /** Waits until something holds that an event brings about: an answer may overtake its events. */
  settled(holds: () => boolean): Promise<void>;
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
  created: { breakouts: readonly Breakout[]; by: string };
  updated: { breakout: Breakout };
  destroyed: { breakoutIds: readonly string[]; memberIds: readonly string[]; by: string };
  settingsChanged: { settings: BreakoutSettings };
  /** This participant is asked, or about to be moved, into a breakout. */
  invitation: Invitation;
  /** The invitation was answered elsewhere, or its breakout is gone. */
  invitationOver: { breakoutId: string };
  /** Somebody was invited. Moderators learn of it. */
  invited: { participantId: string; breakout: Breakout; requestor: string; forced: boolean };
  invitationRejected: { participantId: string; breakoutId: string };
  /** This participant is assigned to a breakout, or no longer; or that breakout opened, closed or changed. */
  assigned: { breakout: Breakout | undefined };
  /** The end comes near, or is reached (`inGrace`): everybody is returned after `remainingMs`. */
  timer: { endsAtMs: number; remainingMs: number; inGrace: boolean };
  addressAll: { participantId: string; kinds: readonly TrackKind[] };
  listening: { participantId: string; groupId: GroupId; listening: boolean };
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
  /** How many are inside: known also to those who may not know who. */
  get occupancy(): number {
    return this.#state.occupancy;
  }
  /** Who was invited and has not answered. */
  get invitedIdentities(): readonly string[] {
    return this.#state.invitedIdentities;
  }
  /** Who is assigned, in the room or not. */
  get assignedIdentities(): readonly string[] {
    return this.#state.assignedIdentities;
  }
  get threadId(): string {
    return this.#state.threadId;
  }
  /** Who is inside, as far as this client may know. */
  get members(): Participant[] {
    return this.owner.membersOf(this.id);
  }
  /** Who was inside when the server last described it to somebody who may know. */
  get memberIds(): readonly string[] {
    return this.#state.memberIds;
  }
  /** Whether this client is inside. */
  get isMine(): boolean {
    return this.owner.mine === this;
  }

  /** Goes inside. Without `streamInfo` everything that is allowed there is taken along. */
  async join(streamInfo?: StreamInfo): Promise<Breakout> {
    await this.owner.answer(this.id, 'JoinBreakout', { streamInfo });
    await this.owner.settled(() => this.isMine);
    return this;
  }
  /** Returns to the parent. */
  async leave(): Promise<void> {
    await this.owner.run('LeaveBreakout');
    await this.owner.settled(() => !this.isMine);
  }
  /** Asks people inside, or moves them without asking. */
  async invite(participantIds: readonly string[], options: { force?: boolean } = {}): Promise<void> {
    await this.owner.run('Invite', { breakoutId: this.id, participantIds, forceJoin: options.force ?? false });
  }
  /** Declines an invitation. */
  async reject(): Promise<void> {
    await this.owner.answer(this.id, 'RejectInvite');
  }
  /** Assigns people by identity, also those who are not in the room yet. */
  async assign(identities: readonly string[]): Promise<void> {
    await this.owner.run('Assign', { breakoutId: this.id, identities });
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
  /** @internal What is told to moderators, the owner and members only. */
  get details(): Pick<BreakoutState, 'ownerId' | 'memberIds' | 'assignedIdentities' | 'invitedIdentities'> {
    const { ownerId, memberIds, assignedIdentities, invitedIdentities } = this.#state;
    return { ownerId, memberIds, assignedIdentities, invitedIdentities };
  }
}

/** All breakouts of a room that this participant may see, and every command that concerns them. */
export class Breakouts extends Emitter<BreakoutsEvents> {
  readonly #known = new Map<string, Breakout>();
  readonly #invitations = new Map<string, Invitation>();
  readonly #help = new Map<string, HelpRequest>();
  #selectable: ReadonlySet<string> = new Set();
  #assignedId = '';
  #settings: BreakoutSettings = breakoutSettings({});

  /** @internal */
  constructor(private readonly host: BreakoutHost) {
    super();
  }

  /** Those that this participant may see: all of them for a moderator; else its own and those it may join. */
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
    return this.#known.get(this.#assignedId);
  }
  /** Invitations that wait for an answer. */
  get invitations(): readonly Invitation[] {
    return [...this.#invitations.values()];
  }
  /** Those that anybody may join without being asked. */
  get selectable(): readonly Breakout[] {
    return this.all.filter(({ id }) => this.#selectable.has(id));
  }
  /** Calls for help that nobody has answered. */
  get help(): readonly HelpRequest[] {
    return [...this.#help.values()];
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
    const { parentWhileAway: away, endsAtMs, endGraceMs, availability: _, ...flags } = change;
    await this.run('UpdateSettings', {
      settings: {
        ...flags,
        parentWhileAway: away && `PARENT_WHILE_AWAY_${away.toUpperCase()}`,
        endsAtMs: endsAtMs === undefined ? undefined : String(Math.round(endsAtMs)),
        endGraceMs: endGraceMs === undefined ? undefined : Math.round(endGraceMs),
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
  async answerHelp(participantId: string, options: { join?: boolean; text?: string } = {}): Promise<void> {
    const { groupId } = this.host.participants.get(participantId) ?? {};
    await this.run('AnswerHelp', { participantId, text: options.text });
    if (options.join && groupId && groupId !== this.host.me.groupId) await this.move({ [this.host.me.id]: groupId });
  }

  /** @internal */
  run(method: string, body: Json = {}): Promise<Json> {
    return this.host.command(`BreakoutService/${method}`, body);
  }
  /** @internal */
  settled(holds: () => boolean): Promise<void> {
    return this.host.settled(holds);
  }
  /** @internal */
  membersOf(breakoutId: string): Participant[] {
    return [...this.host.participants.values()].filter(({ groupId }) => groupId === breakoutId);
  }
  /** @internal One that nobody can join, for details that name none. */
  unreadable(details: object): Breakout {
    return new Breakout(decodeBreakout({ ...details, id: '' }), this);
  }
  /** @internal Joins or declines; an invitation into something that is gone is over, too. */
  async answer(breakoutId: string, method: string, body: Json = {}): Promise<void> {
    try {
      await this.run(method, { breakoutId, ...body });
    } catch (error) {
      if (error instanceof SideroomError && error.code === 'NotFound') this.#drop(breakoutId);
      throw error;
    }
    this.forgetInvitation(breakoutId);
  }
  /** @internal */
  forgetInvitation(breakoutId: string): void {
    if (this.#invitations.delete(breakoutId)) this.emit('invitationOver', { breakoutId });
  }
  /** @internal A fresh snapshot. */
  reset(state: RoomState): void {
    this.#settings = state.settings.breakouts;
    this.#assignedId = state.assigned?.id ?? '';
    this.#selectable = new Set(state.selectable.map(({ id }) => id));
    this.#help.clear();
    for (const request of state.help) this.#help.set(request.participantId, request);
    const visible = [...state.selectable, ...state.invitations, ...(state.assigned ? [state.assigned] : []), ...state.breakouts];
    const ids = new Set(visible.map(({ id }) => id));
    for (const id of [...this.#known.keys()]) if (!ids.has(id)) this.#drop(id);
    for (const each of visible) this.#keep(each);
    const invited = new Set(state.invitations.map(({ id }) => id));
    for (const id of [...this.#invitations.keys()]) if (!invited.has(id)) this.forgetInvitation(id);
    for (const each of state.invitations) this.#invited(each, '', false);
    this.emit('changed', undefined);
  }

  /** @internal Takes those events that concern breakouts, after the roster has been changed. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'breakoutsCreated':
        this.emit('created', { breakouts: event.payload.breakouts.map((state) => this.#keep(state)), by: event.by });
        break;
      case 'breakoutUpdated':
        this.emit('updated', { breakout: this.#keep(event.payload.breakout) });
        break;
      case 'breakoutsDestroyed':
        for (const id of event.payload.breakoutIds) this.#drop(id);
        this.emit('destroyed', { ...event.payload, by: event.by });
        break;
      case 'selectableBreakouts':
        this.#selectable = new Set(event.payload.breakouts.map(({ id }) => id));
        for (const state of event.payload.breakouts) this.#keepSummary(state);
        break;
      case 'settingsChanged':
        this.#settings = event.payload.settings;
        this.emit('settingsChanged', event.payload);
        break;
      case 'invitationReceived':
        this.#handleInvitation(event.payload);
        break;
      case 'invitationRejected':
        this.emit('invitationRejected', event.payload);
        break;
      case 'assignmentChanged': {
        const { breakout, participantId } = event.payload;
        if (participantId && participantId !== this.host.me.id) return;
        this.#assignedId = breakout?.id ?? '';
        this.emit('assigned', { breakout: breakout && this.#keepSummary(breakout) });
        break;
      }
      case 'participantMoved':
        if (event.payload.breakout) this.#keepSummary(event.payload.breakout);
        if (event.payload.participantId === this.host.me.id) this.forgetInvitation(event.payload.toGroupId);
        break;
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
        this.#handleHelp(event.payload, event.atMs);
        break;
      case 'awayChanged':
      case 'membersChanged':
        break;
      default:
        return;
    }
    this.emit('changed', undefined);
  }

  #handleInvitation(payload: { participantId: string; breakout: BreakoutState; requestor: string; forced: boolean }): void {
    const { participantId, breakout, requestor, forced } = payload;
    if (participantId === this.host.me.id) this.#invited(breakout, requestor, forced);
    else this.emit('invited', { participantId, breakout: this.#keepSummary(breakout), requestor, forced });
  }

  #handleHelp(payload: BreakoutsEvents['help'], atMs: number): void {
    const { participantId, groupId, text: message, raised } = payload;
    if (raised) this.#help.set(participantId, { participantId, groupId, text: message, atMs });
    else this.#help.delete(participantId);
    this.emit('help', payload);
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
  /** Events about one participant describe the breakout without its owner, its members, and who is asked: those stay as known. */
  #keepSummary(state: BreakoutState): Breakout {
    const known = this.#known.get(state.id);
    const { me } = this.host;
    const mayKnow = me.isModerator || known?.ownerId === me.id || known?.isMine;
    return this.#keep(known && mayKnow ? { ...state, ...known.details } : state);
  }
  #drop(id: string): void {
    this.#known.delete(id);
    this.forgetInvitation(id);
  }
  #invited(state: BreakoutState, requestor: string, forced: boolean): void {
    const breakout = this.#keepSummary(state);
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
