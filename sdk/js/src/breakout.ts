import type { Breakouts } from './breakouts.js';
import { commands, type BreakoutChange } from './commands.js';
import type { Participant } from './participant.js';
import type { Door } from './presence.js';
import { breakout as decodeBreakout, type BreakoutDetail, type BreakoutState, type MediaFlags } from './wire.js';

/** The tracks to take along into a breakout. Kinds that are not named reach no group while inside. */
export type StreamInfo = Partial<MediaFlags>;

/** A breakout. The commands act for this client, as far as the participant's role allows. */
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
  /** The kinds that may be sent inside. */
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
  /** Whether those who may join go in by themselves. */
  get door(): Door {
    return this.#state.door;
  }
  /** A side room: made by a participant for themselves and their guests, gone when the last one has left. */
  get isSideRoom(): boolean {
    return this.#state.side;
  }
  /** When everybody inside returns and it closes, in milliseconds since the Unix epoch; 0: not before it is closed. */
  get endsAtMs(): number {
    return this.#state.endsAtMs;
  }
  /** How many are inside: known also to those who may not know who. */
  get occupancy(): number {
    return this.#state.occupancy;
  }
  /** Invited people who have not answered. */
  get invitedIdentities(): readonly string[] {
    return this.#state.invitedIdentities;
  }
  /** People who are assigned, in the room or not. */
  get assignedIdentities(): readonly string[] {
    return this.#state.assignedIdentities;
  }
  get threadId(): string {
    return this.#state.threadId;
  }
  /** The members, as far as this client may know. */
  get members(): Participant[] {
    return this.owner.membersOf(this.id);
  }
  /** The members' ids, as far as this client may know. */
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
    return this.entered();
  }
  /** @internal Waits until this client is inside. */
  async entered(): Promise<Breakout> {
    await this.owner.settled(() => this.isMine);
    return this;
  }
  /** Knocks at the door. The people inside and moderators can answer; after a minute the knock expires. */
  async knock(): Promise<void> {
    await this.owner.run('Knock', { breakoutId: this.id });
  }
  async stopKnocking(): Promise<void> {
    await this.owner.run('StopKnocking', { breakoutId: this.id });
  }
  /** Returns to the parent. */
  async leave(): Promise<void> {
    await this.owner.run('LeaveBreakout');
    await this.owner.settled(() => !this.isMine);
  }
  /** Asks people inside, or moves them without asking. */
  async invite(participantIds: readonly string[], options: { force?: boolean } = {}): Promise<void> {
    await this.owner.give(commands.invite(this.id, participantIds, options));
  }
  /** Takes invitations back that wait for an answer. */
  async withdraw(participantIds: readonly string[]): Promise<void> {
    await this.owner.run('WithdrawInvites', { breakoutId: this.id, participantIds });
  }
  /** Declines an invitation. */
  async reject(): Promise<void> {
    await this.owner.answer(this.id, 'RejectInvite');
  }
  /** Assigns people by identity, also those who are not in the room yet. */
  async assign(identities: readonly string[]): Promise<void> {
    await this.owner.give(commands.assign(this.id, identities));
  }
  /** Renames it, or changes its capacity, media, flags or door. */
  async update(change: BreakoutChange): Promise<void> {
    await this.owner.give(commands.update(this.id, change));
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
  async listenIn(options: { follow?: boolean } = {}): Promise<void> {
    await this.owner.listenIn(this.id, options);
  }

  /** @internal */
  get state(): BreakoutState {
    return this.#state;
  }
  /** @internal Takes in a newer account; fields that it leaves out stay. */
  set(state: BreakoutState): void {
    this.#state = { ...state, ...leftOut(state, this.#state) };
  }
  /** @internal Forgets the fields that this client may not know any more. */
  reduce(detail: BreakoutDetail): void {
    this.#state = { ...this.#state, ...leftOut({ ...this.#state, detail }, NOTHING) };
  }
  /** @internal */
  changeMembers(joined: readonly string[], left: readonly string[]): void {
    const memberIds = [...new Set([...this.#state.memberIds.filter((id) => !left.includes(id)), ...joined])];
    this.#state = { ...this.#state, memberIds, occupancy: memberIds.length };
  }
}

const NOTHING = decodeBreakout({});

/** The known values of the fields that the account leaves out. */
function leftOut({ detail }: BreakoutState, known: BreakoutState): Partial<BreakoutState> {
  const { ownerId, memberIds, invitedIdentities, assignedIdentities } = known;
  switch (detail) {
    case 'full':
      return {};
    case 'inside':
      return { invitedIdentities, assignedIdentities };
    case 'summary':
      return { ownerId, memberIds, invitedIdentities, assignedIdentities };
  }
}
