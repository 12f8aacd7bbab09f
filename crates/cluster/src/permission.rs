//! A member's permissions: which rooms this node may forward, until when.

use std::collections::BTreeMap;

use sideroom_route::{Epoch, RoomId, Time};

use crate::message::RoomState;
use crate::record::{NodeId, Term};
use crate::timing::Timing;

/// Requests to one owner that are waited for at most.
const MOST_ASKS: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Table {
    owner: NodeId,
    term: Term,
    epoch: Epoch,
    permitted_until: Time,
    /// The room has no participants here any more. The entry stays, so that an older table which was long on
    /// its way is not taken for a new one.
    is_left: bool,
}

/// The rooms that have participants on this node.
#[derive(Clone, Debug)]
pub struct Permissions {
    timing: Timing,
    tables: BTreeMap<RoomId, Table>,
    asks: BTreeMap<NodeId, BTreeMap<u64, Time>>,
    next_ask: u64,
}

impl Permissions {
    /// No rooms yet. Requests are numbered from `first_ask` on, which differs from life to life.
    pub const fn new(timing: Timing, first_ask: u64) -> Self {
        Self {
            timing,
            tables: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_ask: first_ask,
        }
    }

    /// A whole table of a room. True if it is to be applied: it is of a later term, or of the same and not older. With
    /// a later term all earlier permissions end.
    pub fn handle_table(&mut self, owner: NodeId, state: RoomState) -> bool {
        let known = self.tables.get(&state.room);
        let permitted_until = match known {
            Some(known) if state.term < known.term => return false,
            Some(known) if state.term == known.term => {
                if state.epoch < known.epoch {
                    return false;
                }
                known.permitted_until
            }
            _ => Time::ZERO,
        };
        let table = Table {
            owner,
            term: state.term,
            epoch: state.epoch,
            permitted_until,
            is_left: false,
        };
        self.tables.insert(state.room, table);
        true
    }

    /// A change of a table. True if it is to be applied: it is the next one of this term.
    pub fn handle_order(&mut self, state: RoomState) -> bool {
        let Some(table) = self.tables.get_mut(&state.room) else {
            return false;
        };
        let is_next =
            !table.is_left && table.term == state.term && table.epoch.0 + 1 == state.epoch.0;
        if is_next {
            table.epoch = state.epoch;
        }
        is_next
    }

    /// The room has no participants here any more.
    pub fn leave(&mut self, room: RoomId) {
        if let Some(table) = self.tables.get_mut(&room) {
            table.is_left = true;
            table.permitted_until = Time::ZERO;
        }
    }

    /// The room is over.
    pub fn forget(&mut self, room: RoomId) {
        self.tables.remove(&room);
    }

    /// Why packets of this room may not leave this node now; `true`: they may.
    #[inline]
    pub fn may_forward(&self, now: Time, room: RoomId) -> bool {
        self.tables
            .get(&room)
            .is_some_and(|it| !it.is_left && now < it.permitted_until)
    }

    /// The table that this node has.
    pub fn table(&self, room: RoomId) -> Option<(NodeId, Term, Epoch)> {
        let table = self.tables.get(&room).filter(|it| !it.is_left)?;
        Some((table.owner, table.term, table.epoch))
    }

    /// A request to each owner, with the tables that are here. It counts from now.
    pub fn ask(&mut self, now: Time) -> Vec<(NodeId, u64, Vec<RoomState>)> {
        let mut by_owner: BTreeMap<NodeId, Vec<RoomState>> = BTreeMap::new();
        for (room, table) in self.tables.iter().filter(|(_, it)| !it.is_left) {
            by_owner.entry(table.owner).or_default().push(RoomState {
                room: *room,
                term: table.term,
                epoch: table.epoch,
            });
        }
        self.asks.retain(|owner, _| by_owner.contains_key(owner));
        let mut requests = Vec::with_capacity(by_owner.len());
        for (owner, rooms) in by_owner {
            self.next_ask = self.next_ask.wrapping_add(1);
            let asks = self.asks.entry(owner).or_default();
            asks.insert(self.next_ask, now);
            while asks.len() > MOST_ASKS {
                asks.pop_first();
            }
            requests.push((owner, self.next_ask, rooms));
        }
        requests
    }

    /// The owner permits these rooms: from when this node asked, however long the answer took.
    pub fn handle_permission(&mut self, from: NodeId, ask: u64, rooms: &[(RoomId, Term)]) {
        let asked = self.asks.get(&from).and_then(|asks| asks.get(&ask));
        let Some(asked) = asked.copied() else { return };
        for (room, term) in rooms {
            let table = self.tables.get_mut(room);
            if let Some(table) = table.filter(|it| it.owner == from && it.term == *term) {
                table.permitted_until = table.permitted_until.max(asked + self.timing.permission);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: NodeId = NodeId(1);
    const ROOM: RoomId = RoomId(4);

    const fn state(term: u64, epoch: u64) -> RoomState {
        RoomState {
            room: ROOM,
            term: Term(term),
            epoch: Epoch(epoch),
        }
    }

    #[test]
    fn a_permission_counts_from_the_request_and_ends_with_its_term() {
        let at = Time::from_millis;
        let mut permissions = Permissions::new(Timing::default(), 0);
        assert!(permissions.handle_table(OWNER, state(5, 1)));
        assert!(!permissions.may_forward(at(0), ROOM));
        let asked = permissions.ask(at(100));
        let [(owner, ask, rooms)] = asked.as_slice() else {
            panic!("one owner")
        };
        assert_eq!(
            (*owner, rooms.as_slice()),
            (OWNER, [state(5, 1)].as_slice())
        );
        permissions.handle_permission(NodeId(2), *ask, &[(ROOM, Term(5))]);
        assert!(!permissions.may_forward(at(900), ROOM), "not the owner");
        permissions.handle_permission(OWNER, *ask, &[(ROOM, Term(5))]);
        assert!(permissions.may_forward(at(1_099), ROOM));
        assert!(!permissions.may_forward(at(1_100), ROOM));
        assert!(permissions.handle_table(NodeId(2), state(9, 3)));
        assert!(!permissions.may_forward(at(500), ROOM), "a later owner");
        permissions.handle_permission(OWNER, *ask, &[(ROOM, Term(5))]);
        assert!(!permissions.may_forward(at(500), ROOM));
    }

    /// Found by the simulator: node 3 had left, and was let in again by a table from before.
    #[test]
    fn a_table_from_before_leaving_does_not_come_back() {
        let mut permissions = Permissions::new(Timing::default(), 0);
        assert!(permissions.handle_table(OWNER, state(5, 3)));
        assert!(permissions.handle_order(state(5, 4)));
        permissions.leave(ROOM);
        assert_eq!(permissions.table(ROOM), None);
        assert!(!permissions.handle_table(OWNER, state(5, 3)));
        assert!(
            permissions.handle_table(OWNER, state(5, 5)),
            "they are back"
        );
    }

    #[test]
    fn old_tables_and_gaps_are_not_applied() {
        let mut permissions = Permissions::new(Timing::default(), 0);
        assert!(!permissions.handle_order(state(5, 1)), "no table yet");
        assert!(permissions.handle_table(OWNER, state(5, 3)));
        assert!(!permissions.handle_table(OWNER, state(5, 2)));
        assert!(!permissions.handle_table(OWNER, state(4, 9)));
        assert!(!permissions.handle_order(state(5, 5)), "a gap");
        assert!(permissions.handle_order(state(5, 4)));
        assert_eq!(permissions.table(ROOM), Some((OWNER, Term(5), Epoch(4))));
    }
}
