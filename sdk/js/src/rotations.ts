/** Rounds in which people change breakouts. */
import { commands, type RotationOptions } from './commands.js';
import { Emitter } from './emitter.js';
import { texts } from './json.js';
import { rotation as decodeRotation, type RotationEnd, type RotationState } from './plans.js';
import type { Json, RoomState, WireEvent } from './wire.js';

/** Events of rotations. */
export interface RotationsEvents {
  /** A rotation began, a round of it began, it was paused or resumed, or its plan was made anew. */
  changed: { rotation: RotationState };
  ended: { end: RotationEnd };
}

/** @internal The part of a room that rotations need. */
export interface RotationHost {
  command(method: string, body?: Json): Promise<Json>;
}

/** The rotation of a room: everybody sees its rounds, moderators its plan, and they run it. */
export class Rotations extends Emitter<RotationsEvents> {
  #current: RotationState | undefined;

  /** @internal */
  constructor(private readonly host: RotationHost) {
    super();
  }

  /** The one that runs. */
  get current(): RotationState | undefined {
    return this.#current;
  }

  /** Shows the plan that `start` would make. Nothing changes; its `seed` gives the same plan again. */
  async plan(options: RotationOptions): Promise<RotationState> {
    return (await this.#start(options, true)).rotation;
  }
  /** Plans all rounds and begins the first. `leftOverIds`: those who found no place and stay in the main room. */
  start(options: RotationOptions): Promise<{ rotation: RotationState; leftOverIds: string[] }> {
    return this.#start(options, false);
  }
  /** The present round lasts until the rotation is resumed. */
  pause(): Promise<void> {
    return this.#change('pause');
  }
  resume(): Promise<void> {
    return this.#change('resume');
  }
  /** The next round begins at once; after the last one everybody returns. */
  skip(): Promise<void> {
    return this.#change('skip');
  }
  /** No further round begins. People stay where they are. */
  end(): Promise<void> {
    return this.#change('end');
  }

  async #start(options: RotationOptions, dryRun: boolean): Promise<{ rotation: RotationState; leftOverIds: string[] }> {
    const { method, body } = commands.startRotation(options);
    const answer = await this.host.command(`BreakoutService/${method}`, dryRun ? { ...body, dryRun } : body);
    return { rotation: decodeRotation(answer['rotation'] ?? {}) as RotationState, leftOverIds: texts(answer['leftOverIds']) };
  }
  async #change(step: Parameters<typeof commands.changeRotation>[0]): Promise<void> {
    const { method, body } = commands.changeRotation(step);
    await this.host.command(`BreakoutService/${method}`, body);
  }

  /** @internal A fresh snapshot. */
  reset(state: RoomState): void {
    this.#current = state.rotation;
  }
  /** @internal Takes those events that concern rotations. */
  apply(event: WireEvent): void {
    switch (event.type) {
      case 'rotationChanged': {
        const { rotation, end } = event.payload;
        const before = this.#current;
        // The plan comes in an event of its own.
        this.#current = rotation && before ? { ...rotation, ahead: before.ahead, repeats: before.repeats, seed: before.seed } : rotation;
        if (this.#current) return this.emit('changed', { rotation: this.#current });
        return this.emit('ended', { end: end ?? 'done' });
      }
      case 'rotationPlanned':
        if (!this.#current) return;
        this.#current = { ...this.#current, ...event.payload };
        return this.emit('changed', { rotation: this.#current });
      default:
    }
  }
}
