/**
 * A small stand-in for the server's room, for tests without a server. It speaks the gateway's JSON and
 * keeps the rules that clients can see, but is no reference for these rules.
 */
import { updated, COMMANDS } from './commands.ts';
import { addresses, forecast, intercomOf, keepForLater, keepPresence, knockOf, type FakeSchedule } from './presence.ts';
import { summaryOf } from './plans.ts';
import { FLAG, KINDS, Refused, kindOf, showTrack, type FakeParticipant, type Json } from './words.ts';


export class FakeRoom {
  readonly participants = new Map<string, FakeParticipant>();
  readonly breakouts = new Map<string, Json>();
  readonly answers = new Map<string, Json>();
  readonly log: { seq: number; audience: (who: FakeParticipant) => boolean; event: Json }[] = [];
  readonly moves: Json[] = [];
  /** Knocks that wait, by breakout and participant. */
  readonly knocks = new Map<string, Json>();
  readonly schedules = new Map<number, FakeSchedule>();
  readonly arrangements = new Map<string, Json[]>();
  rotation: Json | undefined;
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
      creates: moderator,
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
      intercom: undefined,
      replyingTo: '',
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
    keepPresence(this);
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
    if (body['dryRun'] && method === 'BreakoutService/StartRotation') return run(this, who, body) as Json;
    if (body['dryRun']) return { answer: { dryRun: forecast(this, method) } };
    this.#cause = { id: requestId, who };
    try {
      if (body['atMs'] && !method.endsWith('Schedule')) return { answer: { schedule: keepForLater(this, who, method, body) } };
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

  /** Carries out the scheduled commands, as if their time had come. */
  runSchedules(): void {
    for (const [id, { shown, by, method, body }] of [...this.schedules]) {
      this.schedules.delete(id);
      const audience = (each: FakeParticipant): boolean => each.moderator || shown['public'];
      try {
        COMMANDS[method]?.(this, by, body);
        this.emit('scheduleChanged', { schedule: shown, done: true }, audience);
      } catch (error) {
        this.emit('scheduleFailed', { schedule: shown, reason: (error as Refused).reason, message: String((error as Error).message) }, audience);
      }
    }
    this.route();
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

  /** A participant, as `viewer` may see them. */
  show(who: FakeParticipant, viewer: FakeParticipant): Json {
    const near = viewer.moderator || this.near(who.groupId)(viewer);
    const seen = near || who.groupId === 'parent';
    return {
      id: who.id,
      identity: who.identity,
      displayName: who.displayName,
      role: who.moderator ? 'ROLE_MODERATOR' : 'ROLE_PARTICIPANT',
      grants: { publish: KINDS.map((kind) => `TRACK_KIND_${kind}`), createBreakouts: who.creates, moveOthers: who.moderator, listenIn: who.moderator, addressAll: who.moderator, createSideRooms: who.creates },
      groupId: near ? who.groupId : 'parent',
      away: who.groupId !== 'parent',
      tracks: seen ? who.tracks.filter((track) => track['published']).map(showTrack) : [],
      connection: who.connected ? 'CONNECTION_CONNECTED' : 'CONNECTION_LOST',
    };
  }

  showBreakout(breakout: Json): Json {
    const memberIds = [...this.participants.values()].filter(({ groupId }) => groupId === breakout['id']).map(({ id }) => id);
    const { inviteeIds, requestors: _, ...shown } = structuredClone(breakout);
    const invitedIdentities = (inviteeIds as string[]).map((id) => this.participants.get(id)?.identity);
    return { ...shown, invitedIdentities, memberIds, occupancy: memberIds.length, detail: 'BREAKOUT_DETAIL_FULL' };
  }

  /** The view of a breakout for people who may choose it or are invited. */
  summary(breakout: Json): Json {
    const { ownerId: _, memberIds: __, invitedIdentities: ___, assignedIdentities: ____, ...shown } = this.showBreakout(breakout);
    return { ...shown, detail: 'BREAKOUT_DETAIL_SUMMARY' };
  }

  /** A breakout as those inside see it. */
  inside(breakout: Json): Json {
    const { invitedIdentities: _, assignedIdentities: __, ...shown } = this.showBreakout(breakout);
    return { ...shown, detail: 'BREAKOUT_DETAIL_INSIDE' };
  }

  /** The members of a group, as others near them see them. */
  peopleIn(groupId: string): Json[] {
    const people = [...this.participants.values()].filter((each) => each.groupId === groupId);
    return people.map((each) => this.neighbour(each));
  }

  neighbour(who: FakeParticipant): Json {
    const { grants: _, ...shown } = this.show(who, who);
    return shown;
  }

  listeners(groupId: string): string[] {
    return [...this.participants.values()].filter(({ listening }) => listening === groupId).map(({ id }) => id);
  }

  /** Inside a group, or listening in on it. */
  near(groupId: string): (each: FakeParticipant) => boolean {
    return (each) => each.groupId === groupId || each.listening === groupId;
  }

  /** An invitation waits for no answer any more. */
  endInvitation(breakout: Json, who: FakeParticipant, end: string): void {
    if (!breakout['inviteeIds'].includes(who.id)) return;
    breakout['inviteeIds'] = breakout['inviteeIds'].filter((id: string) => id !== who.id);
    const concerned = (each: FakeParticipant): boolean => each === who || each.moderator || each.id === breakout['ownerId'];
    this.emit('invitationEnded', { participantId: who.id, breakoutId: breakout['id'], end: `INVITATION_END_${end}` }, concerned);
  }

  snapshot(viewer: FakeParticipant): Json {
    const all = [...this.breakouts.values()];
    const mine = all.filter((breakout) => viewer.moderator || viewer.groupId === breakout['id'] || breakout['ownerId'] === viewer.id);
    const assigned = all.find((breakout) => breakout['id'] === viewer.assigned);
    const people = [...this.participants.values()];
    const asked = all.filter((breakout) => breakout['inviteeIds'].includes(viewer.id));
    return {
      name: this.name,
      settings: structuredClone(this.settings),
      roomGate: this.gate,
      parentGate: viewer.gate,
      participants: people.map((each) => this.show(each, viewer)),
      breakouts: mine.map((breakout) => (viewer.moderator || breakout['ownerId'] === viewer.id ? this.showBreakout(breakout) : this.inside(breakout))),
      selectable: all.filter((breakout) => breakout['selfSelect']).map((breakout) => this.summary(breakout)),
      ...(assigned && { assigned: this.summary(assigned) }),
      invitations: asked.map((breakout) => this.summary(breakout)),
      pendingInvitations: asked.map((breakout) => ({ breakout: this.summary(breakout), requestor: breakout['requestors'][viewer.id] })),
      listening: people.filter(({ id, listening }) => listening && (viewer.moderator || viewer.id === id || viewer.groupId === listening)).map(({ id, listening }) => ({ participantId: id, groupId: listening })),
      addressing: people.filter(({ addressing }) => addressing.length).map(({ id, addressing }) => ({ participantId: id, kinds: addressing })),
      intercoms: people.flatMap((each) => (each.intercom && (viewer.moderator || each === viewer || addresses(each.intercom, viewer)) ? [intercomOf(this, each)] : [])),
      knocks: [...this.knocks.values()].filter((knock) => viewer.moderator || knock['participantId'] === viewer.id || knock['breakoutId'] === viewer.groupId).map(knockOf),
      schedules: [...this.schedules.values()].filter(({ shown }) => viewer.moderator || shown['public']).map(({ shown }) => shown),
      rotation: this.rotation && (viewer.moderator ? structuredClone(this.rotation) : { ...this.rotation, ahead: [], repeats: 0, seed: '0' }),
      arrangements: viewer.moderator ? [...this.arrangements].map(([name, rooms]) => summaryOf(name, rooms)) : [],
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
      door: definition['door'] ?? 'DOOR_OPEN',
      autoMove: definition['autoMove'] ?? false,
      selfSelect: definition['selfSelect'] ?? this.settings['breakouts'].selfSelect ?? false,
      inviteeIds: [],
      requestors: {},
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
    keepPresence(this, who, from);
    const breakout = this.breakouts.get(to);
    if (breakout) for (const each of this.breakouts.values()) this.endInvitation(each, who, each === breakout ? 'ACCEPTED' : 'EXPIRED');
    const move = { participantId: who.id, fromGroupId: from, toGroupId: to, reason: `MOVE_REASON_${reason}`, by };
    this.moves.push({ participantId: who.id, identity: who.identity, groupId: to, fromMs: String(Date.now()), reason: move.reason, by });
    const shown = breakout && { breakout: this.inside(breakout) };
    this.emit('participantMoved', { ...move, ...shown, gate: who.gate }, (each) => each === who || each.moderator);
    if (from !== 'parent') this.emit('membersChanged', { breakoutId: from, leftIds: [who.id] }, this.near(from));
    if (to !== 'parent') this.emit('membersChanged', { breakoutId: to, joinedIds: [who.id], people: this.peopleIn(to), listenerIds: this.listeners(to) }, this.near(to));
    if (from === 'parent') this.emit('awayChanged', { awayIds: [who.id] });
    if (to === 'parent') this.emit('awayChanged', { backIds: [who.id], people: [this.neighbour(who)] });
    for (const id of [from, to]) if (this.breakouts.has(id)) updated(this, this.breakouts.get(id) as Json);
    if (gateBefore !== JSON.stringify(who.gate)) this.emit('parentGateChanged', { participantId: who.id, gate: who.gate }, (each) => each === who || each.moderator);
  }

  /** Those who may know the tracks of a participant. */
  nearby(who: FakeParticipant): (each: FakeParticipant) => boolean {
    const near = this.near(who.groupId);
    return (each) => each.moderator || who.groupId === 'parent' || near(each);
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
    const addressed = speaker.addressing.includes(track['kind']) || this.#speaksTo(speaker, listener, track['kind']);
    if (!addressed && speaker.intercom?.['suspendOwnGroup'] && speaker.intercom['kinds'].includes(track['kind'])) return '';
    if (!track['groupId'] && !addressed) return '';
    if (track['groupId'] === listener.groupId || addressed || listener.listening === track['groupId']) return muted ? 'shut' : 'open';
    if (track['groupId'] !== 'parent') return '';
    const gate = [listener.gate, this.gate];
    const audio = track['kind'] === 'TRACK_KIND_AUDIO';
    return muted || gate.some((each) => each['paused'] || (audio ? each['audioMuted'] : each['videoMuted'])) ? 'shut' : 'open';
  }

  /** By intercom, or as an answer to one. */
  #speaksTo(speaker: FakeParticipant, listener: FakeParticipant, kind: string): boolean {
    if (speaker.intercom?.['kinds'].includes(kind) && addresses(speaker.intercom, listener)) return true;
    const asked = this.participants.get(speaker.replyingTo);
    if (!asked?.intercom?.['kinds'].includes(kind)) return false;
    return listener === asked || addresses(asked.intercom, listener);
  }

  /** Assigns sources to everybody's slots, and sends the changes. */
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
