//! Detects outages of a client's path that are so long that lost packets are useless. If all of them were
//! sent again, they would fill the path for as long as the outage lasted, and old pictures would play slowly
//! before new ones come.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_session::TransportFeedback;

/// An outage: no packet arrived for this long, and at least this many were lost. Chance alone loses few in a
/// row.
const LENGTH: Duration = Duration::from_millis(500);
const MIN_PACKETS: u32 = 10;

/// The packets in a row that were lost last.
#[derive(Debug, Default)]
pub(super) struct PathOutage {
    began: Time,
    packets: u32,
    /// The number that follows it.
    next: u64,
}

impl PathOutage {
    /// True if a report shows an outage with something behind it: the path is back.
    pub(super) fn handle_feedback(&mut self, feedback: &TransportFeedback) -> bool {
        let mut found = false;
        for packet in &feedback.packets {
            // Each arrival is reported once only: a number that is left out is no loss.
            if packet.sequence != self.next {
                self.packets = 0;
            }
            self.next = packet.sequence + 1;
            if packet.arrived.is_some() {
                found |= self.packets >= MIN_PACKETS && packet.sent.since(self.began) >= LENGTH;
                self.packets = 0;
                continue;
            }
            if self.packets == 0 {
                self.began = packet.sent;
            }
            self.packets += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use sideroom_session::SentPacket;

    use super::*;

    /// A packet every 10 ms; `lost` says which of them were.
    fn feedback(
        sequences: impl Iterator<Item = u64>,
        lost: impl Fn(u64) -> bool,
    ) -> TransportFeedback {
        let packets = sequences
            .map(|sequence| SentPacket {
                sequence,
                size: 100,
                sent: Time::from_millis(sequence * 10),
                arrived: (!lost(sequence)).then_some(0),
            })
            .collect();
        TransportFeedback { packets }
    }

    #[test]
    fn a_path_that_was_gone_shows_when_it_is_back_and_once() {
        let gone = |sequence| (100..300).contains(&sequence);
        let mut outage = PathOutage::default();
        assert!(!outage.handle_feedback(&feedback(0..100, gone)));
        assert!(
            !outage.handle_feedback(&feedback(100..250, gone)),
            "not back"
        );
        assert!(outage.handle_feedback(&feedback(250..310, gone)));
        assert!(!outage.handle_feedback(&feedback(310..320, gone)));
    }

    #[test]
    fn losses_between_arrivals_are_no_hole() {
        let mut outage = PathOutage::default();
        for from in (0..1_000).step_by(10) {
            let report = feedback(from..from + 10, |sequence| sequence % 20 != 0);
            assert!(!outage.handle_feedback(&report), "190 ms at most");
        }
    }

    #[test]
    fn a_report_that_leaves_out_what_was_told_before_is_no_hole() {
        let mut outage = PathOutage::default();
        let lost = |sequence| sequence % 4 == 0;
        assert!(!outage.handle_feedback(&feedback(0..200, lost)));
        // Reported again, because one of them came late: the others are reported lost, and none between.
        let again = feedback(
            (0..200).filter(|sequence| lost(*sequence)).chain(200..201),
            |sequence| sequence < 200,
        );
        assert!(!outage.handle_feedback(&again));
    }

    #[test]
    fn a_few_packets_of_a_slow_stream_are_no_hole() {
        let mut outage = PathOutage::default();
        let mut report = feedback(0..12, |sequence| (1..9).contains(&sequence));
        for packet in &mut report.packets {
            packet.sent = Time::from_millis(packet.sequence * 100);
        }
        assert!(!outage.handle_feedback(&report));
    }
}
