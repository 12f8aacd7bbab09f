/**
 * A small stand-in for the server's room, for tests without a server. It speaks the gateway's JSON and
 * keeps the rules that clients can see; it is no reference for them.
 */
type Json = Record<string, any>;

export class Refused extends Error {
  constructor(
    readonly reason: string,
    readonly enablexCode = 0,
    readonly acs: [number, number] = [0, 0],
  ) {
    super(`${reason}: refused by the fake server.`);
  }
}

export interface FakeParticipant {
  id: string;
  identity: string;
  displayName: string;
  moderator: boolean;
  groupId: string;
  gate: Json;
  joinPaused: boolean;
  tracks: Json[];
  taken: Json;
  connected: boolean;
  assigned: string;
  listening: string;
  addressing: string[];
  help: boolean;
  slots: { mid: string; media: string; source: string }[];
  send: ((message: Json) => void) | undefined;
}

const KINDS = ['AUDIO', 'CAMERA', 'SCREEN', 'CANVAS'];
const FLAG: Record<string, string> = { AUDIO: 'audio', CAMERA: 'camera', SCREEN: 'screen', CANVAS: 'canvas' };
const kindOf = (track: Json): string => track['kind'].slice('TRACK_KIND_'.length);

export class FakeRoom {
  readonly participants = new Map<string, FakeParticipant>();
  readonly breakouts = new Map<string, Json>();
  readonly answers = new Map<string, Json>();
  readonly log: { seq: number; audience: (who: FakeParticipant) => boolean; event: Json }[] = [];
  readonly moves: Json[] = [];
  settings: Json = {
    mode: 'ROOM_MODE_GROUP',
    maxActiveTalkers: 8,
    maxBreakouts: 10,
    maxParticipants: 1000,
    reconnectGraceMs: '30000',
    videoCodec: 'VIDEO_CODEC_VP8',
    breakouts: { parentWhileAway: 'PARENT_WHILE_AWAY_PAUSED', allowReturn: true },
  };
  gate: Json = {};
  seq = 0;
  epoch = 1;
  #serial = 0;
  #breakoutSerial = 0;
  #trackSerial = 0;

  constructor(readonly name: string) {}

  join(identity: string, displayName: string, moderator: boolean): FakeParticipant {
    const known = [...this.participants.values()].find((each) => each.identity === identity);
    if (known) {
      known.connected = true;
      this.emit('connectionChanged', { participantId: known.id, connection: 'CONNECTION_CONNECTED' });
      return known;
    }
    const joined: FakeParticipant = {
      id: `p1.${(this.#serial += 1)}`,
      identity,
      displayName,
      moderator,
      groupId: 'parent',
      gate: {},
      joinPaused: false,
      tracks: KINDS.map((kind) => ({ id: `t1.${(this.#trackSerial += 1)}`, kind: `TRACK_KIND_${kind}` })),
      taken: {},
      connected: true,
      assigned: '',
      listening: '',
      addressing: [],
      help: false,
      slots: [],
      send: undefined,
    };
    this.participants.set(joined.id, joined);
    for (const breakout of this.breakouts.values()) {
      if (breakout['assignedIdentities']?.includes(identity)) joined.assigned = breakout['id'];
    }
    this.emit('participantJoined', { participant: this.show(joined, joined) }, (who) => who !== joined);
    return joined;
  }

  leave(who: FakeParticipant, reason = 'LEFT'): void {
    this.participants.delete(who.id);
    if (who.groupId !== 'parent') this.emit('membersChanged', { breakoutId: who.groupId, leftIds: [who.id] }, ({ groupId }) => groupId === who.groupId);
    this.emit('participantLeft', { participantId: who.id, reason: `LEAVE_REASON_${reason}` });
    const next = [...this.participants.values()].find((each) => each.moderator);
    const owned = [...this.breakouts.values()].filter((breakout) => breakout['ownerId'] === who.id);
    if (!owned.length || !next) return;
    for (const breakout of owned) {
      breakout['ownerId'] = next.id;
      updated(this, breakout);
    }
  }

  /** Runs a command; the second call with a request id gives the first answer again. */
  command(who: FakeParticipant, requestId: string, method: string, body: Json): Json {
    const key = `${who.id} ${requestId}`;
    const before = this.answers.get(key);
    if (before) return before;
    const run = COMMANDS[method];
    if (!run) throw new Refused('InvalidArgument');
    if (method.startsWith('BreakoutService/')) this.#admit();
    this.#cause = { id: requestId, who };
    try {
      const result = run(this, who, body) ?? {};
      this.epoch += 1;
      this.route();
      const answer = { answer: { epoch: String(this.epoch), seq: String(this.seq) }, ...result };
      this.answers.set(key, answer);
      return answer;
    } finally {
      this.#cause = undefined;
    }
  }
  /** Whether there are breakouts at all. */
  #admit(): void {
    const { availability } = this.settings['breakouts'];
    if (availability === 'AVAILABILITY_NOT_SUPPORTED') throw new Refused('NotSupported', 5067, [400, 46250]);
    if (availability === 'AVAILABILITY_DISABLED') throw new Refused('Disabled', 5067, [405, 46251]);
    if (this.settings['mode'] === 'ROOM_MODE_LECTURE') throw new Refused('LectureMode', 5067);
  }

  #cause: { id: string; who: FakeParticipant } | undefined;

  emit(type: string, payload: Json, audience: (who: FakeParticipant) => boolean = () => true): void {
    this.seq += 1;
    const by = this.#cause?.who.id ?? 'system';
    const event = { seq: String(this.seq), epoch: String(this.epoch), atMs: String(Date.now()), by, type, [type]: structuredClone(payload) };
    this.log.push({ seq: this.seq, audience, event });
    for (const each of this.participants.values()) {
      if (!audience(each)) continue;
      const mine = this.#cause?.who === each ? { causingRequestId: this.#cause.id } : {};
      each.send?.({ type: 'event', event: { ...event, ...mine } });
    }
  }

  /** Somebody, as `viewer` may see them. */
  show(who: FakeParticipant, viewer: FakeParticipant): Json {
    const near = viewer.moderator || viewer.groupId === who.groupId;
    const seen = near || who.groupId === 'parent';
    return {
      id: who.id,
      identity: who.identity,
      displayName: who.displayName,
      role: who.moderator ? 'ROLE_MODERATOR' : 'ROLE_PARTICIPANT',
      grants: { publish: KINDS.map((kind) => `TRACK_KIND_${kind}`), createBreakouts: who.moderator, moveOthers: who.moderator, listenIn: who.moderator, addressAll: who.moderator },
      groupId: near ? who.groupId : 'parent',
      away: who.groupId !== 'parent',
      tracks: seen ? who.tracks.filter((track) => track['published']).map(showTrack) : [],
      connection: who.connected ? 'CONNECTION_CONNECTED' : 'CONNECTION_LOST',
    };
  }

  showBreakout(breakout: Json): Json {
    const memberIds = [...this.participants.values()].filter(({ groupId }) => groupId === breakout['id']).map(({ id }) => id);
    const { inviteeIds, ...shown } = structuredClone(breakout);
    const invitedIdentities = (inviteeIds as string[]).map((id) => this.participants.get(id)?.identity);
    return { ...shown, invitedIdentities, memberIds, occupancy: memberIds.length };
  }

  snapshot(viewer: FakeParticipant): Json {
    const all = [...this.breakouts.values()];
    const mine = all.filter((breakout) => viewer.moderator || viewer.groupId === breakout['id']);
    const assigned = all.find((breakout) => breakout['id'] === viewer.assigned);
    const people = [...this.participants.values()];
    return {
      name: this.name,
      settings: structuredClone(this.settings),
      roomGate: this.gate,
      parentGate: viewer.gate,
      participants: people.map((each) => this.show(each, viewer)),
      breakouts: mine.map((breakout) => this.showBreakout(breakout)),
      selectable: all.filter((breakout) => breakout['selfSelect']).map((breakout) => this.showBreakout(breakout)),
      ...(assigned && { assigned: this.showBreakout(assigned) }),
      invitations: all.filter((breakout) => breakout['inviteeIds'].includes(viewer.id)).map((breakout) => this.showBreakout(breakout)),
      addressing: people.filter(({ addressing }) => addressing.length).map(({ id, addressing }) => ({ participantId: id, kinds: addressing })),
      help: people.filter(({ help }) => help).map(({ id, groupId }) => ({ participantId: id, groupId })),
      seq: String(this.seq),
      epoch: String(this.epoch),
    };
  }

  newBreakout(owner: FakeParticipant, definition: Json, index: number): Json {
    const serial = (this.#breakoutSerial += 1);
    const breakout = {
      id: `b${serial}`,
      displayName: definition['names']?.[index] ?? `Breakout ${this.breakouts.size + 1}`,
      ownerId: owner.id,
      capacity: Number(definition['participants']),
      media: definition['media'] ?? {},
      state: definition['state'] ?? 'BREAKOUT_STATE_OPEN',
      autoMove: definition['autoMove'] ?? false,
      selfSelect: definition['selfSelect'] ?? this.settings['breakouts'].selfSelect ?? false,
      inviteeIds: [],
      assignedIdentities: [],
      threadId: `thread-${serial}`,
    };
    this.breakouts.set(breakout.id, breakout);
    return breakout;
  }

  /** One step from group to group, with its event. */
  move(who: FakeParticipant, to: string, reason: string, by: string, taken?: Json): void {
    const from = who.groupId;
    if (from === to) return;
    const gateBefore = JSON.stringify(who.gate);
    who.groupId = to;
    who.taken = taken ?? { audio: true, camera: true, screen: true, canvas: true };
    if (to === 'parent') {
      if (who.joinPaused) who.gate = { ...who.gate, paused: false };
      who.joinPaused = false;
    } else if (this.settings['breakouts'].parentWhileAway === 'PARENT_WHILE_AWAY_PAUSED' && !who.gate['paused']) {
      who.gate = { ...who.gate, paused: true };
      who.joinPaused = true;
    }
    this.regroup(who);
    const breakout = this.breakouts.get(to);
    if (breakout) breakout['inviteeIds'] = breakout['inviteeIds'].filter((id: string) => id !== who.id);
    const move = { participantId: who.id, fromGroupId: from, toGroupId: to, reason: `MOVE_REASON_${reason}`, by };
    this.moves.push({ participantId: who.id, identity: who.identity, groupId: to, fromMs: String(Date.now()), reason: move.reason, by });
    const shown = breakout && { breakout: this.showBreakout(breakout) };
    this.emit('participantMoved', { ...move, ...shown }, (each) => each === who || each.moderator);
    if (from !== 'parent') this.emit('membersChanged', { breakoutId: from, leftIds: [who.id] }, ({ groupId }) => groupId === from);
    if (to !== 'parent') this.emit('membersChanged', { breakoutId: to, joinedIds: [who.id] }, ({ groupId }) => groupId === to);
    if (from === 'parent') this.emit('awayChanged', { awayIds: [who.id] });
    if (to === 'parent') this.emit('awayChanged', { backIds: [who.id] });
    if (gateBefore !== JSON.stringify(who.gate)) this.emit('parentGateChanged', { participantId: who.id, gate: who.gate }, (each) => each === who || each.moderator);
  }

  /** Who may know what somebody publishes. */
  nearby(who: FakeParticipant): (each: FakeParticipant) => boolean {
    return (each) => each.moderator || who.groupId === 'parent' || each.groupId === who.groupId;
  }

  regroup(who: FakeParticipant): void {
    const media = this.breakouts.get(who.groupId)?.['media'];
    for (const track of who.tracks) {
      const flag = FLAG[kindOf(track)] as string;
      const routed = who.groupId === 'parent' || (media?.[flag] && who.taken[flag]);
      track['groupId'] = track['published'] && routed ? who.groupId : '';
    }
  }

  hears(listener: FakeParticipant, speaker: FakeParticipant, track: Json): '' | 'open' | 'shut' {
    if (listener === speaker || !track['published'] || !speaker.connected) return '';
    const muted = track['mutedByPublisher'] || track['mutedByModerator'];
    const addressed = speaker.addressing.includes(track['kind']);
    if (!track['groupId'] && !addressed) return '';
    if (track['groupId'] === listener.groupId || addressed || listener.listening === track['groupId']) return muted ? 'shut' : 'open';
    if (track['groupId'] !== 'parent') return '';
    const gate = [listener.gate, this.gate];
    const audio = track['kind'] === 'TRACK_KIND_AUDIO';
    return muted || gate.some((each) => each['paused'] || (audio ? each['audioMuted'] : each['videoMuted'])) ? 'shut' : 'open';
  }

  /** Places what everybody may receive in their slots, and tells them what changed. */
  route(): void {
    for (const listener of this.participants.values()) {
      const wanted = new Map<string, Json>();
      for (const speaker of this.participants.values()) {
        for (const track of speaker.tracks) {
          const gate = this.hears(listener, speaker, track);
          const key = `${speaker.id} ${track['kind']}`;
          if (gate) wanted.set(key, { participantId: speaker.id, kind: track['kind'], open: gate === 'open' });
        }
      }
      for (const slot of listener.slots) {
        const wish = wanted.get(slot.source.split('|')[0] as string);
        if (wish) this.#fill(listener, slot, wish);
        else if (slot.source) this.#fill(listener, slot, undefined);
        if (wish) wanted.delete(slot.source.split('|')[0] as string);
      }
      for (const wish of wanted.values()) {
        const media = wish['kind'] === 'TRACK_KIND_AUDIO' ? 'audio' : 'video';
        const free = listener.slots.find((slot) => slot.media === media && !slot.source);
        if (free) this.#fill(listener, free, wish);
      }
    }
  }

  #fill(listener: FakeParticipant, slot: { mid: string; source: string }, wish: Json | undefined): void {
    const source = wish ? `${wish['participantId']} ${wish['kind']}|${wish['open']}` : '';
    if (slot.source === source) return;
    slot.source = source;
    const shut = wish && !wish['open'] ? { reason: 'parent_paused' } : {};
    listener.send?.({ type: 'slotAssigned', mid: slot.mid, ...wish, ...shut });
  }
}

function showTrack({ id, kind, mutedByPublisher, mutedByModerator }: Json): Json {
  return { id, kind, mutedByPublisher, mutedByModerator };
}

/** One of pause, resume, mute and unmute. */
function gateChange(body: Json): Json {
  const change = gatePatch(body);
  const kinds = new Set(Object.entries(change).map(([key, value]) => `${key === 'paused'}${value}`));
  if (kinds.size !== 1) throw new Refused('InvalidArgument');
  return change;
}

const moderators = (who: FakeParticipant): boolean => who.moderator;

type Run = (room: FakeRoom, who: FakeParticipant, body: Json) => Json | void;

function needModerator(who: FakeParticipant): void {
  if (!who.moderator) throw new Refused('NotModerator', 1731);
}

function find(room: FakeRoom, id: string): FakeParticipant {
  const found = room.participants.get(id);
  if (!found) throw new Refused('NotFound', 1731);
  return found;
}

function breakoutOf(room: FakeRoom, id: string): Json {
  const found = room.breakouts.get(id);
  if (!found) throw new Refused('NotFound', 1731);
  return found;
}

function create(room: FakeRoom, who: FakeParticipant, definition: Json): Json[] {
  needModerator(who);
  if (room.settings['mode'] === 'ROOM_MODE_LECTURE') throw new Refused('LectureMode', 5067);
  if (who.groupId !== 'parent') throw new Refused('NotInParent', 1731);
  if (definition['participants'] === undefined) throw new Refused('ParticipantCountMissing', 1734);
  const capacity = Number(definition['participants']);
  if (capacity < 2) throw new Refused('ParticipantCountInvalid', 1724);
  if (capacity > room.settings['maxActiveTalkers'] - 1) throw new Refused('ParticipantCountTooLarge', 1725);
  const count = definition['maxRooms'] ?? 0;
  if (count < 1) throw new Refused('CreateFailed', 1731);
  if (count + room.breakouts.size > room.settings['maxBreakouts']) throw new Refused('BreakoutLimitReached', 1726);
  return Array.from({ length: count }, (_, index) => room.newBreakout(who, definition, index));
}

function invite(room: FakeRoom, who: FakeParticipant, breakout: Json, ids: string[], force: boolean): void {
  const people = ids.map((id) => find(room, id));
  if (people.length === 0) return;
  for (const person of people) {
    if (!force) breakout['inviteeIds'] = [...new Set([...breakout['inviteeIds'], person.id])];
    const payload = { participantId: person.id, breakout: room.showBreakout(breakout), requestor: who.id, forced: force };
    room.emit('invitationReceived', payload, (each) => each === person || each.moderator);
    if (force) room.move(person, breakout['id'], 'FORCED', who.id);
  }
}

/** Tells everybody what there is to choose from. */
function offer(room: FakeRoom): void {
  const breakouts = [...room.breakouts.values()].filter((breakout) => breakout['selfSelect']);
  room.emit('selectableBreakouts', { breakouts: breakouts.map((breakout) => room.showBreakout(breakout)) });
}

function updated(room: FakeRoom, breakout: Json): Json {
  const inside = (each: FakeParticipant): boolean => each.moderator || each.groupId === breakout['id'];
  room.emit('breakoutUpdated', { breakout: room.showBreakout(breakout) }, inside);
  for (const person of room.participants.values()) {
    if (person.assigned === breakout['id']) room.emit('assignmentChanged', { participantId: person.id, breakout: room.showBreakout(breakout) }, (each) => each === person);
  }
  return room.showBreakout(breakout);
}

function named(room: FakeRoom, ids: string[] | undefined): Json[] {
  return ids?.length ? ids.map((id) => breakoutOf(room, id)) : [...room.breakouts.values()];
}

function membersOf(room: FakeRoom, breakout: Json): FakeParticipant[] {
  return [...room.participants.values()].filter(({ groupId }) => groupId === breakout['id']);
}

function mute(muted: boolean): Run {
  return (room, who, body) => {
    const target = body['participantId'] ? find(room, body['participantId']) : who;
    if (target !== who) needModerator(who);
    for (const track of target.tracks) {
      if (body['kinds'].includes(track['kind'])) track[target === who ? 'mutedByPublisher' : 'mutedByModerator'] = muted;
    }
    const by = (flag: string): string[] => target.tracks.filter((track) => track[flag]).map((track) => track['kind']);
    const payload = { participantId: target.id, groupId: target.groupId, byPublisher: by('mutedByPublisher'), byModerator: by('mutedByModerator') };
    room.emit('muteChanged', payload, room.nearby(target));
  };
}

function publish(published: boolean): Run {
  return (room, who, body) => {
    const track = who.tracks.find(({ kind }) => kind === body['kinds'][0]);
    if (!track || body['kinds'].length !== 1) throw new Refused('InvalidArgument');
    track['published'] = published;
    room.regroup(who);
    const payload = { participantId: who.id, groupId: who.groupId, track: showTrack(track) };
    room.emit(published ? 'trackPublished' : 'trackUnpublished', payload, room.nearby(who));
  };
}

function gatePatch(body: Json): Json {
  return Object.fromEntries(['paused', 'audioMuted', 'videoMuted'].flatMap((key) => (key in body ? [[key, body[key]]] : [])));
}

const COMMANDS: Record<string, Run> = {
  'RoomService/GetRoom': (room, who) => ({ room: room.snapshot(who) }),
  'RoomService/ListMoves': (room) => ({ moves: room.moves }),
  'RoomService/UpdateRoom': (room, who, body) => {
    needModerator(who);
    if (body['settings'].mode === 'ROOM_MODE_LECTURE' && room.breakouts.size) throw new Refused('LectureMode', 5067);
    room.settings = { ...room.settings, ...body['settings'] };
    room.emit('roomUpdated', { settings: room.settings });
  },
  'RoomService/SendMessage': (room, who, body) => {
    if (body['allGroups']) needModerator(who);
    const groupId = body['allGroups'] ? '' : body['groupId'] || who.groupId;
    room.emit('messageSent', { from: who.id, groupId, text: body['text'] }, (each) => !groupId || each.groupId === groupId || each.moderator);
  },
  'ParticipantService/Publish': publish(true),
  'ParticipantService/Unpublish': publish(false),
  'ParticipantService/Mute': mute(true),
  'ParticipantService/Unmute': mute(false),
  'ParticipantService/SetViews': () => {},
  'ParticipantService/Remove': (room, who, body) => {
    needModerator(who);
    const gone = find(room, body['participantId']);
    gone.send?.({ type: 'closing', reason: 'Removed', message: 'A moderator removed you.', reconnect: false });
    room.leave(gone, 'REMOVED');
  },
  'ParticipantService/SetRole': (room, who, body) => {
    needModerator(who);
    const target = find(room, body['participantId']);
    target.moderator = body['role'] === 'ROLE_MODERATOR';
    room.emit('roleChanged', { participantId: target.id, role: body['role'] });
  },
  'ParticipantService/SetParentGate': (room, who, body) => {
    if (body['paused'] === false && room.gate['paused'] && who.groupId !== 'parent') throw new Refused('ResumeFailed', 1138, [412, 46257]);
    if ('paused' in body) who.joinPaused = false;
    who.gate = { ...who.gate, ...gateChange(body) };
    room.emit('parentGateChanged', { participantId: who.id, gate: who.gate }, (each) => each === who || each.moderator);
    return { gate: who.gate };
  },
  'ParticipantService/SetRoomGate': (room, who, body) => {
    needModerator(who);
    room.gate = { ...room.gate, ...gateChange(body) };
    room.emit('roomGateChanged', { gate: room.gate });
    return { gate: room.gate };
  },
  'BreakoutService/CreateBreakouts': (room, who, body) => {
    const breakouts = create(room, who, body['definition']).map((each) => room.showBreakout(each));
    room.emit('breakoutsCreated', { breakouts }, moderators);
    offer(room);
    return { breakouts };
  },
  'BreakoutService/CreateAndInvite': (room, who, body) => {
    const breakouts = create(room, who, body['definition']);
    const people = [...room.participants.values()].filter((each) => !each.moderator && each.groupId === 'parent');
    const seats = breakouts.flatMap((each) => Array.from({ length: each['capacity'] }, (_, seat) => ({ each, seat })));
    seats.sort((a, b) => a.seat - b.seat);
    const leftOverIds = people.slice(seats.length).map(({ id }) => id);
    const shown = breakouts.map((each) => room.showBreakout(each));
    room.emit('breakoutsCreated', { breakouts: shown }, moderators);
    offer(room);
    for (const breakout of breakouts) {
      const ids = people.flatMap(({ id }, index) => (seats[index]?.each === breakout ? [id] : []));
      invite(room, who, breakout, ids, body['forceJoin'] === true);
    }
    return { breakouts: breakouts.map((each) => room.showBreakout(each)), leftOverIds };
  },
  'BreakoutService/UpdateBreakout': (room, who, body) => {
    needModerator(who);
    const { breakoutId, ...change } = body;
    return { breakout: updated(room, Object.assign(breakoutOf(room, breakoutId), change)) };
  },
  'BreakoutService/OpenBreakouts': (room, who, body) => {
    needModerator(who);
    return { breakouts: named(room, body['breakoutIds']).map((each) => open(room, who, each)) };
  },
  'BreakoutService/CloseBreakouts': (room, who, body) => {
    needModerator(who);
    const breakouts = named(room, body['breakoutIds']).map((each) => {
      each['state'] = 'BREAKOUT_STATE_CLOSED';
      for (const member of membersOf(room, each)) room.move(member, 'parent', 'CLOSED', who.id);
      return updated(room, each);
    });
    return { breakouts };
  },
  'BreakoutService/UpdateSettings': (room, who, body) => {
    needModerator(who);
    room.settings['breakouts'] = { ...room.settings['breakouts'], ...body['settings'] };
    room.emit('settingsChanged', { settings: room.settings['breakouts'] });
    return { settings: room.settings['breakouts'] };
  },
  'BreakoutService/Invite': (room, who, body) => {
    needModerator(who);
    if (who.groupId !== 'parent') throw new Refused('NotInParent', 1731);
    const breakout = breakoutOf(room, body['breakoutId']);
    if (body['forceJoin'] && breakout['state'] === 'BREAKOUT_STATE_CLOSED') throw new Refused('BreakoutClosed', 1731, [412, 46256]);
    invite(room, who, breakout, body['participantIds'], body['forceJoin'] === true);
  },
  'BreakoutService/RejectInvite': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    if (!breakout['inviteeIds'].includes(who.id)) throw new Refused('NotAssigned', 1731, [412, 46260]);
    breakout['inviteeIds'] = breakout['inviteeIds'].filter((id: string) => id !== who.id);
    room.emit('invitationRejected', { participantId: who.id, breakoutId: breakout['id'] }, moderators);
  },
  'BreakoutService/Assign': (room, who, body) => {
    needModerator(who);
    for (const identity of body['identities']) assign(room, who, identity, breakoutOf(room, body['breakoutId']));
  },
  'BreakoutService/Unassign': (room, who, body) => {
    needModerator(who);
    for (const identity of body['identities']) {
      for (const breakout of room.breakouts.values()) {
        breakout['assignedIdentities'] = breakout['assignedIdentities'].filter((each: string) => each !== identity);
      }
      const person = [...room.participants.values()].find((each) => each.identity === identity);
      if (person) person.assigned = '';
      if (person) room.emit('assignmentChanged', { participantId: person.id }, (each) => each === person);
    }
  },
  'BreakoutService/JoinBreakout': (room, who, body) => {
    const breakout = breakoutOf(room, body['breakoutId']);
    if (who.groupId !== 'parent') throw new Refused('AlreadyInBreakout', 1731);
    if (breakout['state'] === 'BREAKOUT_STATE_CLOSED') throw new Refused('BreakoutClosed', 1731, [412, 46256]);
    if (membersOf(room, breakout).length >= breakout['capacity']) throw new Refused('BreakoutFull', 1731);
    const asked = breakout['inviteeIds'].includes(who.id) || who.assigned === breakout['id'];
    if (!asked && !breakout['selfSelect'] && !who.moderator) throw new Refused('NotAssigned', 1731, [412, 46260]);
    room.move(who, breakout['id'], 'JOINED', who.id, body['streamInfo']);
    return { participantId: who.id, groupId: who.groupId };
  },
  'BreakoutService/LeaveBreakout': (room, who) => {
    if (who.groupId === 'parent') throw new Refused('LeaveFailed', 1138, [500, 46259]);
    if (!room.settings['breakouts'].allowReturn && !who.moderator) throw new Refused('ReturnNotAllowed', 5067);
    room.move(who, 'parent', 'LEFT', who.id);
  },
  'BreakoutService/MoveParticipants': (room, who, body) => {
    needModerator(who);
    for (const target of body['moves']) if (target.toGroupId !== 'parent') breakoutOf(room, target.toGroupId);
    for (const target of body['moves']) room.move(find(room, target.participantId), target.toGroupId, 'MOVED', who.id, target.streamInfo);
  },
  'BreakoutService/Shuffle': (room, who) => {
    needModerator(who);
    const open = [...room.breakouts.values()];
    const away = [...room.participants.values()].filter((each) => each.groupId !== 'parent').reverse();
    away.forEach((each, index) => room.move(each, open[index % open.length]?.['id'] ?? 'parent', 'SHUFFLED', who.id));
  },
  'BreakoutService/ClearBreakouts': (room, who) => {
    const back = who.moderator ? [...room.participants.values()].filter(({ groupId }) => groupId !== 'parent') : [who];
    for (const each of back) room.move(each, 'parent', 'CLEARED', who.id);
    for (const each of back) regate(room, each, { paused: false });
    return { returnedIds: back.map(({ id }) => id) };
  },
  'BreakoutService/DestroyBreakouts': (room, who, body) => {
    needModerator(who);
    const gone = named(room, body['breakoutIds']);
    const back = gone.flatMap((each) => membersOf(room, each));
    for (const each of back) room.move(each, 'parent', 'DESTROYED', who.id);
    for (const each of back) regate(room, each, { paused: false, audioMuted: false, videoMuted: false });
    for (const each of gone) room.breakouts.delete(each['id']);
    room.emit('breakoutsDestroyed', { breakoutIds: gone.map((each) => each['id']), memberIds: back.map(({ id }) => id) }, (each) => each.moderator || back.includes(each));
    offer(room);
    return { returnedIds: back.map(({ id }) => id) };
  },
  'BreakoutService/StartAddressAll': (room, who, body) => {
    needModerator(who);
    who.addressing = body['kinds'] ?? ['TRACK_KIND_AUDIO'];
    room.emit('addressAllChanged', { participantId: who.id, kinds: who.addressing });
  },
  'BreakoutService/StopAddressAll': (room, who) => {
    who.addressing = [];
    room.emit('addressAllChanged', { participantId: who.id });
  },
  'BreakoutService/StartListening': (room, who, body) => {
    needModerator(who);
    who.listening = body['groupId'];
    room.emit('listeningChanged', { participantId: who.id, groupId: who.listening, listening: true }, moderators);
  },
  'BreakoutService/StopListening': (room, who) => {
    const groupId = who.listening;
    who.listening = '';
    room.emit('listeningChanged', { participantId: who.id, groupId }, moderators);
  },
  'BreakoutService/RaiseHelp': (room, who, body) => {
    who.help = !body['withdraw'];
    room.emit('helpChanged', { participantId: who.id, groupId: who.groupId, text: body['text'], raised: who.help }, (each) => each === who || each.moderator);
  },
  'BreakoutService/AnswerHelp': (room, who, body) => {
    needModerator(who);
    const asker = find(room, body['participantId']);
    asker.help = false;
    room.emit('helpChanged', { participantId: asker.id, groupId: asker.groupId, answeredBy: who.id }, (each) => each === asker || each.moderator);
  },
};

function regate(room: FakeRoom, who: FakeParticipant, change: Json): void {
  const next = { ...who.gate, ...change };
  const differs = Object.keys(change).some((key) => Boolean(who.gate[key]) !== change[key]);
  who.gate = next;
  if (differs) room.emit('parentGateChanged', { participantId: who.id, gate: next }, (each) => each === who || each.moderator);
}

function assign(room: FakeRoom, who: FakeParticipant, identity: string, breakout: Json): void {
  for (const other of room.breakouts.values()) {
    other['assignedIdentities'] = other['assignedIdentities'].filter((each: string) => each !== identity);
  }
  breakout['assignedIdentities'].push(identity);
  const person = [...room.participants.values()].find((each) => each.identity === identity);
  if (person) person.assigned = breakout['id'];
  const payload = { participantId: person?.id, breakout: room.showBreakout(breakout) };
  room.emit('assignmentChanged', payload, (each) => each === person);
  updated(room, breakout);
  if (person && breakout['autoMove'] && breakout['state'] === 'BREAKOUT_STATE_OPEN') {
    room.move(person, breakout['id'], 'AUTO_MOVED', who.id);
  }
}

function open(room: FakeRoom, who: FakeParticipant, breakout: Json): Json {
  breakout['state'] = 'BREAKOUT_STATE_OPEN';
  const shown = updated(room, breakout);
  if (breakout['autoMove']) {
    for (const person of room.participants.values()) {
      if (person.assigned === breakout['id'] && person.groupId === 'parent') room.move(person, breakout['id'], 'AUTO_MOVED', who.id);
    }
  }
  return shown;
}
