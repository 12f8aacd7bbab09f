/** The signaling server's part: signs an API token, and calls the JSON API. */
import { createHmac } from 'node:crypto';

const KEY = { id: 'e2e', secret: 'e2e-secret-e2e-secret-e2e-secret-e2e' };

/** The key, as the server's environment wants it. */
export const KEYS = `${KEY.id}:${KEY.secret}`;

/** An API token with every scope, good for an hour. */
export function apiToken(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'sideroom-api', iss: 'e2e', exp: Math.floor(Date.now() / 1000) + 3600 };
  const signed = `${part({ alg: 'HS256', typ: 'sideroom-api', kid: KEY.id })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', KEY.secret).update(signed).digest('base64url')}`;
}

/** Calls a method of the JSON API with an API token. */
export async function call(url: string, method: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/sideroom.v1.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${method}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
