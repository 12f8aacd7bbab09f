import type { Breakout } from '../../breakouts.js';
import type { Participant } from '../../participant.js';
import type { Room } from '../../room.js';
import { CODES, failure, mapped, unawaited } from './errors.js';
import type { BreakoutRoomsFeature } from './feature.js';
import { Listeners, showFields } from './listeners.js';
import { installLacks } from './lacks.js';
import { RemoteRoster, roleOf } from './remote.js';
import type { Call, CallEndReason, CallEvent, CallFeature, CallFeatureFactory, CallState, CollectionUpdatedEvent, HangUpOptions, ParticipantRole, PropertyChangedEvent, RemoteParticipant, RemoteParticipants } from './types.js';

/** The properties that tell of themselves, each with its event. */
const TOLD = [
  ['state', 'stateChanged'],
  ['isMuted', 'isMutedChanged'],
  ['role', 'roleChanged'],
  ['isScreenSharingOn', 'isScreenSharingOnChanged'],
  ['totalParticipantCount', 'totalParticipantCountChanged'],
] as const;
const FIELDS = ['id', 'state', 'isMuted', 'isScreenSharingOn', 'role', 'totalParticipantCount'];
/** Events of the calling SDK that never come here: a subscription is no mistake. */
const SILENT = ['idChanged', 'isIncomingAudioMutedChanged', 'isLocalVideoStartedChanged', 'localVideoStreamsUpdated', 'localAudioStreamsUpdated', 'remoteAudioStreamsUpdated'];
const EVENTS = ['remoteParticipantsUpdated', ...TOLD.map(([, event]) => event), 'mutedByOthers', ...SILENT];

/** Everything that the main call and a breakout room's call have in common. */
export abstract class BaseCall implements Call {
  readonly kind = 'Call';
  readonly direction = 'Outgoing';
  readonly #room: Room;
  readonly #roster: RemoteRoster;
  readonly #listeners = new Listeners('A call', EVENTS);
  #told: readonly unknown[] = [];
  #mutedByOthers = false;
  /** True between the call of `hangUp()` and its answer. */
  #hangingUp = false;
  #end: CallEndReason | undefined;

  protected constructor(room: Room, members: () => Participant[]) {
    this.#room = room;
    this.#roster = new RemoteRoster(room, () => (this.#end ? [] : members()));
    this.#mutedByOthers = this.#isMutedByOthers();
    showFields(this, FIELDS);
  }

  abstract get id(): string;
  abstract feature<TFeature extends CallFeature>(factory: CallFeatureFactory<TFeature>): TFeature;
  abstract hold(): Promise<void>;
  abstract resume(): Promise<void>;
  abstract hangUp(options?: HangUpOptions): Promise<void>;
  abstract returnToMainMeeting(): Promise<Call>;
  /** On hold while the connection stands. */
  protected abstract get isOnHold(): boolean;

  get native(): Room {
    return this.#room;
  }
  get state(): CallState {
    if (this.#end) return 'Disconnected';
    if (this.#hangingUp) return 'Disconnecting';
    if (this.#room.phase.name !== 'connected') return 'Connecting';
    return this.isOnHold ? 'LocalHold' : 'Connected';
  }
  get callEndReason(): CallEndReason | undefined {
    return this.#end;
  }
  get isMuted(): boolean {
    // Not from the roster: its event may come after the answer to `unmute()`.
    const { local } = this.#room;
    return !local.isPublished('audio') || local.isMuted('audio') || this.#isMutedByOthers();
  }
  get isScreenSharingOn(): boolean {
    return this.#room.local.isPublished('screen');
  }
  get role(): ParticipantRole {
    return roleOf(this.#room.me);
  }
  get remoteParticipants(): RemoteParticipants {
    return this.#roster.list;
  }
  get totalParticipantCount(): number {
    return this.#end ? 0 : this.#roster.list.length + 1;
  }

  on(event: CallEvent, listener: PropertyChangedEvent): void;
  on(event: 'remoteParticipantsUpdated', listener: CollectionUpdatedEvent<RemoteParticipant>): void;
  on(event: string, listener: unknown): void {
    this.#listeners.on(event, listener);
  }
  off(event: CallEvent, listener: PropertyChangedEvent): void;
  off(event: 'remoteParticipantsUpdated', listener: CollectionUpdatedEvent<RemoteParticipant>): void;
  off(event: string, listener: unknown): void {
    this.#listeners.off(event, listener);
  }

  async mute(): Promise<void> {
    await mapped(this.#room.local.mute('audio'), CODES.misuse);
  }
  async unmute(): Promise<void> {
    if (this.#isMutedByOthers()) throw failure('A moderator muted your microphone. Ask them to unmute it.', CODES.mutedByOthers);
    const { local } = this.#room;
    await mapped(local.isPublished('audio') ? local.unmute('audio') : local.openMicrophone(), CODES.misuse);
  }

  /** Emits events for everything that has changed. */
  update(): void {
    const { added, removed } = this.#roster.update();
    const [before, now] = [this.#told, this.#look()];
    this.#told = now;
    const wasMutedByOthers = this.#mutedByOthers;
    this.#mutedByOthers = this.#isMutedByOthers();
    if (added.length || removed.length) {
      this.#listeners.emit('remoteParticipantsUpdated', () => ({ added: [...added], removed: [...removed] }));
    }
    this.#roster.tell(removed);
    TOLD.forEach(([, event], index) => before[index] !== now[index] && this.#listeners.emit(event));
    if (this.#mutedByOthers && !wasMutedByOthers) this.#listeners.emit('mutedByOthers');
  }

  /** From now on a change is one against the present. */
  protected watch(): void {
    this.#told = this.#look();
  }

  /** The call is over, for good. */
  end(message: string): void {
    if (this.#end) return;
    this.#end = { code: 0, subCode: 0, message, resultCategories: ['Success'] };
    this.update();
  }

  /** Shows `Disconnecting` until the answer is there. */
  protected async whileHangingUp(leaving: () => Promise<void>): Promise<void> {
    this.#hangingUp = true;
    this.update();
    try {
      await leaving();
    } finally {
      this.#hangingUp = false;
      this.update();
    }
  }

  #look(): readonly unknown[] {
    return TOLD.map(([property]) => this[property]);
  }
  #isMutedByOthers(): boolean {
    return Boolean(this.#room.me.track('audio')?.mutedByModerator);
  }
}
installLacks(BaseCall.prototype);

/** The call inside a breakout room. */
export class BreakoutCall extends BaseCall {
  readonly #breakout: Breakout;
  readonly #feature: BreakoutRoomsFeature;
  #leaving: Promise<void> | undefined;

  constructor(room: Room, breakout: Breakout, feature: BreakoutRoomsFeature) {
    super(room, () => breakout.members);
    this.#breakout = breakout;
    this.#feature = feature;
    this.watch();
  }

  get id(): string {
    return this.#breakout.id;
  }
  protected get isOnHold(): boolean {
    return false;
  }
  /** Settles, without failing, once a `hangUp()` that is under way has its answer. */
  get left(): Promise<void> {
    return this.#leaving?.catch(() => {}) ?? Promise.resolve();
  }

  feature<TFeature extends CallFeature>(factory: CallFeatureFactory<TFeature>): TFeature {
    return this.#feature.main.feature(factory);
  }
  async hold(): Promise<void> {
    throw failure("A breakout room's call cannot be put on hold. Hang it up, or mute the microphone.", CODES.misuse);
  }
  async resume(): Promise<void> {
    throw failure("A breakout room's call is never on hold. To hear the main call call resume() on that one.", CODES.misuse);
  }
  /** Returns to the main call; refused where `disableReturnToMainMeeting` is set. */
  hangUp({ forEveryone }: HangUpOptions = {}): Promise<void> {
    if (forEveryone) return Promise.reject(failure('hangUp({ forEveryone: true }) is not supported. A moderator closes a breakout room for everyone with native.breakouts.close([id]).', CODES.misuse));
    if (this.state !== 'Disconnecting') this.#leaving = unawaited(this.#hangUp());
    return this.#leaving ?? Promise.resolve();
  }
  returnToMainMeeting(): Promise<Call> {
    return unawaited(this.#returnToMainMeeting());
  }

  async #hangUp(): Promise<void> {
    if (!this.#breakout.isMine) throw failure('This breakout room was left already.', CODES.hangUpFailed);
    const leave = (): Promise<void> => mapped(this.#breakout.leave(), CODES.hangUpFailed);
    // A refusal that is known beforehand shows no `Disconnecting`.
    const refused = !this.native.breakouts.settings.allowReturn && !this.native.me.isModerator;
    await (refused ? leave() : this.whileHangingUp(leave));
  }

  async #returnToMainMeeting(): Promise<Call> {
    const { main } = this.#feature;
    await this.left;
    if (this.#breakout.isMine) await this.hangUp();
    await main.resume();
    return main;
  }
}
