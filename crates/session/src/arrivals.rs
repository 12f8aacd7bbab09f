//! Arrival times of the client's packets, for transport-wide feedback to a publisher.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::SeqUnwrapper;
use sideroom_rtp::rtcp::write_transport_cc;

/// The longest run that one feedback tells of, so that it fits in a datagram whatever the times are; a
/// jump beyond it begins a new run.
const MAX_RUN: usize = 400;
/// Feedback is due this long after the first unreported packet, or earlier if there are many.
const INTERVAL: Duration = Duration::from_millis(100);
const SHORT_INTERVAL: Duration = Duration::from_millis(50);
const MANY: usize = 24;

/// The packets since the last feedback.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    unwrapper: SeqUnwrapper,
    /// The number of the first place in `run`. All packets before it are reported.
    base: u64,
    /// Arrival in microseconds.
    run: Vec<Option<i64>>,
    /// When the first packet of the run came.
    since: Option<Time>,
    received: usize,
    /// The feedback's own number.
    number: u8,
}

impl Arrivals {
    /// A packet came.
    #[inline]
    pub(crate) fn record(&mut self, now: Time, sequence: u16) {
        let begun = self.unwrapper.highest().is_some();
        let sequence = self.unwrapper.extend(sequence);
        if !begun {
            self.base = sequence;
        }
        // Already reported as lost, and stays so.
        let Some(place) = sequence.checked_sub(self.base) else {
            return;
        };
        let mut place = place as usize;
        if place >= MAX_RUN {
            // A jump, or the caller has not polled: the run begins anew.
            self.run.clear();
            self.received = 0;
            self.since = None;
            self.base = sequence;
            place = 0;
        }
        if self.run.len() <= place {
            self.run.resize(place + 1, None);
        }
        if let Some(arrival) = self.run.get_mut(place)
            && arrival.is_none()
        {
            *arrival = Some(now.as_micros() as i64);
            self.received += 1;
        }
        self.since.get_or_insert(now);
    }

    /// When feedback is due.
    #[inline]
    pub(crate) fn due(&self) -> Time {
        let interval = if self.received >= MANY {
            SHORT_INTERVAL
        } else {
            INTERVAL
        };
        self.since.map_or(Time::NEVER, |since| since + interval)
    }

    /// Appends a feedback on the packets so far, or on as many as one can tell of.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, ssrcs: (u32, u32)) -> bool {
        let told = write_transport_cc(out, ssrcs, self.number, self.base as u16, &self.run);
        if told == 0 {
            self.run.clear();
        } else {
            self.run.drain(..told.min(self.run.len()));
            self.number = self.number.wrapping_add(1);
        }
        self.base += told as u64;
        self.received = self.run.iter().flatten().count();
        if self.received == 0 {
            self.base += self.run.len() as u64;
            self.run.clear();
            self.since = None;
        }
        told > 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use sideroom_rtp::rtcp::{Packet, packets};

    use super::*;

    fn told(arrivals: &mut Arrivals) -> Vec<(u16, Option<i64>)> {
        let mut bytes = Vec::new();
        assert!(arrivals.write(&mut bytes, (1, 2)));
        match packets(&bytes).next() {
            Some(Ok(Packet::TransportCc(feedback))) => feedback.packets().collect(),
            other => panic!("not a transport-cc feedback: {other:?}"),
        }
    }

    #[test]
    fn each_packet_is_told_once_with_its_time() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.due(), Time::NEVER);
        for (sequence, millis) in [(65_534, 1_000), (65_535, 1_001), (1, 1_004), (2, 1_003)] {
            arrivals.record(Time::from_millis(millis), sequence);
        }
        assert_eq!(arrivals.due(), Time::from_millis(1_100));
        let expected = [
            (65_534, Some(1_000_000)),
            (65_535, Some(1_001_000)),
            (0, None),
            (1, Some(1_004_000)),
            (2, Some(1_003_000)),
        ];
        assert_eq!(told(&mut arrivals), expected);
        assert_eq!(arrivals.due(), Time::NEVER);
        arrivals.record(Time::from_millis(1_005), 1);
        arrivals.record(Time::from_millis(1_100), 4);
        assert_eq!(told(&mut arrivals), [(3, None), (4, Some(1_100_000))]);
    }

    #[test]
    fn many_packets_are_told_earlier_and_a_jump_begins_anew() {
        let mut arrivals = Arrivals::default();
        for sequence in 0..MANY as u16 {
            arrivals.record(Time::from_millis(10), sequence);
        }
        assert_eq!(arrivals.due(), Time::from_millis(60));
        arrivals.record(Time::from_millis(20), 20_000);
        assert_eq!(told(&mut arrivals), [(20_000, Some(20_000))]);
    }

    proptest! {
        /// Packets that are at most a little out of order are each reported once, with their time, and
        /// packets that never came are reported lost, however feedback and packets alternate.
        #[test]
        fn feedback_tells_what_happened(
            steps in prop::collection::vec((0..3_u16, 0..40_000_u64, any::<bool>()), 1..300),
        ) {
            let mut arrivals = Arrivals::default();
            let (mut now, mut sequence) = (1_000_000_u64, 65_400_u16);
            let mut came = BTreeMap::new();
            let mut told = BTreeMap::new();
            for (skip, pause, report) in steps {
                now += pause;
                sequence = sequence.wrapping_add(skip + 1);
                arrivals.record(Time::from_micros(now), sequence);
                came.insert(sequence, now as i64);
                if report {
                    take(&mut arrivals, &mut told);
                }
            }
            take(&mut arrivals, &mut told);
            prop_assert_eq!(arrivals.due(), Time::NEVER);
            for (sequence, at) in &told {
                match (at, came.get(sequence)) {
                    (Some(at), Some(came)) => prop_assert!((at - came).abs() <= 250),
                    (None, None) => {}
                    (at, came) => prop_assert!(false, "{sequence}: {at:?}, but {came:?}"),
                }
            }
            let arrived = told.values().flatten().count();
            prop_assert_eq!(arrived, came.len());
        }
    }

    /// Collects feedback until there is no more; nothing is reported twice.
    fn take(arrivals: &mut Arrivals, told: &mut BTreeMap<u16, Option<i64>>) {
        while arrivals.due() != Time::NEVER {
            let mut bytes = Vec::new();
            assert!(arrivals.write(&mut bytes, (1, 2)));
            assert!(bytes.len() < 1_100, "{} bytes", bytes.len());
            let Some(Ok(Packet::TransportCc(feedback))) = packets(&bytes).next() else {
                panic!("not a transport-cc feedback");
            };
            for (sequence, at) in feedback.packets() {
                assert_eq!(told.insert(sequence, at), None, "{sequence} is told twice");
            }
        }
    }
}
