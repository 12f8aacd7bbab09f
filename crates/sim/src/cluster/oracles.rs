//! Oracles: they look at the nodes from outside.

use std::fmt;

use super::world::World;

/// A world in which an oracle found something.
#[derive(Clone, Debug)]
pub struct ClusterFailure {
    /// The world's seed.
    pub seed: u64,
    /// Events before it.
    pub step: u64,
    /// The moment in true time.
    pub at_ms: u64,
    /// The broken promise.
    pub what: String,
}

impl fmt::Display for ClusterFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            step,
            at_ms,
            what,
        } = self;
        write!(f, "seed {seed}, step {step}, {at_ms} ms: {what}")
    }
}

impl World {
    /// Invariants 1, 2 and 4 of decision 21: appends by owners only, no packet of an old table after an
    /// answer, one node at most that holds a room.
    pub(super) fn check(&mut self) -> Result<(), String> {
        if let Some((node, room)) = self.etcd.stray_append {
            return Err(format!(
                "{node:?} appended to {room:?}, which it does not own"
            ));
        }
        self.check_forwarding()?;
        self.check_holders()?;
        self.check_continuity()
    }

    fn check_forwarding(&mut self) -> Result<(), String> {
        let unchecked = self.setting.plant == Some(super::ClusterPlant::PermissionUnchecked);
        for host in self.hosts.iter().filter(|it| !it.is_frozen(self.now)) {
            let Some(machine) = &host.machine else {
                continue;
            };
            let local = host.now(self.now);
            for room in &self.rooms {
                let Some((owner, term, epoch)) = machine.table(*room) else {
                    continue;
                };
                let forwards = unchecked || machine.may_forward(local, *room);
                let answered = self.callers.answered.get(room).copied().unwrap_or(0);
                self.totals.looks += u64::from(forwards);
                if forwards && epoch.0 < answered {
                    return Err(format!(
                        "{:?} forwards {room:?} by table {} of {owner:?}, {term:?}, and {answered} was answered",
                        host.id, epoch.0
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_holders(&self) -> Result<(), String> {
        for room in &self.rooms {
            let holds = |host: &&super::host::Host| {
                let machine = host.machine.as_ref();
                machine.is_some_and(|it| it.term(*room).is_some() && it.holds(host.now(self.now)))
            };
            let holders: Vec<_> = self.hosts.iter().filter(holds).map(|it| it.id).collect();
            if holders.len() > 1 {
                return Err(format!("{holders:?} hold {room:?} at one time"));
            }
        }
        Ok(())
    }

    /// While etcd alone is gone, every node with an up-to-date table goes on forwarding. An owner that knew nobody when
    /// etcd went has nobody who could promise not to take its rooms.
    fn check_continuity(&mut self) -> Result<(), String> {
        let Some(calm_since) = self.calm_since else {
            return Ok(());
        };
        if self.now < calm_since + 1_000_000 || self.now >= self.etcd_down_until {
            return Ok(());
        }
        for host in &self.hosts {
            let Some(machine) = &host.machine else {
                continue;
            };
            for room in &self.rooms {
                let is_permitted = machine.may_forward(host.now(self.now), *room);
                let Some((owner, term, _)) = machine.table(*room) else {
                    continue;
                };
                // A table of an earlier owner is not replaced while the new one is silent.
                let is_current = self.etcd.owners.get(room).is_some_and(|it| it.1 == term);
                let record = self.etcd.nodes.get(&owner).map(|(record, _)| record);
                if record.is_none_or(|it| it.knows.iter().all(|node| *node == owner)) {
                    continue;
                }
                self.totals.continuity += 1;
                if is_current && !is_permitted && self.is_member(*room, host.id) {
                    return Err(format!(
                        "{:?} stopped forwarding {room:?} of {owner:?} when etcd went",
                        host.id
                    ));
                }
            }
        }
        Ok(())
    }

    /// At the end: everything that was answered is in the journals, once.
    pub(super) fn check_journals(&self) -> Result<(), String> {
        for (request, call) in &self.callers.calls {
            let journal = self.etcd.journals.get(&call.room);
            let rows = journal.into_iter().flatten();
            let places: Vec<u64> = rows
                .zip(1..)
                .filter(|(row, _)| row.request == *request)
                .map(|(_, place)| place)
                .collect();
            if places.len() > 1 {
                return Err(format!("request {request} was carried out at {places:?}"));
            }
            if call.answer.is_some_and(|place| !places.contains(&place)) {
                return Err(format!("request {request} was answered and is lost"));
            }
        }
        for journal in self.etcd.journals.values() {
            if !journal.is_sorted_by_key(|row| row.term) {
                return Err("the terms of a journal go back".to_owned());
            }
        }
        Ok(())
    }
}
