import { Breakout, type StreamInfo } from './breakout.js';
import type { BreakoutsEvents } from './breakouts-events.js';
import { commands, type BreakoutCommand, type SideRoomDefinition } from './commands.js';
import type { BreakoutDefinition } from './definition.js';
import { Emitter } from './emitter.js';
import { SideroomError } from './errors.js';
import { Invitations, type Invitation } from './invitations.js';
import { json } from './json.js';
import type { TrackKind } from './kinds.js';
import { Knocks, type Knock } from './knocks.js';
import type { Participant } from './participant.js';
import { dryRun, type DryRun, type KnockState } from './presence.js';
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
  type RoomState,
  type WireEvent,
  type WirePayloads,
} from './wire.js';

export { Breakout, type StreamInfo, type BreakoutDefinition, type BreakoutsEvents, type Invitation };

/** @internal The part of a room that its breakouts need. */
export interface BreakoutHost {
  readonly me: Participant;
  readonly participants: ReadonlyMap<string, Participant>;
  command(method: string, body?: Json): Promise<Json>;
  /** Waits until something holds that an event brings about: an answer may overtake its events. */
  settled(holds: () => boolean): Promise<void>;
}

/** All breakouts of a room that this participant may see, and every command that concerns them. */
export class Breakouts extends Emitter<BreakoutsEvents> {
  readonly #known = new Map<string, Breakout>();
  readonly #invitations = new Invitations();
  readonly #help = new Map<string, HelpRequest>();
  readonly #knocks = new Knocks((knock, admit) => this.#answerKnock(knock, admit));
  /** Those that this client sees from inside, as a moderator or as the owner. */
  readonly #near = new Set<string>();
  #selectable: ReadonlySet<string> = new Set();
  #assignedId = '';
  #settings: BreakoutSettings = breakoutSettings({});

  /** @internal */
  constructor(private readonly host: BreakoutHost) {
    super();
  }

  /**
   * The breakouts that this participant may see: all of them for a moderator; else their own and those
   * they may join.
   */
  get all(): readonly Breakout[] {
    return [...this.#known.values()].filter(({ id }) => this.#sees(id));
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
    return this.#invitations.all;
  }
  /** Those that anybody may join without being asked. */
  get selectable(): readonly Breakout[] {
    return this.all.filter(({ id }) => this.#selectable.has(id));
  }
  /** Calls for help without an answer yet. */
  get help(): readonly HelpRequest[] {
    return [...this.#help.values()];
  }
  /** The waiting knocks: this client's own and those at its breakout; a moderator sees every one. */
  get knocks(): readonly Knock[] {
    return this.#knocks.all;
  }
  find(id: string): Breakout | undefined {
    return this.#sees(id) ? this.#known.get(id) : undefined;
  }

  /** Makes breakouts, with nobody inside. */
  async create(definition: BreakoutDefinition): Promise<Breakout[]> {
    return this.#keepAll((await this.give(commands.create(definition)))['breakouts']);
  }
  /** Makes breakouts and distributes the parent's participants at random and evenly over them. */
  async createAndInvite(
    definition: BreakoutDefinition,
    options: { force?: boolean; seed?: number } = {},
  ): Promise<{ breakouts: Breakout[]; leftOverIds: string[] }> {
    const answer = await this.give(commands.createAndInvite(definition, options));
    return { breakouts: this.#keepAll(answer['breakouts']), leftOverIds: list(answer['leftOverIds']).map(text) };
  }
  /** Makes a breakout for this client and its guests, and enters. Needs the grant `createSideRooms`. */
  async createSideRoom(definition: SideRoomDefinition = {}): Promise<Breakout> {
    const [made] = this.#keepAll((await this.give(commands.sideRoom(definition)))['breakouts']);
    return (made as Breakout).entered();
  }
  /** Opens them: all, unless some are named. */
  async open(breakoutIds: readonly string[] = []): Promise<void> {
    await this.give(commands.open(breakoutIds));
  }
  /** Closes them: the members return. */
  async close(breakoutIds: readonly string[] = []): Promise<void> {
    await this.give(commands.close(breakoutIds));
  }
  /** Returns everybody and keeps the breakouts. From a plain participant: returns that one only. */
  async clear(): Promise<string[]> {
    return list((await this.give(commands.clear()))['returnedIds']).map(text);
  }
  /** Returns everybody, resumes and unmutes the parent for them, and removes the breakouts. */
  async destroy(breakoutIds: readonly string[] = []): Promise<string[]> {
    return list((await this.give(commands.destroy(breakoutIds)))['returnedIds']).map(text);
  }
  /** Moves people between groups, all at once. The key is a participant's id, the value a group. */
  async move(targets: Readonly<Record<string, GroupId>>, streamInfo?: StreamInfo): Promise<void> {
    await this.give(commands.move(targets, streamInfo));
  }
  /** Distributes everybody who is in a breakout, or assigned to one, anew. */
  async shuffle(seed?: number): Promise<string[]> {
    return list((await this.give(commands.shuffle(seed)))['leftOverIds']).map(text);
  }
  /** Takes assignments away. */
  async unassign(identities: readonly string[]): Promise<void> {
    await this.give(commands.unassign(identities));
  }
  /** Changes the settings of all breakouts. `endsAtMs: 0` takes the timer away. */
  async configure(change: Partial<BreakoutSettings>): Promise<void> {
    await this.give(commands.configure(change));
  }
  /** Says what a command would do, or fails as it would. Nothing changes. */
  async dryRun(command: BreakoutCommand): Promise<DryRun> {
    const answer = await this.run(command.method, { ...command.body, dryRun: true });
    return dryRun(json(answer['answer'])['dryRun']);
  }
  /** Makes this client heard (and seen) in every group at once, until `stopAddressing()`. Moderators only. */
  async addressAll(kinds: readonly TrackKind[] = ['audio']): Promise<void> {
    await this.run('StartAddressAll', { kinds: kinds.map(kindName) });
  }
  async stopAddressing(): Promise<void> {
    await this.run('StopAddressAll');
  }
  /**
   * Hears and sees a group without being in it. With `follow` the own group hears nothing of this client
   * meanwhile. A moderator's.
   */
  async listenIn(groupId: GroupId, options: { follow?: boolean } = {}): Promise<void> {
    await this.give(commands.listenIn(groupId, options));
  }
  async stopListening(): Promise<void> {
    await this.give(commands.stopListening());
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
  give({ method, body }: BreakoutCommand): Promise<Json> {
    return this.run(method, body);
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
  /** @internal A breakout that cannot be joined, for details that name none. */
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
    this.#knocks.reset(state.knocks);
    this.#help.clear();
    for (const request of state.help) this.#help.set(request.participantId, request);
    const visible = [...state.selectable, ...state.invitations, ...(state.assigned ? [state.assigned] : []), ...state.breakouts];
    const ids = new Set(visible.map(({ id }) => id));
    for (const [id, each] of [...this.#known]) if (ids.has(id)) each.reduce('summary'); else this.#drop(id);
    this.#near.clear();
    for (const each of visible) this.#keep(each);
    const invited = new Set(state.invitations.map(({ id }) => id));
    for (const { breakout } of this.invitations) if (!invited.has(breakout.id)) this.forgetInvitation(breakout.id);
    for (const { breakout, requestor } of state.pendingInvitations) {
      if (!this.#invitations.isFrom(requestor, breakout.id)) this.#invited(breakout, requestor, false);
    }
    this.emit('changed', undefined);
  }

  /** @internal Takes those events that concern breakouts, after the roster has been changed. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'breakoutsCreated':
        this.emit('created', { breakouts: event.payload.breakouts.map((state) => this.#keep(state)), by: event.by });
        break;
      case 'breakoutUpdated':
        this.#handleUpdate(event.payload.breakout);
        break;
      case 'breakoutsDestroyed':
        for (const id of event.payload.breakoutIds) this.#drop(id);
        this.emit('destroyed', { ...event.payload, by: event.by });
        break;
      case 'selectableBreakouts':
        this.#selectable = new Set(event.payload.breakouts.map(({ id }) => id));
        for (const state of event.payload.breakouts) this.#keep(state);
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
      case 'invitationEnded':
        if (event.payload.participantId === this.host.me.id) this.forgetInvitation(event.payload.breakoutId);
        this.emit('invitationEnded', event.payload);
        break;
      case 'assignmentChanged': {
        const { breakout, participantId } = event.payload;
        if (participantId && participantId !== this.host.me.id) return;
        this.#assignedId = breakout?.id ?? '';
        this.emit('assigned', { breakout: breakout && this.#keep(breakout) });
        break;
      }
      case 'participantMoved':
        if (event.payload.breakout) this.#keep(event.payload.breakout);
        if (event.payload.participantId !== this.host.me.id) break;
        this.forgetInvitation(event.payload.toGroupId);
        this.#loseSight(event.payload.fromGroupId);
        if (!this.host.me.isModerator) this.#knocks.loseSight(event.payload.fromGroupId, this.host.me);
        break;
      case 'timerTicked':
        this.emit('timer', event.payload);
        break;
      case 'addressAllChanged':
        this.emit('addressAll', event.payload);
        break;
      case 'listeningChanged':
        this.#handleListening(event.payload);
        break;
      case 'knockChanged':
        this.#handleKnocks(event.payload);
        break;
      case 'helpChanged':
        this.#handleHelp(event.payload, event.atMs);
        break;
      case 'membersChanged': {
        const { breakoutId, joinedIds, leftIds } = event.payload;
        if (this.#near.has(breakoutId)) this.#known.get(breakoutId)?.changeMembers(joinedIds, leftIds);
        break;
      }
      case 'participantLeft':
        this.#help.delete(event.payload.participantId);
        break;
      case 'awayChanged':
        break;
      default:
        return;
    }
    this.emit('changed', undefined);
  }

  #handleUpdate(state: BreakoutState): void {
    const breakout = this.#keep(state);
    // A summary of a breakout that was seen in full: this client has lost ownership.
    if (state.detail === 'summary' && this.#near.has(state.id) && !this.host.me.isModerator) {
      const near = this.#isNear(state.id);
      breakout.reduce(near ? 'inside' : 'summary');
      if (!near) this.#near.delete(state.id);
    }
    this.emit('updated', { breakout });
  }

  #handleListening(payload: WirePayloads['listeningChanged']): void {
    const { participantId, groupId, listening, breakout } = payload;
    const mine = participantId === this.host.me.id;
    if (mine && breakout) this.#keep(breakout);
    this.emit('listening', { participantId, groupId, listening });
    if (mine && !listening) this.#loseSight(groupId);
  }

  /** Inside, or listening in. */
  #isNear(id: string): boolean {
    const { groupId, listeningInGroupId } = this.host.me;
    return id === groupId || id === listeningInGroupId;
  }

  /** Forgets the details of a breakout that this client has left, or no longer listens to. */
  #loseSight(id: GroupId): void {
    const breakout = this.#known.get(id);
    const { me } = this.host;
    if (!breakout || me.isModerator || this.#isNear(id) || breakout.ownerId === me.id) return;
    this.#near.delete(id);
    breakout.reduce('summary');
  }

  /**
   * Whether this client has a reason to see a breakout. The object of an unseen breakout stays, and is used again
   * when the breakout comes back into sight.
   */
  #sees(id: string): boolean {
    const told = this.#near.has(id) || this.#selectable.has(id) || this.#invitations.has(id);
    return told || id === this.#assignedId || this.#isNear(id);
  }

  #handleInvitation(payload: { participantId: string; breakout: BreakoutState; requestor: string; forced: boolean }): void {
    const { participantId, breakout, requestor, forced } = payload;
    if (participantId === this.host.me.id) this.#invited(breakout, requestor, forced);
    else this.emit('invited', { participantId, breakout: this.#keep(breakout), requestor, forced });
  }

  #handleHelp(payload: BreakoutsEvents['help'], atMs: number): void {
    const { participantId, groupId, text: message, raised } = payload;
    if (raised) this.#help.set(participantId, { participantId, groupId, text: message, atMs });
    else this.#help.delete(participantId);
    this.emit('help', payload);
  }

  #handleKnocks({ knocks, end }: WirePayloads['knockChanged']): void {
    for (const each of knocks) {
      if (!end) this.emit('knock', this.#knocks.add(each));
      else {
        this.#knocks.delete(each);
        this.emit('knockEnded', { breakoutId: each.breakoutId, participantId: each.participantId, end });
      }
    }
  }

  async #answerKnock({ breakoutId, participantId }: KnockState, admit: boolean): Promise<void> {
    await this.run('AnswerKnock', { breakoutId, participantId, admit });
  }

  #keepAll(value: unknown): Breakout[] {
    return list(value).map((item) => this.#keep(decodeBreakout(item)));
  }
  #keep(state: BreakoutState): Breakout {
    if (state.detail !== 'summary') this.#near.add(state.id);
    const known = this.#known.get(state.id);
    if (known) known.set(state);
    else this.#known.set(state.id, new Breakout(state, this));
    return known ?? (this.#known.get(state.id) as Breakout);
  }
  #drop(id: string): void {
    this.#known.delete(id);
    this.#near.delete(id);
    this.forgetInvitation(id);
  }
  #invited(state: BreakoutState, requestor: string, forced: boolean): void {
    this.emit('invitation', this.#invitations.add(this.#keep(state), requestor, forced));
  }
}
