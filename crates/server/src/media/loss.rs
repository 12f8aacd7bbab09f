//! Decides whether a subscriber loses so many packets that redundant audio (RFC 2198) is worth its rate. With
//! it a sound is lost only if two packets in a row are; a retransmission would come too late for most.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_session::TransportFeedback;

/// Least duration of a window, which also has `MIN_PACKETS`: half a second of one voice.
const WINDOW: Duration = Duration::from_millis(400);
const MIN_PACKETS: u32 = 20;
/// Redundancy begins above this share of losses, and ends once it stays below the other for a while.
const BEGINS: f64 = 0.015;
const ENDS: f64 = 0.005;
const AFTER: Duration = Duration::from_secs(10);

/// The recent losses of a path.
#[derive(Debug)]
pub(super) struct PathLoss {
    window_began: Time,
    packets: u32,
    lost: u32,
    /// When more than next to nothing was lost last.
    lossy_at: Time,
    redundancy: bool,
}

impl PathLoss {
    pub(super) fn new(now: Time) -> Self {
        Self {
            window_began: now,
            packets: 0,
            lost: 0,
            lossy_at: now,
            redundancy: false,
        }
    }

    /// Redundant audio is of use.
    pub(super) fn wants_redundancy(&self) -> bool {
        self.redundancy
    }

    /// Handles a client's transport-wide feedback.
    pub(super) fn handle_feedback(&mut self, now: Time, feedback: &TransportFeedback) {
        for packet in &feedback.packets {
            self.packets += 1;
            self.lost += u32::from(packet.arrived.is_none());
        }
        if self.packets < MIN_PACKETS || now.since(self.window_began) < WINDOW {
            return;
        }
        let loss = f64::from(self.lost) / f64::from(self.packets);
        if loss > ENDS {
            self.lossy_at = now;
        }
        if loss > BEGINS {
            self.redundancy = true;
        } else if now.since(self.lossy_at) > AFTER {
            self.redundancy = false;
        }
        (self.packets, self.lost, self.window_began) = (0, 0, now);
    }
}

#[cfg(test)]
mod tests {
    use sideroom_session::SentPacket;

    use super::*;

    /// One report a tenth of a second, of ten packets each.
    fn run(loss: &mut PathLoss, from_ms: u64, reports: u64, lost_of_ten: u64) -> u64 {
        let mut now = from_ms;
        for _ in 0..reports {
            now += 100;
            let sent = Time::from_millis(now);
            let packets = (0..10).map(|sequence| SentPacket {
                sequence,
                size: 100,
                sent,
                arrived: (sequence >= lost_of_ten).then_some(0),
            });
            let packets = packets.collect();
            loss.handle_feedback(sent, &TransportFeedback { packets });
        }
        now
    }

    #[test]
    fn redundancy_begins_at_once_and_ends_when_nothing_was_lost_for_long() {
        let mut loss = PathLoss::new(Time::ZERO);
        let now = run(&mut loss, 0, 50, 0);
        assert!(!loss.wants_redundancy());
        let now = run(&mut loss, now, 5, 1);
        assert!(loss.wants_redundancy());
        let now = run(&mut loss, now, 90, 0);
        assert!(loss.wants_redundancy(), "nine seconds are not long");
        run(&mut loss, now, 30, 0);
        assert!(!loss.wants_redundancy());
    }
}
