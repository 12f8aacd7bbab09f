/** A fake gateway under the real SDK, and ways to await the SDK's events. */
import { installBrowser } from '../../fake/browser.ts';
import { FakeGateway } from '../../fake/gateway.ts';
import { connect, type ConnectOptions, type Emitter, type Room } from '../src/index.ts';

export interface World {
  gateway: FakeGateway;
  join(identity: string, role?: 'moderator' | 'participant', options?: ConnectOptions): Promise<Room>;
  leaveAll(): void;
}

/** A fresh server, and everybody who joins it. */
export function world(): World {
  const gateway = new FakeGateway();
  installBrowser(gateway.webSocket());
  const rooms: Room[] = [];
  return {
    gateway,
    async join(identity, role = 'participant', options = {}) {
      const token = gateway.token('math', identity, role);
      const room = await connect('http://sfu.test', token, { backoff: { firstMs: 5, longestMs: 20 }, ...options });
      rooms.push(room);
      return room;
    },
    leaveAll: () => rooms.forEach((room) => room.leave()),
  };
}

/** The next event of that name, or of that name that `matches`. */
export function next<Events extends object, K extends keyof Events>(
  emitter: Emitter<Events>,
  name: K,
  matches: (payload: Events[K]) => boolean = () => true,
): Promise<Events[K]> {
  return new Promise((resolve) => {
    const stop = emitter.on(name, (payload) => {
      if (!matches(payload)) return;
      stop();
      resolve(payload);
    });
  });
}

/** Waits until `holds`, looked at after each change of `room`. */
export async function until(room: Room, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await Promise.race([next(room, 'changed'), next(room, 'media'), next(room, 'message')]);
  }
}
