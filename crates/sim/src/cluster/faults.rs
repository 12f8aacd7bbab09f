//! Faults: how they begin and end.

use sideroom_cluster::NodeId;

use super::world::{Event, World};

impl World {
    fn draw_node(&mut self) -> NodeId {
        NodeId(1 + self.chance.below(self.hosts.len() as u64) as u16)
    }

    /// Between 50 ms and 10 s, short ones more often.
    fn draw_span(&mut self) -> u64 {
        let longest = 100_000 << self.chance.below(7);
        50_000 + self.chance.below(longest)
    }

    pub(super) fn draw_fault(&mut self) {
        let wait = 100_000 + self.chance.below(3_000_000);
        self.after(wait, Event::Fault);
        if self.now < self.no_faults_until {
            return;
        }
        self.totals.faults += 1;
        let (node, span, now) = (self.draw_node(), self.draw_span(), self.now);
        match self.chance.below(12) {
            0 => {
                self.crash(node);
                self.after(span, Event::Restart(node));
            }
            1 | 2 => {
                if let Some(host) = self.host(node) {
                    host.frozen_until = host.frozen_until.max(now + span);
                }
            }
            3 => self.etcd_down_until = self.etcd_down_until.max(now + span),
            4 => {
                self.cut_from_etcd.insert(node, (now + span, now + span));
            }
            5 => {
                self.cut_from_etcd.insert(node, (0, now + span));
            }
            6 => {
                let other = self.draw_node();
                self.cut.insert((node, other), now + span);
            }
            7 => {
                let other = self.draw_node();
                self.cut.insert((node, other), now + span);
                self.cut.insert((other, node), now + span);
            }
            8 => self.isolate(node, now + span),
            9 => {
                let rate = self.draw_rate();
                if let Some(host) = self.host(node) {
                    host.clock.turn(now, rate);
                }
            }
            10 => self.hand_over(node),
            _ => self.plan_silence(),
        }
    }

    /// A node that reaches nobody, or reaches everybody but etcd and one other.
    fn isolate(&mut self, node: NodeId, until: u64) {
        let others: Vec<_> = self.hosts.iter().map(|it| it.id).collect();
        for other in others {
            self.cut.insert((node, other), until);
            self.cut.insert((other, node), until);
        }
        if self.chance.happens(0.7) {
            self.cut_from_etcd.insert(node, (until, until));
        }
    }

    fn hand_over(&mut self, node: NodeId) {
        let to = self.draw_node();
        let rooms: Vec<_> = self
            .host(node)
            .map(|it| it.tasks.keys().copied().collect())
            .unwrap_or_default();
        let room = self.chance.pick(&rooms).copied();
        if let Some(room) = room.filter(|_| to != node) {
            self.with(node, |machine, local| {
                machine.hand_over(local, room, to);
            });
        }
    }

    /// All faults end; five seconds later etcd goes for up to a minute, and nothing else.
    fn plan_silence(&mut self) {
        if !self.chance.happens(0.3) {
            return;
        }
        self.heal();
        let length = 5_000_000 + self.chance.below(40_000_000);
        self.no_faults_until = self.now + 6_000_000 + length + 2_000_000;
        self.after(6_000_000, Event::Silence);
        self.silence = length;
    }

    pub(super) fn begin_silence(&mut self) {
        if self.now >= self.no_faults_until {
            return;
        }
        self.calm_since = Some(self.now);
        self.etcd_down_until = self.now + self.silence;
    }

    /// Ends every fault. Messages on their way stay.
    pub(super) fn heal(&mut self) {
        self.cut.clear();
        self.cut_from_etcd.clear();
        self.etcd_down_until = 0;
        self.calm_since = None;
        self.no_faults_until = self.now + 60_000_000;
        let now = self.now;
        let ids: Vec<_> = self.hosts.iter().map(|it| it.id).collect();
        for id in ids {
            if let Some(host) = self.host(id) {
                host.frozen_until = host.frozen_until.min(now);
            }
            self.restart(id);
        }
    }
}
