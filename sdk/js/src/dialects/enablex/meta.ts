/** The metadata that EnableX gives to a client on entering a breakout, on the web and on iOS. */
import type { BreakoutDefinition } from '../../breakouts.js';
import type { Room } from '../../room.js';
import { breakout as decodeBreakout, room as decodeRoom, type BreakoutState } from '../../wire.js';
import type { EnxMember, EnxRoomMeta } from './answers.js';

/**
 * The metadata of the breakout that this client has just entered. Only members see its owner and its members,
 * and the move itself comes before that: so this asks the room.
 */
export async function metaOf(native: Room, id: string, told: BreakoutState | undefined): Promise<EnxRoomMeta> {
  const state = await native.command('RoomService/GetRoom').then(({ room }) => decodeRoom(room), () => undefined);
  const breakout = state?.breakouts.find((each) => each.id === id) ?? told ?? decodeBreakout({ id });
  const people = new Map(state?.participants.map((each) => [each.id, each]));
  const ids = breakout.memberIds.length ? breakout.memberIds : native.membersOf(id).map((each) => each.id);
  const clients = ids.flatMap((clientId): EnxMember[] => {
    const known = people.get(clientId);
    const role = known?.role ?? native.participants.get(clientId)?.role;
    return role ? [{ clientId, name: known?.displayName ?? native.participants.get(clientId)?.name ?? '', role }] : [];
  });
  const { audio, camera: video, screen: share, canvas } = breakout.media;
  const { id: room_id, displayName: name, capacity: participants } = breakout;
  return { room_id, name, owner: breakout.ownerId || 'operator', participants, audio, video, share, canvas, clients };
}

/**
 * In EnableX everybody goes on hearing the parent until they pause or mute it. A moderator sets this for the
 * room before the first breakout is made; in a room without a moderator each client resumes the parent when
 * entering.
 */
export async function keepParentLive(native: Room, { rooms }: BreakoutDefinition): Promise<void> {
  const { maxBreakouts, breakouts } = native.settings;
  const refused = rooms + native.breakouts.all.length > maxBreakouts || native.me.isAway;
  if (refused || !native.me.isModerator || breakouts.parentWhileAway === 'live') return;
  // A refusal comes again as the answer to the creation, with the right code.
  await native.breakouts.configure({ parentWhileAway: 'live' }).catch(() => {});
}
