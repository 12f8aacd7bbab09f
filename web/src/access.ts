/** Where the page is, who opens it, and the token to join with. */
import { SideroomError } from '@sideroom/client';

const query = new URLSearchParams(location.search);

/** The parameters in the address of the page. */
export const asked = {
  room: query.get('room') ?? '',
  name: query.get('name') ?? '',
  role: query.get('role') === 'moderator' ? 'moderator' : query.get('role') === 'participant' ? 'participant' : '',
  /** Hertz of a sine that is published instead of the microphone. */
  tone: Number(query.get('tone') ?? 0),
  /** Join at once, without the form. */
  join: query.has('join') || query.has('tone'),
  token: query.get('token') ?? '',
} as const;

/** The person who joins, and the room. */
export interface Person {
  room: string;
  name: string;
  role: 'moderator' | 'participant';
}

/**
 * The identity of this tab: kept over a reload and under another name, so that a reload takes the old place
 * back; another tab is another person. A browser that is kept out of a meeting stays the person who is kept out.
 */
export function identityOf(person: Person): string {
  const key = `sideroom identity ${person.room}`;
  const known = localStorage.getItem(keptOutKey(person.room)) ?? sessionStorage.getItem(key);
  const fresh = `${person.name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')}-${crypto.randomUUID().slice(0, 6)}`;
  sessionStorage.setItem(key, known ?? fresh);
  return known ?? fresh;
}

const keptOutKey = (room: string): string => `sideroom kept out ${room}`;

/** Notes that a moderator banned the person at this browser from a meeting, or lifted the ban. */
export function noteKeptOut(room: string, isOut: boolean): void {
  if (!isOut) return localStorage.removeItem(keptOutKey(room));
  localStorage.setItem(keptOutKey(room), sessionStorage.getItem(`sideroom identity ${room}`) ?? '');
}

/** A client token: from the address, or from the development server. */
export async function fetchToken(person: Person): Promise<string> {
  if (asked.token) return asked.token;
  let response: Response;
  try {
    response = await fetch('/dev/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ room: person.room, name: person.name, identity: identityOf(person), role: person.role }),
    });
  } catch (cause) {
    throw new SideroomError('ServerUnreachable', 'The server cannot be reached. Check the connection, then try again.', undefined, undefined, { cause });
  }
  if (response.status === 404) {
    throw new SideroomError('Unauthenticated', 'This server hands out no development tokens. Open the meeting with a link that carries a token.');
  }
  const body = (await response.json().catch(() => ({}))) as { token?: string; message?: string; sentence?: string };
  if (!response.ok || !body.token) {
    throw new SideroomError('Unauthenticated', body.message ?? body.sentence ?? 'The server gave no token. Ask for a new link to the meeting.');
  }
  return body.token;
}
