/**
 * Messages to JSON and back: the proto3 JSON mapping, as far as the API uses it. Unknown fields are passed over,
 * unknown enum values keep their name.
 */
import { SCHEMA } from './schema.js';

type Kind = 'string' | 'bool' | 'uint32' | 'double' | 'long' | 'bigint' | 'enum' | 'message';
type Row = readonly [name: string, kind: Kind, flag: '' | '?' | '*', of?: string];
/** The fields of each message. */
export type Schema = Readonly<Record<string, readonly Row[]>>;
type Fields = Record<string, unknown>;

/** As an object for `JSON.stringify`. An unknown field is an error: it is a slip of the pen. */
export function toJson(message: string, value: object): Fields {
  const rows = rowsOf(message);
  const unknown = Object.keys(value).find((name) => !rows.some((row) => row[0] === name));
  if (unknown !== undefined) {
    throw new TypeError(`${message} has no field ${unknown}; it has ${rows.map((row) => row[0]).join(', ')}`);
  }
  const made: Fields = {};
  for (const row of rows) {
    const [name, , flag] = row;
    const item = (value as Fields)[name];
    if (item === undefined || item === null) continue;
    made[name] = flag === '*' ? (item as unknown[]).map((each) => itemToJson(row, each)) : itemToJson(row, item);
  }
  return made;
}

/** The message that this JSON says, with default values where it says nothing. */
export function fromJson(message: string, json: unknown): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError(`${message} is not an object`);
  const made: Fields = {};
  for (const row of rowsOf(message)) {
    const [name, , flag] = row;
    const item = (json as Fields)[name] ?? undefined;
    if (flag === '*') {
      if (item !== undefined && !Array.isArray(item)) throw new TypeError(`${name} is not a list`);
      made[name] = (item ?? []).map((each) => itemFromJson(row, each));
    } else if (item !== undefined) {
      made[name] = itemFromJson(row, item);
    } else if (flag === '') {
      made[name] = defaultOf(row);
    }
  }
  return made;
}

/** Whether a message has this field. */
export function hasField(message: string, name: string): boolean {
  return rowsOf(message).some((row) => row[0] === name);
}

function rowsOf(message: string): readonly Row[] {
  const rows = SCHEMA[message];
  if (rows === undefined) throw new TypeError(`there is no message ${message}`);
  return rows;
}

function itemToJson([, kind, , of]: Row, item: unknown): unknown {
  if (kind === 'message') return toJson(of as string, item as object);
  return kind === 'long' || kind === 'bigint' ? String(item) : item;
}

function itemFromJson([name, kind, , of]: Row, item: unknown): unknown {
  if (kind === 'message') return fromJson(of as string, item);
  if (kind === 'bigint') return BigInt(item as string | number);
  const wanted = kind === 'bool' ? 'boolean' : kind === 'string' || kind === 'enum' ? 'string' : 'number';
  const made = wanted === 'number' ? Number(item) : item;
  if (typeof made !== wanted || Number.isNaN(made)) throw new TypeError(`${name} is not a ${wanted}`);
  return made;
}

function defaultOf([, kind, , of]: Row): unknown {
  if (kind === 'bool') return false;
  if (kind === 'bigint') return 0n;
  if (kind === 'string') return '';
  return kind === 'enum' ? of : 0;
}
