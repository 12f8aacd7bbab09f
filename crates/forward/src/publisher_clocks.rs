//! Offsets of the publishers' clocks.

use sideroom_route::ParticipantId;

use crate::ids::IdMap;

/// The offset of each publisher's wall clock from ours, in microseconds: the smallest difference seen, since the
/// fastest report is the most exact. All tracks of a publisher share one offset, so sound and picture stay
/// together in every slot, and reports of one slot never jump when another publisher's source comes in.
#[derive(Debug, Default)]
pub(crate) struct PublisherClocks(IdMap<ParticipantId, PublisherClock>);

#[derive(Debug, Default)]
struct PublisherClock {
    /// Ingresses of the publisher: the clock is forgotten with the last one.
    ingresses: u32,
    behind_us: Option<i64>,
}

impl PublisherClocks {
    /// The publisher has one more ingress.
    pub(crate) fn add(&mut self, publisher: ParticipantId) {
        self.0.entry(publisher).or_default().ingresses += 1;
    }

    /// The publisher has one ingress less.
    pub(crate) fn remove(&mut self, publisher: ParticipantId) {
        let Some(known) = self.0.get_mut(&publisher) else {
            return;
        };
        known.ingresses = known.ingresses.saturating_sub(1);
        if known.ingresses == 0 {
            self.0.remove(&publisher);
        }
    }

    /// Takes a difference seen in a report of the publisher.
    pub(crate) fn learn(&mut self, publisher: ParticipantId, behind_us: i64) {
        if let Some(known) = self.0.get_mut(&publisher) {
            let least = known.behind_us.unwrap_or(behind_us);
            known.behind_us = Some(behind_us.min(least));
        }
    }

    pub(crate) fn behind_us(&self, publisher: ParticipantId) -> Option<i64> {
        self.0.get(&publisher)?.behind_us
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    #[test]
    fn a_clock_is_kept_until_the_last_ingress_of_its_publisher_is_gone() {
        let ann = ParticipantId::new(RoomId(1), 1);
        let mut clocks = PublisherClocks::default();
        clocks.learn(ann, 5);
        assert_eq!(clocks.behind_us(ann), None, "no ingress");
        clocks.add(ann);
        clocks.add(ann);
        clocks.learn(ann, 5);
        clocks.learn(ann, 7);
        clocks.remove(ann);
        assert_eq!(clocks.behind_us(ann), Some(5));
        clocks.remove(ann);
        clocks.add(ann);
        assert_eq!(clocks.behind_us(ann), None);
    }
}
