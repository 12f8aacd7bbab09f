/** Commands that are carried out later. */
import type { BreakoutCommand } from './commands.js';
import { Emitter } from './emitter.js';
import { json } from './json.js';
import { schedule as decodeSchedule, type IfLate, type ScheduleState } from './presence.js';
import type { Json, RoomState, WireEvent } from './wire.js';

/** When a command is carried out. */
export interface When {
  /** In milliseconds since the Unix epoch, by the server's clock; within a year. */
  atMs: number;
  /** Default: it is carried out if it is at most 30 seconds late, else it fails. */
  ifLate?: IfLate;
}

/** Events of schedules. */
export interface SchedulesEvents {
  /** A command that concerns this client was scheduled, or has another time. */
  changed: { schedule: ScheduleState };
  /** It was carried out, or cancelled. */
  ended: { schedule: ScheduleState; end: 'done' | 'cancelled' };
  /** It was refused when its time came, or came too late. */
  failed: { schedule: ScheduleState; code: string; message: string };
}

/** @internal The part of a room that schedules need. */
export interface ScheduleHost {
  command(method: string, body?: Json): Promise<Json>;
}

/** The scheduled commands of a room: all for a moderator; else those that concern this client. */
export class Schedules extends Emitter<SchedulesEvents> {
  readonly #known = new Map<number, ScheduleState>();

  /** @internal */
  constructor(private readonly host: ScheduleHost) {
    super();
  }

  /** The next one first. */
  get all(): readonly ScheduleState[] {
    return [...this.#known.values()].sort((one, other) => one.atMs - other.atMs);
  }
  find(id: number): ScheduleState | undefined {
    return this.#known.get(id);
  }

  /**
   * Has a command carried out later, by the rules and with this client's rights of that moment:
   * `schedules.add(commands.open(), { atMs })`.
   */
  async add(command: BreakoutCommand, when: When): Promise<ScheduleState> {
    const answer = await this.host.command(`BreakoutService/${command.method}`, { ...command.body, ...encode(when) });
    return decodeSchedule(json(answer['answer'])['schedule']);
  }
  /** Gives one another time. Its author's, or a moderator's. */
  async change(id: number, when: Partial<When>): Promise<ScheduleState> {
    return decodeSchedule((await this.host.command('BreakoutService/ChangeSchedule', { scheduleId: id, ...encode(when) }))['schedule']);
  }
  /** Takes one back. Its author's, or a moderator's. */
  async cancel(id: number): Promise<void> {
    await this.host.command('BreakoutService/CancelSchedule', { scheduleId: id });
  }

  /** @internal A fresh snapshot. */
  reset(state: RoomState): void {
    this.#known.clear();
    for (const each of state.schedules) this.#known.set(each.id, each);
  }
  /** @internal Takes those events that concern schedules. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'scheduleChanged': {
        const { schedule, done, cancelled } = event.payload;
        if (!done && !cancelled) {
          this.#known.set(schedule.id, schedule);
          return this.emit('changed', { schedule });
        }
        this.#known.delete(schedule.id);
        return this.emit('ended', { schedule, end: done ? 'done' : 'cancelled' });
      }
      case 'scheduleFailed': {
        const { schedule, reason, message } = event.payload;
        this.#known.delete(schedule.id);
        return this.emit('failed', { schedule, code: reason, message });
      }
      default:
    }
  }
}

function encode({ atMs, ifLate }: Partial<When>): Json {
  const late = ifLate === 'always' ? { always: true } : ifLate;
  return { atMs: atMs === undefined ? undefined : String(Math.round(atMs)), ifLate: late };
}
