/** The floor plan of a room: its groups as areas, the people in them, and who hears whom. */
import type { ParentGate, ParticipantState, RoomState } from '@sideroom/client';
import { hueOf, initials, s } from './dom.js';

/** State that the snapshot does not hold, kept from events. */
export interface Extra {
  gates: ReadonlyMap<string, ParentGate>;
  listening: ReadonlyMap<string, string>;
  speaking: ReadonlySet<string>;
}

interface Area {
  id: string;
  name: string;
  detail: string;
  closed: boolean;
  people: ParticipantState[];
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Spot {
  person: ParticipantState;
  area: Area;
  x: number;
  y: number;
}

const WIDTH = 1000;
const GAP = 26;
const HEAD = 46;
/** With more people than that a mesh of arrows tells nothing any more. */
const MESH_LIMIT = 9;

/** Draws the whole plan. */
export function floorPlan(room: RoomState, extra: Extra): SVGElement {
  const narrow = innerWidth < 760;
  const { areas, height } = layOut(room, narrow);
  const spots = areas.flatMap(placePeople);
  const gates = parentRoutes(room, extra, areas, spots);
  const routes = [...meshes(room, spots), ...addressRoutes(room, areas, spots), ...intercomRoutes(room, areas, spots), ...listenRoutes(extra, areas, spots)];
  const away = spots.filter(({ area }) => area.id !== 'parent').length;
  const summary = `Floor plan: ${spots.length} people, ${away} of them in ${areas.length - 1} breakouts, ${routes.length} routes inside groups`;
  return s(
    'svg',
    { class: 'floor', viewBox: `0 0 ${narrow ? 520 : WIDTH} ${height}`, role: 'img', 'aria-label': summary, preserveAspectRatio: 'xMidYMin meet' },
    s('defs', {}, s('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: 'auto-start-reverse' }, s('path', { d: 'M0 0 8 4 0 8z', fill: 'context-stroke' }))),
    ...gates.map(({ behind }) => behind),
    ...areas.map(drawArea),
    ...gates.flatMap(({ inFront }) => inFront),
    ...routes,
    ...spots.map((spot) => drawPerson(spot, extra)),
  );
}

/** The parent on top, the breakouts below it: people who are away stand under the gate to the parent. */
function layOut(room: RoomState, narrow: boolean): { areas: Area[]; height: number } {
  const inGroup = (id: string): ParticipantState[] => room.participants.filter(({ groupId }) => groupId === id);
  const parentPeople = inGroup('parent');
  const total = narrow ? 520 : WIDTH;
  const { breakouts } = room;
  const parentHeight = Math.max(170, 96 * Math.ceil((parentPeople.length * 92) / total) + HEAD);
  const parent: Area = { id: 'parent', name: 'Main room', detail: count(parentPeople.length), closed: false, people: parentPeople, x: 2, y: 2, width: total - 4, height: parentHeight };
  const most = narrow ? 1 : 5;
  const columns = breakouts.length > most ? Math.ceil(breakouts.length / Math.ceil(breakouts.length / most)) : Math.max(1, breakouts.length);
  const width = (total - (columns - 1) * GAP) / columns;
  const cell = Math.max(150, ...breakouts.map(({ id }) => HEAD + 84 * Math.ceil((inGroup(id).length * 84) / width)));
  const top = parentHeight + 64;
  const others = breakouts.map((breakout, index): Area => {
    const people = inGroup(breakout.id);
    return {
      id: breakout.id,
      name: breakout.displayName,
      detail: [`${people.length} of ${breakout.capacity}`, breakout.side && 'side room', breakout.state === 'closed' && 'closed', breakout.door !== 'open' && breakout.door].filter(Boolean).join(', '),
      closed: breakout.state === 'closed',
      people,
      x: 2 + (index % columns) * (width + GAP),
      y: top + Math.floor(index / columns) * (cell + GAP + 14),
      width: width - 4,
      height: cell,
    };
  });
  const rows = Math.ceil(breakouts.length / columns);
  return { areas: [parent, ...others], height: breakouts.length ? top + rows * (cell + GAP + 14) - GAP : parentHeight + 6 };
}

const count = (people: number): string => (people === 1 ? '1 person' : `${people} people`);

function placePeople(area: Area): Spot[] {
  const { people } = area;
  const columns = Math.max(1, Math.min(people.length, Math.round(Math.sqrt((people.length * area.width) / Math.max(area.height - HEAD, 60)))));
  const rows = Math.ceil(people.length / columns);
  return people.map((person, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? people.length - row * columns : columns;
    return {
      person,
      area,
      x: area.x + (area.width * ((index % columns) + 0.5)) / inRow,
      y: area.y + HEAD + ((area.height - HEAD - 20) * (row + 0.5)) / rows,
    };
  });
}

function drawArea(area: Area): SVGElement {
  return s(
    'g',
    {},
    s('rect', { class: `area ${area.closed ? 'closed' : ''}`, x: area.x, y: area.y, width: area.width, height: area.height, rx: 14 }),
    s('text', { class: 'caption', x: area.x + 16, y: area.y + 25 }, area.name),
    s('text', { class: 'sub', x: area.x + area.width - 14, y: area.y + 25, 'text-anchor': 'end' }, area.detail),
  );
}

function drawPerson({ person, x, y }: Spot, extra: Extra): SVGElement {
  const states = [person.connected ? '' : 'lost', extra.speaking.has(person.id) ? 'speaking' : ''].join(' ');
  const name = person.displayName.length > 14 ? `${person.displayName.slice(0, 13)}…` : person.displayName;
  const audio = person.tracks.find(({ kind }) => kind === 'audio');
  const muted = audio && (audio.mutedByPublisher || audio.mutedByModerator);
  const group = s(
    'g',
    { class: `person ${states}` },
    s('title', {}, `${person.displayName}${person.role === 'moderator' ? ', moderator' : ''}${person.connected ? '' : ', reconnecting'}: ${person.tracks.map(({ kind }) => kind).join(', ') || 'publishes nothing'}`),
    s('circle', { cx: x, cy: y, r: 19 }),
    s('text', { class: 'letters', x, y }, initials(person.displayName)),
    s('text', { x, y: y + 34 }, name + (person.role === 'moderator' ? ' ★' : '') + (muted ? ' (muted)' : '')),
  );
  group.style.setProperty('--hue', String(hueOf(person.identity)));
  return group;
}

const live = (person: ParticipantState): boolean => person.connected && person.tracks.some((track) => !track.mutedByPublisher && !track.mutedByModerator);

/** A curve between two points that keeps clear of both circles. */
function curve(fromX: number, fromY: number, toX: number, toY: number, kind = '', radius = 22): SVGElement {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const bend = Math.min(26, length * 0.16);
  const [mx, my] = [(fromX + toX) / 2 - uy * bend, (fromY + toY) / 2 + ux * bend];
  const start = `${fromX + ux * radius - uy * 3} ${fromY + uy * radius + ux * 3}`;
  const end = `${toX - ux * radius - uy * 3} ${toY - uy * radius + ux * 3}`;
  return s('path', { class: `route ${kind}`, d: `M${start} Q${mx} ${my} ${end}` });
}

/** Inside a group everybody hears everybody who sends, unless they speak elsewhere only. */
function meshes(room: RoomState, spots: Spot[]): SVGElement[] {
  const elsewhere = new Set(room.intercoms.filter((each) => each.suspendOwnGroup).map(({ participantId }) => participantId));
  return spots.flatMap((from) => {
    const others = spots.filter((to) => to !== from && to.area === from.area);
    if (!live(from.person) || elsewhere.has(from.person.id) || others.length >= MESH_LIMIT) return [];
    return others.map((to) => curve(from.x, from.y, to.x, to.y));
  });
}

/**
 * From the parent to a person who is away: through that person's gate, which is drawn open or shut. On the
 * way a route passes behind other areas.
 */
function parentRoutes(room: RoomState, extra: Extra, areas: Area[], spots: Spot[]): { behind: SVGElement | null; inFront: (SVGElement | null)[] }[] {
  const parent = areas[0];
  const sends = spots.some(({ area, person }) => area === parent && live(person));
  const paused = room.settings.breakouts.parentWhileAway === 'paused';
  return spots
    .filter(({ area }) => area !== parent)
    .map(({ area, person, x, y }) => {
      const own = extra.gates.get(person.id) ?? { paused, audioMuted: false, videoMuted: false };
      const shut = gateWord(own, room.roomGate);
      const kind = shut === 'paused' ? 'shut' : '';
      const drawn = parent && (sends || shut);
      const behind = drawn ? s('path', { class: `route through ${kind}`, d: `M${x} ${parent.y + parent.height} V${area.y}` }) : null;
      const last = drawn ? s('path', { class: `route ${kind}`, d: `M${x} ${area.y} V${y - 22}` }) : null;
      return { behind, inFront: [last, drawGate(x, area.y, shut)] };
    });
}

/** The media that the gate keeps out, if any. */
function gateWord(own: ParentGate, all: ParentGate): string {
  if (own.paused || all.paused) return 'paused';
  const audio = own.audioMuted || all.audioMuted;
  const video = own.videoMuted || all.videoMuted;
  return audio && video ? 'muted' : audio ? 'no sound' : video ? 'no video' : '';
}

function drawGate(x: number, y: number, shut: string): SVGElement {
  const width = shut ? 54 : 14;
  return s(
    'g',
    { class: `gate ${shut ? '' : 'open'}` },
    s('title', {}, shut ? `The gate to the main room is shut: ${shut}` : 'The gate to the main room is open'),
    s('rect', { x: x - width / 2, y: y - 8, width, height: 16, rx: 8 }),
    s('text', { x, y: y + 4 }, shut),
  );
}

function addressRoutes(room: RoomState, areas: Area[], spots: Spot[]): SVGElement[] {
  return room.addressing.flatMap(({ participantId }) => {
    const from = spots.find(({ person }) => person.id === participantId);
    if (!from) return [];
    const others = areas.filter((area) => area !== from.area);
    return others.map((area) => curve(from.x, from.y, area.x + area.width / 2, area.y + 16, 'address'));
  });
}

/** From a speaker to the rooms and people whom their intercom addresses, and from those who answer to the speaker. */
function intercomRoutes(room: RoomState, areas: Area[], spots: Spot[]): SVGElement[] {
  const spotOf = (id: string): Spot | undefined => spots.find(({ person }) => person.id === id);
  return room.intercoms.flatMap((intercom) => {
    const from = spotOf(intercom.participantId);
    if (!from) return [];
    const groups = areas.filter((area) => (intercom.all ? area !== from.area : intercom.groupIds.includes(area.id)));
    const people = intercom.toParticipantIds.flatMap((id) => spotOf(id) ?? []);
    const answers = intercom.replyingIds.flatMap((id) => spotOf(id) ?? []);
    return [
      ...groups.map((area) => curve(from.x, from.y, area.x + area.width / 2, area.y + 16, 'address')),
      ...people.map((to) => curve(from.x, from.y, to.x, to.y, 'address')),
      ...answers.map((answer) => curve(answer.x, answer.y, from.x, from.y, 'address')),
    ];
  });
}

function listenRoutes(extra: Extra, areas: Area[], spots: Spot[]): SVGElement[] {
  return [...extra.listening].flatMap(([participantId, groupId]) => {
    const to = spots.find(({ person }) => person.id === participantId);
    const area = areas.find(({ id }) => id === groupId);
    return to && area ? [curve(area.x + area.width / 2, area.y + 18, to.x, to.y, 'listen')] : [];
  });
}
