/** The dialect scenarios inside a page, over the server that served it. */
import { play, scenarios } from '../js/test/dialects/index.ts';

Object.assign(globalThis, {
  /** Runs one scenario; returns its failure, or null. */
  async playDialect(name: string): Promise<string | null> {
    const scenario = scenarios.find((each) => each.name === name);
    if (!scenario) return 'no such scenario';
    const setup = {
      url: location.origin,
      options: { audioSlots: 1, videoSlots: 1 },
      async token(room: string, identity: string, role: string): Promise<string> {
        const response = await fetch('/dev/token', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ room, identity, name: identity, role }),
        });
        return ((await response.json()) as { token: string }).token;
      },
      grant: (room: string, participantId: string, grants: object): Promise<void> => (globalThis as unknown as { grant(...given: unknown[]): Promise<void> }).grant(room, participantId, grants),
      operate: (room: string, settings: object): Promise<void> => (globalThis as unknown as { operate(room: string, settings: object): Promise<void> }).operate(room, settings),
    };
    try {
      await play(setup, scenario, `dialect-${crypto.randomUUID().slice(0, 8)}`);
      return null;
    } catch (error) {
      return String((error as Error).stack ?? error);
    }
  },
  dialectScenarios: scenarios.map(({ name }) => name),
});
