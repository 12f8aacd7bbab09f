/** Compares three accounts of a room: the page's model, the page itself, and the server's answer to this viewer. */
import type { Participant, Room } from '../../js/src/index.ts';
import type { IntercomState, KnockState, ScheduleState } from '../../js/src/presence.ts';
import type { BreakoutState, RoomState, TrackState } from '../../js/src/wire.ts';

interface Demo {
  room: Room;
  serverView(): Promise<RoomState>;
}

const demo = (): Demo => (globalThis as unknown as { sideroom: Demo }).sideroom;
const sorted = (values: Iterable<string>): string[] => [...values].sort();
const tracks = (all: readonly TrackState[]): string[] => sorted(all.map(({ kind, mutedByPublisher, mutedByModerator }) => `${kind}${mutedByPublisher ? ' muted' : ''}${mutedByModerator ? ' silenced' : ''}`));

/** Intercoms, knocks and schedules, in one order. */
function presence(intercoms: readonly IntercomState[], knocks: readonly KnockState[], schedules: readonly ScheduleState[]): unknown {
  const shown = ({ replyingIds, groupIds, toParticipantIds, ...rest }: IntercomState): unknown => ({ ...rest, replyingIds: sorted(replyingIds), groupIds: sorted(groupIds), toParticipantIds: sorted(toParticipantIds) });
  return {
    intercoms: byKey(intercoms.map((each) => [each.participantId, shown(each)])),
    knocks: sorted(knocks.map(({ breakoutId, participantId, untilMs }) => `${breakoutId} ${participantId} ${untilMs}`)),
    schedules: byKey(schedules.map((each) => [String(each.id), each])),
  };
}

/** The room as the page's SDK holds it. */
function model(): unknown {
  const { room } = demo();
  const { breakouts } = room;
  const counted = (id: string): boolean => room.me.isModerator || id === room.me.groupId || id === room.me.listeningInGroupId || breakouts.find(id)?.ownerId === room.me.id;
  const person = (each: Participant): unknown => ({ name: each.name, role: each.role, group: each.groupId, connected: each.isConnected, tracks: tracks(each.tracks), help: each.helpRaised, addressing: sorted(each.addressingAll), listening: each.listeningInGroupId });
  return {
    people: byKey([...room.participants.values()].map((each) => [each.id, person(each)])),
    breakouts: byKey(breakouts.all.map((each) => [each.id, { name: each.name, open: each.isOpen, capacity: each.capacity, door: each.door, side: each.isSideRoom, inside: counted(each.id) ? each.members.length : breakouts.selectable.includes(each) ? each.occupancy : 'not told', invited: sorted(each.invitedIdentities), assigned: sorted(each.assignedIdentities) }])),
    invitations: sorted(breakouts.invitations.map(({ breakout }) => breakout.id)),
    selectable: sorted(breakouts.selectable.map(({ id }) => id)),
    assigned: breakouts.assigned?.id ?? '',
    help: sorted(breakouts.help.map(({ participantId, groupId }) => `${participantId} ${groupId}`)),
    presence: presence(room.intercoms.all, breakouts.knocks, room.schedules.all),
    settings: room.settings,
    endsAtMs: breakouts.settings.endsAtMs,
    gate: room.me.gate,
    roomGate: room.roomGate,
  };
}

/** The same from the server's answer to `GetRoom`, asked as this viewer. */
async function server(): Promise<unknown> {
  const { room } = demo();
  const state = await demo().serverView();
  const me = state.participants.find(({ id }) => id === room.me.id);
  const heard = state.listening.find(({ participantId }) => participantId === room.me.id)?.groupId;
  const told = ({ id, ownerId }: BreakoutState): boolean => me?.role === 'moderator' || [me?.groupId, heard].includes(id) || ownerId === room.me.id || state.selectable.some((each) => each.id === id);
  const breakout = (each: BreakoutState): unknown => ({ name: each.displayName, open: each.state === 'open', capacity: each.capacity, door: each.door, side: each.side, inside: told(each) ? each.occupancy : 'not told', invited: sorted(each.invitedIdentities), assigned: sorted(each.assignedIdentities) });
  const visible = [...state.selectable, ...state.invitations, ...(state.assigned ? [state.assigned] : []), ...state.breakouts];
  const helped = new Set(state.help.map(({ participantId }) => participantId));
  return {
    people: byKey(state.participants.map((each) => [each.id, { name: each.displayName, role: each.role, group: each.groupId, connected: each.connected, tracks: tracks(each.tracks), help: helped.has(each.id), addressing: sorted(state.addressing.find(({ participantId }) => participantId === each.id)?.kinds ?? []), listening: state.listening.find(({ participantId }) => participantId === each.id)?.groupId ?? '' }])),
    breakouts: byKey(visible.map((each) => [each.id, breakout(each)])),
    invitations: sorted(state.invitations.map(({ id }) => id)),
    selectable: sorted(state.selectable.map(({ id }) => id)),
    assigned: state.assigned?.id ?? '',
    help: sorted(state.help.map(({ participantId, groupId }) => `${participantId} ${groupId}`)),
    presence: presence(state.intercoms, state.knocks, state.schedules),
    settings: state.settings,
    endsAtMs: state.settings.breakouts.endsAtMs,
    gate: state.participants.some(({ id }) => id === room.me.id) ? state.parentGate : undefined,
    roomGate: state.roomGate,
  };
}

/** Reads the page: the place, the buttons, the tiles, the cards of the panel. */
function shown(): unknown {
  const text = (selector: string): string => document.querySelector(selector)?.textContent ?? '';
  const people = (card: Element): string[] => sorted([...card.querySelectorAll<HTMLElement>('[data-person]')].map(({ dataset }) => dataset['person'] ?? ''));
  return {
    place: text('.top [data-key="group"]'),
    bar: [...document.querySelectorAll('.bar button:not([hidden]) .label')].map(({ textContent }) => textContent),
    tiles: sorted([...document.querySelectorAll<HTMLElement>('.people-tiles video')].map(({ dataset }) => dataset['participant'] ?? '')),
    cards: byKey([...document.querySelectorAll<HTMLElement>('.group-card')].map((card) => [card.dataset['group'] ?? '', { people: people(card), pending: card.querySelectorAll('.chip.pending').length }])),
    invitations: document.querySelectorAll('.alerts .invitation[data-key^="invitation"]').length,
    knocks: document.querySelectorAll('.alerts .asks [data-key^="knock"]').length,
  };
}

/** Derives the page's contents from the server's answer. */
async function due(): Promise<unknown> {
  const { room } = demo();
  const state = await demo().serverView();
  const me = state.participants.find(({ id }) => id === room.me.id);
  const group = me?.groupId ?? '';
  const name = (id: string): string => (id === 'parent' ? 'Main room' : (state.breakouts.find((each) => each.id === id)?.displayName ?? 'a breakout'));
  const mic = me?.tracks.find(({ kind }) => kind === 'audio');
  const camera = me?.tracks.find(({ kind }) => kind === 'camera');
  const helped = state.help.some(({ participantId }) => participantId === me?.id);
  const allows = (kind: 'camera'): boolean => state.breakouts.find(({ id }) => id === group)?.media[kind] ?? true;
  const cameraLabel = !allows('camera') ? (camera ? 'Hidden here' : 'No camera here') : camera?.mutedByModerator ? 'Turned off' : camera ? 'Stop camera' : 'Start camera';
  const bar = [
    group === 'parent' ? '' : 'Return to main room',
    mic?.mutedByModerator ? 'Turned off' : mic && !mic.mutedByPublisher ? 'Mute' : 'Unmute',
    cameraLabel,
    me?.tracks.some(({ kind }) => kind === 'screen') ? 'Stop sharing' : 'Share screen',
    'Draw',
    me?.role === 'moderator' || (group === 'parent' && !helped) ? '' : helped ? 'Cancel help' : 'Ask for help',
    me?.role === 'moderator' && state.breakouts.length ? 'Wall' : '',
    'Rooms',
    'Chat',
    'Leave',
  ].filter(Boolean);
  const visible = new Map([...state.selectable, ...state.invitations, ...(state.assigned ? [state.assigned] : []), ...state.breakouts].map((each) => [each.id, each]));
  const membersOf = (id: string): string[] => sorted(state.participants.filter(({ groupId }) => groupId === id).map((each) => each.id));
  const pending = (each: BreakoutState): number => {
    const inside = new Set(state.participants.filter(({ groupId }) => groupId === each.id).map(({ identity }) => identity));
    return me?.role === 'moderator' ? new Set([...each.invitedIdentities, ...each.assignedIdentities].filter((identity) => !inside.has(identity))).size : 0;
  };
  const open = document.querySelector('.group-card') !== null;
  const cards = open ? [['parent', { people: membersOf('parent'), pending: 0 }] as const, ...[...visible].map(([id, each]) => [id, { people: membersOf(id), pending: pending(each) }] as const)] : [];
  return { place: name(group), bar, tiles: shownTiles(state, group), cards: byKey(cards), invitations: state.invitations.filter(({ id }) => id !== group).length, knocks: state.knocks.length };
}

/** Lists the own group and the people heard from elsewhere. */
function shownTiles(state: RoomState, group: string): string[] {
  const { room } = demo();
  const addressing = new Set(state.addressing.map(({ participantId }) => participantId));
  const listening = room.me.listeningInGroupId;
  const reaches = ({ all, groupIds, toParticipantIds, participantId }: IntercomState): boolean => participantId === room.me.id || all || groupIds.includes(group) || toParticipantIds.includes(room.me.id);
  for (const each of state.intercoms.filter(reaches)) for (const id of [each.participantId, ...each.replyingIds]) addressing.add(id);
  const parentHeard = (id: string): boolean => room.participants.get(id)?.receives('audio') || room.participants.get(id)?.receives('camera') || false;
  return sorted(
    state.participants
      .filter(({ id, groupId }) => id === room.me.id || groupId === group || addressing.has(id) || (listening !== '' && groupId === listening) || (group !== 'parent' && groupId === 'parent' && parentHeard(id)))
      .map(({ id }) => id),
  );
}

function byKey<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

Object.assign(globalThis, { mirror: { model, server, shown, due } });
