//! Promises that this node gave: not to take another node's rooms for a while.

use std::collections::BTreeMap;

use sideroom_route::Time;

use crate::record::{Incarnation, NodeId, Revision};
use crate::timing::Timing;

/// The last promise to one node, or the refusal.
#[derive(Clone, Copy, Debug, Default)]
struct PromiseGiven {
    incarnation: Incarnation,
    /// The promise ends then, by this node's clock.
    until: Time,
    /// No promise before a later record was seen.
    refused_at: Option<Revision>,
}

/// The promises and refusals of this node. One entry for each node that ever asked.
#[derive(Clone, Debug)]
pub struct Promises {
    timing: Timing,
    /// An earlier life of this node may have promised anything; it is over then.
    earlier_until: Time,
    given: BTreeMap<NodeId, PromiseGiven>,
}

impl Promises {
    /// A life of this node that begins now.
    pub fn new(now: Time, timing: Timing) -> Self {
        Self {
            timing,
            earlier_until: now + timing.outlasting(timing.hold),
            given: BTreeMap::new(),
        }
    }

    /// Promises, unless this life of the node was refused. `seen`: the last record of the node that was seen.
    pub fn promise(
        &mut self,
        now: Time,
        node: NodeId,
        incarnation: Incarnation,
        seen: Option<Revision>,
    ) -> bool {
        let given = self.given.entry(node).or_default();
        let is_refused = match given.refused_at {
            Some(refused) => seen.is_none_or(|seen| seen <= refused),
            None => false,
        };
        if is_refused {
            return false;
        }
        given.refused_at = None;
        given.incarnation = incarnation;
        // It was asked for earlier, so this outlasts it.
        given.until = given
            .until
            .max(now + self.timing.outlasting(self.timing.hold));
        true
    }

    /// Refuses to promise from now on. False while a promise is in force.
    pub fn refuse(&mut self, now: Time, node: NodeId, revision: Revision) -> bool {
        if now < self.until(node) {
            return false;
        }
        let given = self.given.entry(node).or_default();
        given.refused_at = given.refused_at.max(Some(revision));
        true
    }

    /// When the last promise to this node ends.
    pub fn until(&self, node: NodeId) -> Time {
        let given = self.given.get(&node).map_or(Time::ZERO, |it| it.until);
        given.max(self.earlier_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(7);
    const LIFE: Incarnation = Incarnation(1);

    #[test]
    fn a_promise_and_a_refusal_exclude_each_other() {
        let at = Time::from_millis;
        let mut promises = Promises::new(at(0), Timing::default());
        assert!(
            !promises.refuse(at(900), NODE, Revision(4)),
            "by an earlier life"
        );
        assert!(promises.promise(at(1_000), NODE, LIFE, Some(Revision(4))));
        assert!(!promises.refuse(at(2_000), NODE, Revision(4)), "in force");
        assert!(promises.refuse(at(2_003), NODE, Revision(4)));
        assert!(!promises.promise(at(2_004), NODE, LIFE, Some(Revision(4))));
        assert!(!promises.promise(at(9_000), NODE, LIFE, None));
        assert!(
            promises.promise(at(9_000), NODE, LIFE, Some(Revision(5))),
            "it renewed"
        );
    }
}
