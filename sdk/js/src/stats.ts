/** The way that media takes: to the server itself, or through a relay that is reached by UDP, TCP or TLS. */
export type ConnectionPath = 'udp' | 'tcp' | 'relay-udp' | 'relay-tcp' | 'relay-tls';

/** A summary of the connection, over the time since the summary before. */
export interface StatsSummary {
  /** Round trip to the server, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** The rates of arriving and leaving media, in bits per second. */
  readonly receivingBps: number;
  readonly sendingBps: number;
  /** Lost of all packets that should have arrived, from 0 to 1. */
  readonly lossRatio: number;
  /** How much of the sound was made up because packets were missing, from 0 to 1. */
  readonly concealedRatio: number;
  /** How often a picture stood still since the connection began. */
  readonly freezes: number;
  /** The send rate that the server's estimate allows, in bits per second. */
  readonly availableBps: number | undefined;
  /** Why the camera is not sent in full, if it is not: `cpu` or `bandwidth`. */
  readonly limitedBy: string | undefined;
  /** The way that media takes; absent until it flows. */
  readonly path: ConnectionPath | undefined;
  /** One word for an icon. */
  readonly quality: 'good' | 'fair' | 'poor';
}

interface Totals {
  at: number;
  received: number;
  sent: number;
  packets: number;
  lost: number;
  samples: number;
  concealed: number;
}

/** @internal Turns two readings of `getStats` into one summary. */
export class StatsReader {
  #before: Totals = { at: 0, received: 0, sent: 0, packets: 0, lost: 0, samples: 0, concealed: 0 };

  /** Reads a report. The first summary covers everything since the connection began. */
  read(report: Iterable<[string, Record<string, unknown>]>): StatsSummary {
    const now: Totals = { at: 0, received: 0, sent: 0, packets: 0, lost: 0, samples: 0, concealed: 0 };
    let roundTrip: number | undefined;
    let available: number | undefined;
    let limitedBy: string | undefined;
    let freezes = 0;
    for (const [, entry] of report) {
      const number = (field: string): number => Number(entry[field] ?? 0);
      if (entry['type'] === 'candidate-pair' && (entry['nominated'] || entry['selected'])) {
        if (entry['currentRoundTripTime'] !== undefined) roundTrip = number('currentRoundTripTime') * 1000;
        if (entry['availableOutgoingBitrate'] !== undefined) available = number('availableOutgoingBitrate');
        now.at = Math.max(now.at, number('timestamp'));
      } else if (entry['type'] === 'inbound-rtp') {
        now.received += number('bytesReceived') + number('headerBytesReceived');
        now.packets += number('packetsReceived');
        now.lost += Math.max(0, number('packetsLost'));
        now.samples += number('totalSamplesReceived');
        now.concealed += number('concealedSamples') - number('silentConcealedSamples');
        freezes += number('freezeCount');
        now.at = Math.max(now.at, number('timestamp'));
      } else if (entry['type'] === 'outbound-rtp') {
        now.sent += number('bytesSent') + number('headerBytesSent');
        const reason = entry['qualityLimitationReason'];
        if (reason === 'cpu' || reason === 'bandwidth') limitedBy = reason;
        now.at = Math.max(now.at, number('timestamp'));
      }
    }
    const before = this.#before;
    this.#before = now;
    const seconds = before.at ? (now.at - before.at) / 1000 : 0;
    const lossRatio = ratio(now.lost - before.lost, now.packets - before.packets + now.lost - before.lost);
    const concealedRatio = ratio(now.concealed - before.concealed, now.samples - before.samples);
    return {
      roundTripMs: roundTrip,
      receivingBps: rate(now.received - before.received, seconds),
      sendingBps: rate(now.sent - before.sent, seconds),
      lossRatio,
      concealedRatio,
      freezes,
      availableBps: available,
      limitedBy,
      path: pathOf(report),
      quality: qualityOf(lossRatio, concealedRatio, roundTrip ?? 0),
    };
  }
}

/** By the pair that is in use: browsers name it in different ways, and keep the entries of others. */
function pathOf(report: Iterable<[string, Record<string, unknown>]>): ConnectionPath | undefined {
  const entries = new Map(report);
  let pair: Record<string, unknown> | undefined;
  for (const entry of entries.values()) {
    if (entry['type'] === 'transport') {
      const selected = entries.get(String(entry['selectedCandidatePairId']));
      if (selected) {
        pair = selected;
        break;
      }
    }
    if (entry['type'] === 'candidate-pair' && (entry['selected'] || (!pair && entry['nominated']))) pair = entry;
  }
  const local = entries.get(String(pair?.['localCandidateId']));
  if (!local) return undefined;
  const relay = local['relayProtocol'];
  if (local['candidateType'] === 'relay') return relay === 'tls' || relay === 'tcp' ? `relay-${relay}` : 'relay-udp';
  return local['protocol'] === 'tcp' ? 'tcp' : 'udp';
}

function rate(bytes: number, seconds: number): number {
  return seconds > 0 ? Math.max(0, Math.round((bytes * 8) / seconds)) : 0;
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}

function qualityOf(loss: number, concealed: number, roundTripMs: number): StatsSummary['quality'] {
  if (loss > 0.1 || concealed > 0.1 || roundTripMs > 500) return 'poor';
  return loss > 0.02 || concealed > 0.02 || roundTripMs > 250 ? 'fair' : 'good';
}
