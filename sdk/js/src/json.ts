/** The first step of decoding: nothing of a message is trusted to be there. */
import type { TrackKind } from './kinds.js';

/** An answer of the gateway as it came: nothing of it is trusted to be there. */
export type Json = Record<string, unknown>;

/** @internal */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** @internal */
export const number = (value: unknown): number => Number(value ?? 0) || 0;
/** @internal */
export const json = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};
/** @internal */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** @internal */
export const texts = (value: unknown): string[] => list(value).map(text);
/** @internal */
export const flag = (value: unknown): boolean => value === true;

/** @internal `MOVE_REASON_AUTO_MOVED` → `auto_moved`. */
export function name<T extends string>(value: unknown, prefix: string, fallback: T): T {
  const word = text(value);
  return word.startsWith(prefix) ? (word.slice(prefix.length).toLowerCase() as T) : fallback;
}

/** @internal */
export const kind = (value: unknown): TrackKind => name(value, 'TRACK_KIND_', 'audio');
/** @internal */
export const kinds = (value: unknown): TrackKind[] => list(value).map(kind);
/** @internal */
export const kindName = (value: TrackKind): string => `TRACK_KIND_${value.toUpperCase()}`;
