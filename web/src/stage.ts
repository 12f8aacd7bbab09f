/** The tiles: who is in the own group, what they show, and who speaks. */
import type { Participant, Room, TrackKind } from '@sideroom/client';
import { isAllowed } from './bar.js';
import { fill, h, hueOf, icon, iconButton, initials } from './dom.js';
import type { OthersQuality } from './quality.js';

const WISH_MS = 600;

interface Tile {
  element: HTMLElement;
  update(): void;
}

/** Shows everybody of the own group, whoever addresses all, and what is shared. */
export class Stage {
  readonly #shares = h('div', { class: 'shares' });
  readonly #people = h('div', { class: 'people-tiles' });
  readonly element = h('div', { class: 'tiles', role: 'group', 'aria-label': 'People and what they share' }, this.#shares, this.#people);
  readonly #tiles = new Map<string, Tile>();
  #pinned = '';
  #wished = '';
  #wishing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly room: Room,
    private readonly quality: OthersQuality,
    /** Pictures that are shown elsewhere on the page. */
    private readonly elsewhere: () => readonly HTMLVideoElement[] = () => [],
  ) {}

  /** Brings the tiles up to date. */
  update(): void {
    const wanted = new Map<string, [Participant, TrackKind]>();
    for (const participant of this.#present()) {
      for (const kind of ['screen', 'canvas'] as const) {
        if (participant.receives(kind)) wanted.set(`${kind} ${participant.id}`, [participant, kind]);
      }
    }
    const sharing = wanted.size > 0;
    for (const participant of this.#present()) wanted.set(`camera ${participant.id}`, [participant, 'camera']);
    for (const key of [...this.#tiles.keys()]) if (!wanted.has(key)) this.#tiles.delete(key);
    for (const [key, [participant, kind]] of wanted) {
      if (!this.#tiles.has(key)) this.#tiles.set(key, kind === 'camera' ? this.#personTile(participant) : this.#shareTile(participant, kind as 'screen' | 'canvas'));
    }
    const tilesOf = (camera: boolean): Tile[] =>
      [...wanted].filter(([, [, kind]]) => (kind === 'camera') === camera).map(([key]) => this.#tiles.get(key) as Tile);
    const [people, shares] = [tilesOf(true), tilesOf(false)];
    for (const tile of [...people, ...shares]) tile.update();
    this.element.classList.toggle('sharing', sharing);
    this.#people.style.gridTemplateColumns = sharing ? '' : `repeat(${columnsFor(people.length)}, minmax(0, 1fr))`;
    fill(this.#people, ...people.map((tile) => tile.element));
    fill(this.#shares, ...shares.map((tile) => tile.element));
    this.#wishing ??= setTimeout(() => this.#wish(), WISH_MS);
  }

  /** Tells the server how large the pictures are shown, so that it sends no more than that. */
  #wish(): void {
    this.#wishing = undefined;
    const videos = [...this.element.querySelectorAll<HTMLVideoElement>('video[data-participant]')].filter((video) => video.checkVisibility());
    const views = [...videos, ...this.elsewhere()].flatMap((video) => {
      const { participant: participantId = '', kind } = video.dataset;
      if (participantId === this.room.me.id || !this.room.participants.has(participantId)) return [];
      const lines = Math.ceil((video.closest('figure')?.clientHeight ?? 0) * devicePixelRatio);
      const maxHeight = [180, 360, 720].find((height) => lines <= height * 1.2) ?? 0;
      return [{ participantId, kind: kind as TrackKind, maxHeight, pinned: `${kind} ${participantId}` === this.#pinned }];
    });
    const wish = JSON.stringify(views);
    if (wish === this.#wished || this.room.phase.name !== 'connected') return;
    this.#wished = wish;
    this.room.setViews(views).catch(() => (this.#wished = ''));
  }

  /** Pins a picture: it is shown even when there are more pictures than slots. */
  #pin(key: string): void {
    this.#pinned = this.#pinned === key ? '' : key;
    this.update();
  }

  #present(): Participant[] {
    const { me, intercoms } = this.room;
    const near = [...intercoms.heard, ...(intercoms.mine ? [intercoms.mine] : [])];
    const spoken = new Set(near.flatMap(({ participantId, replyingIds }) => [participantId, ...replyingIds]));
    const others = [...this.room.participants.values()].filter(
      (participant) =>
        participant !== me &&
        (participant.groupId === me.groupId ||
          participant.addressingAll.length > 0 ||
          spoken.has(participant.id) ||
          participant.groupId === me.listeningInGroupId ||
          (me.isAway && participant.groupId === 'parent' && (participant.receives('audio') || participant.receives('camera')))),
    );
    return [...others, me];
  }

  #personTile(participant: Participant): Tile {
    const video = videoOf(participant, 'camera');
    const name = h('span', { class: 'cut' });
    const bars = h('span', { class: 'bars', role: 'img', hidden: true }, h('i'), h('i'), h('i'));
    const state = h('span', { class: 'row tight' });
    const where = h('span', { class: 'pill corner cut', hidden: true });
    const avatar = h('div', { class: 'avatar', 'aria-hidden': 'true' }, initials(participant.name));
    avatar.style.setProperty('--hue', String(hueOf(participant.identity)));
    const pin = iconButton('pin', `Pin ${participant.name}`, () => this.#pin(`camera ${participant.id}`), { class: 'icon-button pin' });
    const element = h('figure', { class: 'tile' }, avatar, video, where, h('figcaption', {}, state, name, bars), participant.isMe ? null : pin);
    const update = (): void => {
      const { room } = this;
      const own = participant.isMe ? room.local.track('camera') : undefined;
      if (participant.isMe) playOwn(video, own);
      const seen = participant.isMe ? Boolean(own) && !room.local.isMuted('camera') && isAllowed(room, 'camera') : participant.receives('camera');
      video.hidden = !seen;
      const pinned = this.#pinned === `camera ${participant.id}`;
      pin.setAttribute('aria-pressed', String(pinned));
      pin.hidden = !seen && !pinned;
      element.classList.toggle('me', participant.isMe);
      element.classList.toggle('speaking', participant.isSpeaking);
      element.classList.toggle('lost', !participant.isConnected);
      name.textContent = participant.name + (participant.isMe ? ' (you)' : '') + (participant.isConnected ? '' : ', reconnecting');
      name.title = name.textContent;
      this.#showQuality(bars, participant);
      fill(state, participant.isLive('audio') ? null : icon('mic', true), participant.addressingAll.length ? icon('megaphone') : null);
      state.hidden = state.childNodes.length === 0;
      where.hidden = participant.groupId === room.me.groupId;
      where.textContent = room.groupName(participant.groupId);
      element.setAttribute('aria-label', `${name.textContent}${participant.isSpeaking ? ', speaking' : ''}`);
    };
    return { element, update };
  }

  /** How well somebody arrives: always known to the title, and a sign for as long as something is received. */
  #showQuality(bars: HTMLElement, participant: Participant): void {
    const quality = participant.isMe ? undefined : this.quality.of(participant);
    bars.hidden = !quality;
    if (!quality || bars.dataset['quality'] === quality) return;
    bars.dataset['quality'] = quality;
    bars.title = `Connection of ${participant.name}: ${quality}`;
    bars.setAttribute('aria-label', bars.title);
  }

  #shareTile(participant: Participant, kind: 'screen' | 'canvas'): Tile {
    const what = kind === 'screen' ? 'screen' : 'whiteboard';
    const text = `${participant.name}: ${what}`;
    const caption = h('span', { class: 'cut', title: text }, text);
    const element = h('figure', { class: 'tile share' }, videoOf(participant, kind), h('figcaption', {}, icon(kind === 'screen' ? 'screen' : 'pen'), caption));
    return { element, update: () => {} };
  }
}

function videoOf(participant: Participant, kind: TrackKind): HTMLVideoElement {
  const video = h('video', { autoplay: true, playsInline: true, muted: true, 'data-participant': participant.id, 'data-kind': kind });
  video.srcObject = participant.isMe ? null : participant.stream(kind);
  return video;
}

function playOwn(video: HTMLVideoElement, track: MediaStreamTrack | undefined): void {
  const playing = (video.srcObject as MediaStream | null)?.getTracks()[0];
  if (playing !== track) video.srcObject = track ? new MediaStream([track]) : null;
}

function columnsFor(count: number): number {
  const portrait = innerWidth < innerHeight;
  if (count <= 1) return 1;
  if (count === 2) return portrait ? 1 : 2;
  if (count <= 4) return 2;
  if (count <= 9) return portrait ? 2 : 3;
  return portrait ? 3 : Math.ceil(Math.sqrt(count * 1.4));
}
