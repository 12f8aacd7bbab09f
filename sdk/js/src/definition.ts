import type { Door } from './presence.js';
import type { Json, MediaFlags } from './wire.js';

/** The properties of new breakouts. */
export interface BreakoutDefinition {
  /** The number of breakouts. */
  rooms: number;
  /** How many people each holds. */
  capacity: number;
  /** The kinds that may be sent inside. Default: sound, screen and canvas; no camera. */
  media?: Partial<MediaFlags>;
  names?: readonly string[];
  /** Default: open. */
  state?: 'open' | 'closed';
  /** Moves assigned people without asking them when the breakout opens. */
  autoMove?: boolean;
  /** Anybody may join without being asked. Default: as the room's setting says. */
  selfSelect?: boolean;
  /** Whether those who may join go in by themselves. Default: open. */
  door?: Door;
}

/** @internal */
export function encodeDefinition(definition: BreakoutDefinition): Json {
  const media = definition.media ?? { audio: true, screen: true, canvas: true };
  return {
    maxRooms: definition.rooms,
    participants: String(definition.capacity),
    media,
    names: definition.names,
    state: definition.state && `BREAKOUT_STATE_${definition.state.toUpperCase()}`,
    autoMove: definition.autoMove,
    selfSelect: definition.selfSelect,
    door: doorName(definition.door),
  };
}

/** @internal */
export const doorName = (door: Door | undefined): string | undefined => door && `DOOR_${door.toUpperCase()}`;
