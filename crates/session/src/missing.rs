//! The missing packets of one stream, and when to send NACKs for them.

use std::time::Duration;

use sideroom_route::Time;

/// The most packets of a stream to wait for. Retransmissions don't mend a longer gap: a keyframe does.
const MAX_MISSING: usize = 256;
/// How often a packet is asked for.
const MAX_REQUESTS: u8 = 8;
/// The most that one request asks for, so that it fits in a datagram with others.
const MAX_AT_ONCE: usize = 64;
/// Packets that merely overtook each other need no request.
const REORDERING: Duration = Duration::from_millis(5);
/// Between two requests lies a round trip, but never less or more than this.
const MIN_WAIT: Duration = Duration::from_millis(20);
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Afterwards no receiver's jitter buffer waits for a packet any more.
const GIVE_UP: Duration = Duration::from_millis(1_500);

#[derive(Clone, Copy, Debug)]
struct Lost {
    sequence: u64,
    since: Time,
    /// When it was asked for last.
    asked_at: Time,
    ask_at: Time,
    asked: u8,
}

/// The kind of a late packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LatePacket {
    /// Not waited for.
    Unknown,
    Awaited,
    /// Requested this long ago, and only once: after two requests it is unknown which of them is answered
    /// (Karn's algorithm, RFC 6298 section 3).
    Asked(Duration),
}

/// The packets that a stream still lacks, in ascending order.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    lost: Vec<Lost>,
    /// The earliest `ask_at`, if there is one.
    due: Option<Time>,
}

impl Missing {
    /// The stream went on from `after` to `sequence`. False if too many lie between: then nothing is
    /// waited for any more.
    pub(crate) fn skip(&mut self, now: Time, after: u64, sequence: u64) -> bool {
        let gap = sequence.saturating_sub(after).saturating_sub(1) as usize;
        if gap == 0 {
            return true;
        }
        if gap + self.lost.len() > MAX_MISSING {
            self.lost.clear();
            self.due = None;
            return false;
        }
        let ask_at = now + REORDERING;
        self.lost.extend((after + 1..sequence).map(|sequence| Lost {
            sequence,
            since: now,
            asked_at: now,
            ask_at,
            asked: 0,
        }));
        self.due = Some(self.due.map_or(ask_at, |due| due.min(ask_at)));
        true
    }

    /// A packet came late after all.
    #[inline]
    pub(crate) fn found(&mut self, now: Time, sequence: u64) -> LatePacket {
        let place = self
            .lost
            .binary_search_by_key(&sequence, |lost| lost.sequence);
        let Ok(place) = place else {
            return LatePacket::Unknown;
        };
        let lost = self.lost.remove(place);
        self.set_due();
        match lost.asked {
            1 => LatePacket::Asked(now.since(lost.asked_at)),
            _ => LatePacket::Awaited,
        }
    }

    /// When something has to be asked for.
    #[inline]
    pub(crate) fn due(&self) -> Time {
        self.due.unwrap_or(Time::NEVER)
    }

    /// Puts the packets to request now into `ask`, and gives up on those that are too old.
    pub(crate) fn poll(&mut self, now: Time, round_trip: Duration, ask: &mut Vec<u16>) {
        let given_up = |lost: &Lost| lost.asked >= MAX_REQUESTS || now.since(lost.since) > GIVE_UP;
        self.lost
            .retain(|lost| lost.ask_at > now || !given_up(lost));
        let due = self.lost.iter_mut().filter(|lost| lost.ask_at <= now);
        for lost in due.take(MAX_AT_ONCE) {
            ask.push(lost.sequence as u16);
            // A path that loses requests is not helped by more and more of them.
            let wait = round_trip.clamp(MIN_WAIT, MAX_WAIT);
            lost.ask_at = now + wait + wait.mul_f32(f32::from(lost.asked) * 0.5);
            lost.asked_at = now;
            lost.asked += 1;
        }
        self.set_due();
    }

    fn set_due(&mut self) {
        self.due = self.lost.iter().map(|lost| lost.ask_at).min();
        if self.lost.is_empty() {
            self.lost = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(100);

    fn asked(missing: &mut Missing, millis: u64) -> Vec<u16> {
        let mut ask = Vec::new();
        missing.poll(Time::from_millis(millis), ROUND_TRIP, &mut ask);
        ask
    }

    #[test]
    fn a_gap_is_asked_for_again_with_growing_pauses_and_then_given_up() {
        let mut missing = Missing::default();
        assert!(missing.skip(Time::ZERO, 65_534, 65_538));
        assert_eq!(
            asked(&mut missing, 4),
            [] as [u16; 0],
            "it may just be late"
        );
        let mut times = Vec::new();
        for millis in 0..5_000 {
            let ask = asked(&mut missing, millis);
            if !ask.is_empty() {
                assert_eq!(ask, [65_535, 0, 1]);
                times.push(millis);
            }
        }
        assert_eq!(times, [5, 105, 255, 455, 705, 1_005, 1_355]);
        assert_eq!(missing.due(), Time::NEVER);
    }

    #[test]
    fn what_came_is_not_asked_for() {
        let mut missing = Missing::default();
        assert!(missing.skip(Time::ZERO, 10, 14));
        missing.found(Time::ZERO, 12);
        assert_eq!(asked(&mut missing, 5), [11, 13]);
        assert_eq!(
            missing.found(Time::from_millis(45), 11),
            LatePacket::Asked(Duration::from_millis(40))
        );
        assert_eq!(asked(&mut missing, 105), [13]);
        let twice = missing.found(Time::from_millis(145), 13);
        assert_eq!(twice, LatePacket::Awaited, "which request was answered?");
        assert_eq!(missing.found(Time::ZERO, 13), LatePacket::Unknown);
        assert_eq!(missing.due(), Time::NEVER);
    }

    #[test]
    fn a_long_gap_is_no_loss_to_be_mended() {
        let mut missing = Missing::default();
        assert!(missing.skip(Time::ZERO, 0, 250));
        assert!(!missing.skip(Time::ZERO, 250, 300));
        assert_eq!(missing.due(), Time::NEVER);
        assert!(!missing.skip(Time::ZERO, 300, u64::MAX));
    }

    #[test]
    fn one_request_asks_for_what_fits() {
        let mut missing = Missing::default();
        assert!(missing.skip(Time::ZERO, 0, 201));
        let counts: Vec<_> = (0..4).map(|_| asked(&mut missing, 5).len()).collect();
        assert_eq!(counts, [64, 64, 64, 8]);
    }

    proptest! {
        /// However packets are lost, delayed or repeated: a packet is requested only while it is missing and
        /// a limited number of times, and each that stays away for long enough is requested.
        #[test]
        fn only_what_is_missing_is_asked_for(
            steps in prop::collection::vec((0..4_u64, any::<bool>(), 0..30_u64), 1..80),
        ) {
            let mut missing = Missing::default();
            let (mut now, mut highest) = (0, 1_000_u64);
            let mut lost: BTreeMap<u64, (u64, u8)> = BTreeMap::new();
            for (gap, late, pause) in steps {
                now += pause;
                let time = Time::from_millis(now);
                if late && let Some((&sequence, _)) = lost.iter().next() {
                    missing.found(time, sequence);
                    lost.remove(&sequence);
                } else {
                    let next = highest + gap + 1;
                    prop_assert!(missing.skip(time, highest, next));
                    lost.extend((highest + 1..next).map(|sequence| (sequence, (now, 0))));
                    highest = next;
                }
                lost.retain(|_, (since, asked)| {
                    // Packets this old may have been given up already, and are no part of the claim.
                    now - *since < 1_000 || *asked > 0
                });
                let mut ask = Vec::new();
                missing.poll(time, ROUND_TRIP, &mut ask);
                for sequence in ask {
                    let known = lost.get_mut(&u64::from(sequence));
                    let Some((_, asked)) = known else {
                        return Err(TestCaseError::fail(format!("{sequence} is not missing")));
                    };
                    *asked += 1;
                    prop_assert!(*asked <= MAX_REQUESTS);
                }
                for (sequence, (since, asked)) in &lost {
                    let must = now - since >= 5 && now - since < 1_000;
                    prop_assert!(!must || *asked > 0, "{sequence} was not asked for");
                }
            }
        }
    }
}
