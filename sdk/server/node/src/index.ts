/** Sideroom for signaling servers: rooms, participants, breakouts and their events. */
export { type CallOptions, type Input } from './calls.js';
export { Client, type ClientOptions } from './client.js';
export { type ErrorDetails, SideroomError } from './errors.js';
export { type WatchOptions } from './position.js';
export { BreakoutService, NodeService, ParticipantService, RoomService } from './services.js';
export { type ClientToken, Key, type Scope } from './tokens.js';
export type * from './types.js';
export { Watch } from './watch.js';
