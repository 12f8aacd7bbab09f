/**
 * How well the others arrive, for the sign on their tiles. The server keeps the gaps of a sender's path, so
 * what is missing from one person only is missing on their side.
 */
import type { Participant, Room } from '@sideroom/client';

/** One word for a sign. */
export type Quality = 'good' | 'fair' | 'poor';

interface Reading {
  packets: number;
  lost: number;
  samples: number;
  concealed: number;
  frozenS: number;
  atMs: number;
}

/** Fewer packets between two readings say nothing. */
const MIN_PACKETS = 15;

/** Reads what arrives of everybody, and says how well it does. */
export class OthersQuality {
  readonly #before = new Map<string, Reading>();
  #words = new Map<string, Quality>();

  constructor(private readonly room: Room) {}

  /** How well somebody arrives; undefined while nothing is received of them. */
  of(participant: Participant): Quality | undefined {
    return participant.isConnected ? this.#words.get(participant.id) : 'poor';
  }

  /** Takes the next reading. Says whether any word changed. */
  async measure(): Promise<boolean> {
    const report = await this.room.peer?.connection.getStats();
    const owners = this.#owners();
    const words = new Map<string, Quality>();
    for (const [, entry] of report ?? []) {
      const owner = entry.type === 'inbound-rtp' ? owners.get(String(entry.trackIdentifier)) : undefined;
      if (!owner) continue;
      const word = this.#judge(`${entry.trackIdentifier} ${owner}`, readingOf(entry));
      const known = words.get(owner);
      if (word) words.set(owner, known ? worse(known, word) : word);
    }
    const changed = [...words, ...this.#words].some(([id]) => words.get(id) !== this.#words.get(id));
    this.#words = words;
    return changed;
  }

  /** Maps received tracks to their publishers. */
  #owners(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const participant of this.room.participants.values()) {
      if (participant.isMe) continue;
      for (const kind of ['audio', 'camera'] as const) {
        for (const { id } of participant.stream(kind).getTracks()) owners.set(id, participant.id);
      }
    }
    return owners;
  }

  #judge(key: string, now: Reading): Quality | undefined {
    const before = this.#before.get(key);
    this.#before.set(key, now);
    if (!before) return undefined;
    const packets = now.packets - before.packets;
    const lost = Math.max(0, now.lost - before.lost);
    if (packets + lost < MIN_PACKETS) return undefined;
    const missing = lost / (packets + lost);
    const made = (now.concealed - before.concealed) / Math.max(1, now.samples - before.samples);
    const frozen = ((now.frozenS - before.frozenS) * 1000) / Math.max(1, now.atMs - before.atMs);
    return qualityOf(missing, made, frozen);
  }
}

/** From the shares of packets that were lost, of sound that was made up, and of time that the picture stood still. */
export function qualityOf(lost: number, concealed: number, frozen: number): Quality {
  if (lost > 0.1 || concealed > 0.1 || frozen > 0.25) return 'poor';
  return lost > 0.03 || concealed > 0.03 || frozen > 0.05 ? 'fair' : 'good';
}

const WORDS = ['good', 'fair', 'poor'] as const;
const worse = (one: Quality, other: Quality): Quality => (WORDS.indexOf(one) > WORDS.indexOf(other) ? one : other);

function readingOf(entry: Record<string, unknown>): Reading {
  const number = (field: string): number => Number(entry[field] ?? 0);
  return {
    packets: number('packetsReceived'),
    lost: number('packetsLost'),
    samples: number('totalSamplesReceived'),
    concealed: number('concealedSamples') - number('silentConcealedSamples'),
    frozenS: number('totalFreezesDuration'),
    atMs: number('timestamp'),
  };
}
