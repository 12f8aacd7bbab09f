//! When a node holds its rooms: it renewed its record lately, or every node that could depose it promised not to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sideroom_route::Time;

use crate::record::{NodeId, NodeRecord, Revision};
use crate::timing::Timing;

/// Promises that are waited for at most; older requests are forgotten.
const MOST_ASKS: usize = 64;

/// A renewal whose result is not known.
#[derive(Clone, Debug)]
struct Sent {
    renewal: u64,
    at: Time,
}

/// This node's claim to its rooms.
#[derive(Clone, Debug)]
pub struct Hold {
    me: NodeId,
    timing: Timing,
    /// Until when the last written renewal is good.
    renewed_until: Time,
    /// When the last written renewal was sent.
    last_sent: Option<Time>,
    /// The revision of this node's record.
    revision: Option<Revision>,
    renewal: u64,
    unresolved: Vec<Sent>,
    /// The nodes whose promise counts: those in the written record, or in one that may have been written.
    needed: BTreeSet<NodeId>,
    /// The written record, or one that may have been written, knows nobody else: then any node may depose this one,
    /// and no promise counts.
    may_be_alone: bool,
    promised_until: BTreeMap<NodeId, Time>,
    asks: BTreeMap<u64, Time>,
    next_ask: u64,
    is_deposed: bool,
}

impl Hold {
    /// A life that has not registered holds nothing. Requests are numbered from `first_ask` on, which differs
    /// from life to life: an answer to an earlier one counts for nothing.
    pub const fn new(me: NodeId, timing: Timing, first_ask: u64) -> Self {
        Self {
            me,
            timing,
            renewed_until: Time::ZERO,
            last_sent: None,
            revision: None,
            renewal: 0,
            unresolved: Vec::new(),
            needed: BTreeSet::new(),
            may_be_alone: true,
            promised_until: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_ask: first_ask,
            is_deposed: false,
        }
    }

    /// True if no other node can have taken this node's rooms.
    pub fn holds(&self, now: Time) -> bool {
        now < self.until()
    }

    /// Until when it is certain that no other node can take this node's rooms, if nothing is heard from now on.
    pub fn until(&self) -> Time {
        if self.is_deposed || self.revision.is_none() {
            return Time::ZERO;
        }
        if self.may_be_alone {
            return self.renewed_until;
        }
        let promised = self.promisers().map(|it| self.promised_until.get(&it));
        let promised = promised.map(|until| until.copied().unwrap_or(Time::ZERO));
        self.renewed_until.max(promised.min().unwrap_or(Time::ZERO))
    }

    /// True if etcd has not answered a renewal for a while.
    pub fn is_silent(&self, now: Time) -> bool {
        self.last_sent
            .is_none_or(|sent| now - sent > self.timing.silent_after)
    }

    /// How long ago the last renewal was sent that etcd has answered.
    pub fn silent_for(&self, now: Time) -> Duration {
        self.last_sent.map_or(Duration::MAX, |sent| now - sent)
    }

    /// True once another node has ended this life.
    pub const fn is_deposed(&self) -> bool {
        self.is_deposed
    }

    /// The revision of this node's record, once it is registered.
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// Counts a renewal that goes out now with this set of nodes. It counts from now, not from its answer: in
    /// between, the node may stand still for any time.
    pub fn renew(&mut self, now: Time, knows: &BTreeSet<NodeId>) -> u64 {
        self.renewal += 1;
        // Older ones are of no use: they would be good for a time that is over.
        let hold = self.timing.hold;
        self.unresolved.retain(|sent| now - sent.at < hold);
        let renewal = self.renewal;
        self.unresolved.push(Sent { renewal, at: now });
        // It may be written even if no answer comes, and then these may depose this node.
        self.needed.extend(knows);
        self.may_be_alone |= self.knows_nobody(knows);
        renewal
    }

    /// This node's record as etcd has it: after a written renewal, or read because the result was unknown.
    pub fn handle_record(&mut self, record: &NodeRecord, revision: Revision) {
        if self.revision.is_some_and(|known| known >= revision) {
            return;
        }
        self.revision = Some(revision);
        if record.deposed {
            self.is_deposed = true;
            return;
        }
        let sent = self
            .unresolved
            .iter()
            .find(|sent| sent.renewal == record.renewal);
        if let Some(sent) = sent.cloned() {
            self.renewed_until = self.renewed_until.max(sent.at + self.timing.hold);
            self.last_sent = self.last_sent.max(Some(sent.at));
        }
        // Renewals that were sent before this one can't be written any more; those after it still can.
        self.unresolved.retain(|sent| sent.renewal > record.renewal);
        if self.unresolved.is_empty() {
            self.needed.clone_from(&record.knows);
            self.may_be_alone = self.knows_nobody(&record.knows);
        }
        self.promised_until
            .retain(|node, _| self.needed.contains(node));
    }

    fn knows_nobody(&self, knows: &BTreeSet<NodeId>) -> bool {
        knows.iter().all(|it| *it == self.me)
    }

    /// Another life of this node, or another node, has written its record: this life is over.
    pub const fn depose(&mut self) {
        self.is_deposed = true;
    }

    /// Begins to ask for promises; the number names the request.
    pub fn ask(&mut self, now: Time) -> u64 {
        self.next_ask = self.next_ask.wrapping_add(1);
        self.asks.insert(self.next_ask, now);
        while self.asks.len() > MOST_ASKS {
            self.asks.pop_first();
        }
        self.next_ask
    }

    /// The nodes whose promise is needed.
    pub fn promisers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.needed.iter().copied().filter(|it| *it != self.me)
    }

    /// A promise counts from when it was asked for.
    pub fn handle_promise(&mut self, from: NodeId, ask: u64) {
        let Some(asked) = self.asks.get(&ask).copied() else {
            return;
        };
        if self.needed.contains(&from) {
            let until = self.promised_until.entry(from).or_default();
            *until = (*until).max(asked + self.timing.hold);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: NodeId = NodeId(1);
    const OTHER: NodeId = NodeId(2);

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn record(renewal: u64, knows: &[NodeId]) -> NodeRecord {
        NodeRecord {
            renewal,
            knows: knows.iter().copied().collect(),
            ..NodeRecord::default()
        }
    }

    /// Renewed at 0 with both nodes known.
    fn renewed() -> Hold {
        let mut hold = Hold::new(ME, Timing::default(), 0);
        let both = [ME, OTHER];
        assert!(!hold.holds(at(0)), "not registered");
        let renewal = hold.renew(at(0), &both.into());
        hold.handle_record(&record(renewal, &both), Revision(1));
        hold
    }

    #[test]
    fn a_renewal_counts_from_when_it_was_sent() {
        let hold = renewed();
        assert!(hold.holds(at(999)));
        assert!(!hold.holds(at(1_000)));
    }

    #[test]
    fn promises_of_all_replace_renewals_and_count_from_the_request() {
        let mut hold = renewed();
        assert_eq!(hold.until(), at(1_000));
        let ask = hold.ask(at(600));
        hold.handle_promise(OTHER, ask);
        assert_eq!(hold.until(), at(1_600));
        assert!(hold.holds(at(1_599)));
        assert!(!hold.holds(at(1_600)));
        hold.handle_promise(OTHER, 99);
        hold.handle_promise(NodeId(3), ask);
        assert!(
            !hold.holds(at(1_600)),
            "an unknown request, a node that does not count"
        );
    }

    #[test]
    fn a_set_that_may_have_been_written_counts() {
        let mut hold = renewed();
        hold.renew(at(300), &[ME, OTHER, NodeId(3)].into());
        let ask = hold.ask(at(900));
        hold.handle_promise(OTHER, ask);
        assert!(!hold.holds(at(1_100)), "the third may depose it");
        hold.handle_promise(NodeId(3), ask);
        assert!(hold.holds(at(1_100)));
    }

    #[test]
    fn a_renewal_that_turns_out_to_be_written_counts_from_its_sending() {
        let mut hold = renewed();
        let renewal = hold.renew(at(300), &[ME].into());
        hold.renew(at(600), &[ME].into());
        hold.handle_record(&record(renewal, &[ME, OTHER]), Revision(2));
        assert!(hold.holds(at(1_299)));
        assert!(!hold.holds(at(1_300)), "the later one may have failed");
    }

    #[test]
    fn alone_it_holds_by_renewals_and_deposed_never() {
        let mut hold = Hold::new(ME, Timing::default(), 0);
        let renewal = hold.renew(at(0), &[ME].into());
        hold.handle_record(&record(renewal, &[ME]), Revision(1));
        assert!(hold.holds(at(999)));
        assert!(!hold.holds(at(1_000)), "any node may have deposed it");
        let deposed = NodeRecord {
            deposed: true,
            ..record(renewal, &[ME])
        };
        hold.handle_record(&deposed, Revision(2));
        assert!(!hold.holds(at(1)));
        assert_eq!(hold.until(), Time::ZERO);
    }

    #[test]
    fn while_a_record_without_others_may_be_written_promises_do_not_count() {
        let mut hold = renewed();
        hold.renew(at(300), &[ME].into());
        let ask = hold.ask(at(900));
        hold.handle_promise(OTHER, ask);
        assert!(!hold.holds(at(1_100)), "a third node may depose it");
        let renewal = hold.renew(at(1_200), &[ME, OTHER].into());
        hold.handle_record(&record(renewal, &[ME, OTHER]), Revision(3));
        let ask = hold.ask(at(2_100));
        hold.handle_promise(OTHER, ask);
        assert!(hold.holds(at(2_300)));
    }
}
