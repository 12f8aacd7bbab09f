/** A participant in a call of the ACS dialect, with all their events. */
import { Features, callOf, type BreakoutRoom, type BreakoutRoomsCallFeature, type BreakoutRoomsEventData, type Call } from '../../src/dialects/acs/index.ts';
import { ok, soon, type Stage } from './stage.ts';

export interface Party {
  call: Call;
  feature: BreakoutRoomsCallFeature;
  heard: BreakoutRoomsEventData[];
}

export async function party(stage: Stage, identity: string, role: 'moderator' | 'participant' = 'participant'): Promise<Party> {
  const call = callOf(await stage.join(identity, role));
  const feature = call.feature(Features.BreakoutRooms);
  const heard: BreakoutRoomsEventData[] = [];
  feature.on('breakoutRoomsUpdated', (event) => heard.push(event));
  return { call, feature, heard };
}

/** The next event of a type whose data `matches`. */
export function next(who: Party, type: BreakoutRoomsEventData['type'], matches: (data: any) => boolean = () => true): Promise<any> {
  return soon(
    new Promise((resolve) => {
      const listener = (event: BreakoutRoomsEventData): void => {
        if (event.type !== type || !matches(event.data)) return;
        who.feature.off('breakoutRoomsUpdated', listener);
        resolve(event.data);
      };
      who.feature.on('breakoutRoomsUpdated', listener);
    }),
    type,
  );
}

export const rooms = (mod: Party): Call['native']['breakouts'] => mod.call.native.breakouts;

/** A guest who is assigned to a breakout. */
export async function assigned(stage: Stage, definition: object = {}): Promise<{ mod: Party; guest: Party; room: BreakoutRoom; id: string }> {
  const [mod, guest] = [await party(stage, 'mod', 'moderator'), await party(stage, 'guest')];
  const [made] = await rooms(mod).create({ rooms: 1, capacity: 2, names: ['Blue'], media: { audio: true }, ...definition });
  ok(made, 'a breakout');
  const told = next(guest, 'assignedBreakoutRooms', (data) => data?.displayName === 'Blue');
  await made.assign(['guest']);
  return { mod, guest, room: await told, id: made.id };
}
