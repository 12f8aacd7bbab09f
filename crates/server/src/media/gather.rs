//! How long a worker lets packets gather in its sockets before it looks at them again.
//!
//! A round costs more than the packet in it: two or three system calls, a wake, and a message to the kernel for each
//! subscriber. Packets of several talkers that are taken together leave together, and two of them to one subscriber
//! are one message. A worker that is busy never rests: its rounds take longer than these spans.

use std::time::Duration;

use sideroom_route::Time;

/// After a round without media: reports of several clients follow each other closely.
const AFTER_REPORTS: Duration = Duration::from_micros(500);
/// From the beginning of a round to that of the next, at a worker with many talkers.
const MANY_TALKERS: Duration = Duration::from_millis(2);
/// Bursts of media are counted for this long.
const COUNT_FOR: Duration = Duration::from_millis(200);
/// This many a second are those of many talkers. Three people with cameras send 240 to 300.
const MANY: u32 = 400;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// When the present round began.
    began: Time,
    /// Datagrams in it that are media, and others.
    media: u32,
    others: u32,
    /// The sender of the last media packet: what follows of the same one belongs to the same burst.
    last_sender: Option<u32>,
    /// Bursts since `counted_from`.
    bursts: u32,
    counted_from: Time,
    has_many: bool,
}

impl Gather {
    /// A round begins.
    pub(super) fn begin(&mut self, now: Time) {
        self.began = now;
        (self.media, self.others, self.last_sender) = (0, 0, None);
        let counted = now.since(self.counted_from);
        if counted >= COUNT_FOR {
            let seconds = counted.as_secs_f64();
            self.has_many = f64::from(self.bursts) >= f64::from(MANY) * seconds;
            (self.bursts, self.counted_from) = (0, now);
        }
    }

    /// A media packet of a sender came.
    #[inline]
    pub(super) fn note_media(&mut self, sender: u32) {
        self.media += 1;
        if self.last_sender != Some(sender) {
            self.last_sender = Some(sender);
            self.bursts += 1;
        }
    }

    /// Another datagram came.
    #[inline]
    pub(super) fn note_other(&mut self) {
        self.others += 1;
    }

    /// How long packets may gather from `now` on.
    pub(super) fn rest(&self, now: Time) -> Duration {
        let span = match (self.has_many, self.media, self.others) {
            (true, ..) => MANY_TALKERS,
            (false, 0, 1..) => AFTER_REPORTS,
            (false, ..) => Duration::ZERO,
        };
        (self.began + span).since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Time {
        Time::from_millis(60_000) + Duration::from_micros(us)
    }

    /// A worker with so many talkers, one packet of each every 20 ms, for a second.
    fn after_a_second(talkers: u32) -> Gather {
        let mut gather = Gather::default();
        let every = 20_000 / u64::from(talkers);
        for index in 0..50 * u64::from(talkers) {
            gather.begin(at(index * every));
            gather.note_media(index as u32 % talkers);
        }
        gather
    }

    #[test]
    fn packets_of_many_talkers_gather_and_those_of_a_few_do_not() {
        for (talkers, rest_us) in [(1, 0), (3, 0), (6, 0), (10, 2_000), (40, 2_000)] {
            let gather = after_a_second(talkers);
            let rest = gather.rest(gather.began);
            assert_eq!(rest, Duration::from_micros(rest_us), "{talkers}");
        }
    }

    #[test]
    fn a_frame_of_many_packets_is_one_burst() {
        let mut gather = Gather::default();
        for index in 0..30 {
            gather.begin(at(index * 33_000));
            (0..20).for_each(|_| gather.note_media(0));
        }
        assert_eq!(gather.rest(gather.began), Duration::ZERO);
    }

    #[test]
    fn reports_gather_for_a_moment_unless_the_round_took_longer() {
        let mut gather = Gather::default();
        gather.begin(at(0));
        assert_eq!(gather.rest(at(10)), Duration::ZERO, "nothing came");
        gather.note_other();
        assert_eq!(gather.rest(at(100)), Duration::from_micros(400));
        assert_eq!(gather.rest(at(700)), Duration::ZERO);
        gather.note_media(3);
        assert_eq!(gather.rest(at(100)), Duration::ZERO, "media follow media");
    }
}
