//! The group of every client, derived from requests and answers alone, independent of the
//! server's plan.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use sideroom_route::Time;

use super::tag::Tag;

/// The parent's number; breakouts have larger ones.
pub const PARENT: u16 = 0;

const MOVING: u64 = 1 << 63;

/// Where one client is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The client's group; during a move, the old one.
    pub at: u16,
    /// A move was asked for and not answered yet.
    pub moving_to: Option<u16>,
    /// When the last move was asked for.
    pub since_ms: u64,
}

/// The parent's media that participants who are away may receive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ParentGate {
    /// No media pass.
    Shut,
    /// All media pass.
    Live,
    /// A change was asked for and not answered yet.
    Changing,
}

/// The tool's judgement on a received packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The receiver may have the packet.
    Right,
    /// The packet left shortly before the publisher's move, and arrived in the publisher's new group.
    Carried {
        /// How long before the move was asked for.
        age_ms: u64,
    },
    /// The receiver must not have the packet.
    Leak,
}

/// The places of all clients, shared by all threads of the tool.
pub struct Groups {
    places: Vec<AtomicU64>,
    /// The parent's gate; no scenario uses listening in and address-all.
    parent_gate: AtomicU8,
    /// A packet that was sent this shortly before a move of its publisher was asked for may be routed by
    /// the new table: it was on the way. Such packets are counted.
    flight: Duration,
}

impl Place {
    fn pack(self) -> u64 {
        let to = self.moving_to.unwrap_or(0);
        let moving = if self.moving_to.is_some() { MOVING } else { 0 };
        moving | u64::from(self.at) << 47 | u64::from(to) << 31 | self.since_ms & 0x7fff_ffff
    }

    fn unpack(word: u64) -> Self {
        Self {
            at: (word >> 47) as u16,
            moving_to: (word & MOVING != 0).then_some((word >> 31) as u16),
            since_ms: word & 0x7fff_ffff,
        }
    }

    /// True if the client may be taken to be in `group`.
    fn may_be_in(&self, group: u16) -> bool {
        self.at == group || self.moving_to == Some(group)
    }
}

impl Groups {
    /// `clients` in the parent. A packet takes up to `flight` to reach the server's routing.
    pub fn new(clients: usize, flight: Duration) -> Self {
        Self {
            places: (0..clients).map(|_| AtomicU64::new(0)).collect(),
            parent_gate: AtomicU8::new(ParentGate::Shut as u8),
            flight,
        }
    }

    /// Where `client` is.
    pub fn place(&self, client: u32) -> Place {
        let place = self.places.get(client as usize);
        Place::unpack(place.map_or(0, |place| place.load(Ordering::Acquire)))
    }

    fn set(&self, client: u32, place: Place) {
        if let Some(at) = self.places.get(client as usize) {
            at.store(place.pack(), Ordering::Release);
        }
    }

    /// A move is being asked for.
    pub fn begin(&self, client: u32, to: u16, now: Time) {
        let at = self.place(client).at;
        let place = Place {
            at,
            moving_to: Some(to),
            since_ms: now.as_millis(),
        };
        self.set(client, place);
    }

    /// The move was answered, and everything received before the answer has been looked at.
    pub fn confirm_move(&self, client: u32) {
        let place = self.place(client);
        if let Some(at) = place.moving_to {
            let place = Place {
                at,
                moving_to: None,
                ..place
            };
            self.set(client, place);
        }
    }

    /// The move failed.
    pub fn stay(&self, client: u32) {
        let place = self.place(client);
        let place = Place {
            moving_to: None,
            ..place
        };
        self.set(client, place);
    }

    /// Sets the parent's media that participants who are away may receive from now on.
    pub fn set_parent_gate(&self, gate: ParentGate) {
        self.parent_gate.store(gate as u8, Ordering::Release);
    }

    /// Whether `receiver` may get a packet with this tag.
    pub fn judge(&self, receiver: u32, tag: &Tag) -> Verdict {
        let receiver = self.place(receiver);
        let publisher = self.place(tag.publisher);
        let parent = self.parent_gate.load(Ordering::Acquire) != ParentGate::Shut as u8;
        let away = receiver.at != PARENT || receiver.moving_to.is_some();
        let hears = |group: u16| receiver.may_be_in(group) || (group == PARENT && parent && away);
        let sent_to = [Some(tag.group), tag.moving_to];
        if sent_to.into_iter().flatten().any(hears) {
            return Verdict::Right;
        }
        // It was on its way when its publisher's move was asked for.
        let sent_ms = tag.sent_us / 1_000;
        let age_ms = publisher.since_ms.checked_sub(sent_ms);
        let in_flight = age_ms.filter(|age| u128::from(*age) <= self.flight.as_millis());
        let later = [Some(publisher.at), publisher.moving_to];
        match in_flight {
            Some(age_ms) if later.into_iter().flatten().any(hears) => Verdict::Carried { age_ms },
            _ => Verdict::Leak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(publisher: u32, group: u16, sent_ms: u64) -> Tag {
        Tag {
            publisher,
            run: 0,
            source: 0,
            group,
            moving_to: None,
            sent_us: sent_ms * 1_000,
            index: 0,
        }
    }

    #[test]
    fn places_survive_packing() {
        for place in [
            Place {
                at: 0,
                moving_to: None,
                since_ms: 0,
            },
            Place {
                at: u16::MAX,
                moving_to: Some(0),
                since_ms: 0x7fff_ffff,
            },
            Place {
                at: 7,
                moving_to: Some(u16::MAX),
                since_ms: 61_234,
            },
        ] {
            assert_eq!(Place::unpack(place.pack()), place);
        }
    }

    fn hears(groups: &Groups, receiver: u32, tag: &Tag) -> bool {
        groups.judge(receiver, tag) != Verdict::Leak
    }

    #[test]
    fn nobody_hears_another_group() {
        let groups = Groups::new(3, Duration::from_millis(100));
        assert!(hears(&groups, 1, &tag(0, PARENT, 100_000)));
        groups.begin(1, 4, Time::from_millis(100_010));
        assert!(
            hears(&groups, 1, &tag(0, PARENT, 100_020)),
            "not answered yet"
        );
        assert!(hears(&groups, 1, &tag(2, 4, 100_020)));
        groups.confirm_move(1);
        assert!(!hears(&groups, 1, &tag(0, PARENT, 100_020)));
        assert!(hears(&groups, 1, &tag(2, 4, 100_030)));
        assert!(!hears(&groups, 0, &tag(2, 4, 100_030)));
        groups.set_parent_gate(ParentGate::Live);
        assert!(hears(&groups, 1, &tag(0, PARENT, 100_020)));
        assert!(
            !hears(&groups, 0, &tag(2, 4, 100_030)),
            "the gate opens no breakout"
        );
    }

    #[test]
    fn what_a_mover_said_before_may_arrive_in_the_new_group_for_a_moment() {
        let groups = Groups::new(2, Duration::from_millis(100));
        groups.begin(1, 4, Time::from_millis(100_000));
        groups.confirm_move(1);
        groups.begin(0, 4, Time::from_millis(100_500));
        groups.confirm_move(0);
        assert!(hears(&groups, 1, &tag(0, PARENT, 100_450)), "on its way");
        assert!(!hears(&groups, 1, &tag(0, PARENT, 99_900)), "long gone");
        assert!(hears(&groups, 1, &tag(0, 4, 100_600)));
        groups.begin(0, PARENT, Time::from_millis(101_000));
        groups.stay(0);
        assert!(hears(&groups, 1, &tag(0, 4, 101_600)));
    }
}
