//! Packets that the clients of one thread sent and received in one part of a run.

use std::time::Duration;

use super::histogram::Histogram;
use super::path::PathCounts;

/// The most leaks that are described in words.
const EXAMPLES: usize = 10;

/// Counters of one part of a run. A received packet counts for the part in which it was sent.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Media packets that the kernel took, or would have if it had not dropped them.
    pub sent: u64,
    /// Bursts that left more than [`super::swarm_messages::LATE`] after they were due.
    pub late: u64,
    /// Bursts in all.
    pub bursts: u64,
    /// Packets that this tool failed to send.
    pub own_drops: u64,
    /// Media packets received, authenticated, and seen for the first time.
    pub received: u64,
    /// Bytes of the received packets, without UDP and IP.
    pub received_bytes: u64,
    /// Audio packets among the received.
    pub received_audio: u64,
    /// Gaps in the sequence numbers that receivers saw, in packets; those that were filled later are not
    /// counted.
    pub missing: i64,
    /// Packets that the replay window had seen.
    pub duplicates: u64,
    /// Packets that failed authentication or could not be parsed.
    pub unreadable: u64,
    /// Packets without a tag: padding, probes.
    pub untagged: u64,
    /// Packets that came from a group that the receiver is not in and may not hear.
    pub leaks: u64,
    /// Packets that left shortly before a move of the publisher and arrived in the new group.
    pub carried: u64,
    /// Packets of the old group that came after the answer to a move.
    pub after_answer: u64,
    /// The first leaks in words.
    pub examples: Vec<String>,
    /// The greatest time, in milliseconds, between the sending of a carried packet and its publisher's move.
    pub carried_oldest_ms: u64,
    /// Time from sending a packet to examining it.
    pub delay: Histogram,
    /// From sending to the moment when the kernel had it for the receiver: through the server.
    pub served: Histogram,
    /// From that moment to looking at it: this tool's own part.
    pub waited: Histogram,
    /// Counters of the clients' networks.
    pub path: PathCounts,
}

impl Counts {
    /// Adds another thread's counts.
    pub fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        self.late += other.late;
        self.bursts += other.bursts;
        self.own_drops += other.own_drops;
        self.received += other.received;
        self.received_bytes += other.received_bytes;
        self.received_audio += other.received_audio;
        self.missing += other.missing;
        self.duplicates += other.duplicates;
        self.unreadable += other.unreadable;
        self.untagged += other.untagged;
        self.leaks += other.leaks;
        self.carried += other.carried;
        self.after_answer += other.after_answer;
        self.examples.extend(other.examples.iter().cloned());
        self.examples.truncate(EXAMPLES);
        self.carried_oldest_ms = self.carried_oldest_ms.max(other.carried_oldest_ms);
        self.delay.merge(&other.delay);
        self.served.merge(&other.served);
        self.waited.merge(&other.waited);
        self.path.merge(&other.path);
    }

    /// Counts a carried packet that was sent `age_ms` before the move.
    pub fn carry(&mut self, age_ms: u64) {
        self.carried += 1;
        self.carried_oldest_ms = self.carried_oldest_ms.max(age_ms);
    }

    /// Notes how long a packet was under way, and how long it lay with us of that.
    pub fn note_delay(&mut self, total: Duration, waited: Option<Duration>) {
        self.delay.record(total);
        if let Some(waited) = waited {
            self.waited.record(waited);
            self.served.record(total.saturating_sub(waited));
        }
    }

    /// Counts a leak and describes it if it is one of the first.
    pub fn leak(&mut self, describe: impl FnOnce() -> String) {
        self.leaks += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(describe());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_the_servers_part_and_our_own() {
        let ms = Duration::from_millis;
        let mut counts = Counts::default();
        counts.note_delay(ms(10), Some(ms(4)));
        counts.note_delay(ms(10), None);
        let mut all = Counts::default();
        all.merge(&counts);
        let told = |histogram: &Histogram| {
            let percentiles = histogram.percentiles();
            (percentiles.count, percentiles.max_ms.round() as u64)
        };
        assert_eq!(told(&all.delay), (2, 10));
        assert_eq!(told(&all.served), (1, 6));
        assert_eq!(told(&all.waited), (1, 4));
    }
}
