/**
 * The dialect of Azure Communication Services: `call.feature(Features.BreakoutRooms)` with its properties,
 * event types and error codes. An app written for it changes its import and the call that connects.
 *
 * @packageDocumentation
 */
import { connect, type ConnectOptions, type Room, type Token } from '../../index.js';
import { MainCall } from './main.js';
import type { Call } from './types.js';

/** Connects: in the place of the product's own way to start or join a call. */
export async function joinCall(url: string, token: Token, options?: ConnectOptions): Promise<Call> {
  return callOf(await connect(url, token, options));
}

/** The main call of a room that the app has connected to by itself. Make one for each room. */
export function callOf(room: Room): Call {
  return new MainCall(room);
}

export { CommunicationError } from './errors.js';
export type { CommunicationServicesError, ResultCategories } from './errors.js';
export { Features } from './main.js';
export type * from './types.js';
