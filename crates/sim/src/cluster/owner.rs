//! The owner's work on a room: read the journal, append, publish, wait for the members, answer.

use std::collections::BTreeSet;

use sideroom_cluster::{NodeId, RoomState, TableApplied, Term};
use sideroom_route::{Epoch, RoomId};

use super::etcd::{Ask, Deed, Row};
use super::host::Parcel;
use super::plant::ClusterPlant;
use super::world::{Event, World};

impl World {
    /// Appends what waits, and answers what the members obey.
    pub(super) fn go_on(&mut self, id: NodeId) {
        let rooms: Vec<_> = self
            .host(id)
            .map(|it| it.tasks.keys().copied().collect())
            .unwrap_or_default();
        for room in rooms {
            self.append(id, room);
            self.answer(id, room);
        }
    }

    pub(super) fn answer(&mut self, id: NodeId, room: RoomId) {
        let now = self.now;
        let early = self.setting.plant == Some(ClusterPlant::AnswerBeforeFencing);
        let Some(host) = self.host(id) else { return };
        let local = host.now(now);
        let (Some(machine), Some(task)) = (&mut host.machine, host.tasks.get_mut(&room)) else {
            return;
        };
        let mut answered = Vec::new();
        let mut wake = None;
        task.waiting.retain(|(place, request)| {
            match machine.applied_by_all(local, room, Epoch(*place)) {
                Some(TableApplied::NotBefore(until, _)) if !early => {
                    wake = wake.max(Some(until));
                    true
                }
                _ => {
                    answered.push((*place, *request));
                    false
                }
            }
        });
        let (life, wake) = (
            host.life,
            wake.map(|until| host.clock.moment(until).max(now)),
        );
        if let Some(at) = wake {
            self.after(at - now + 1, Event::Wake(id, life));
        }
        for (place, request) in answered {
            if !self.callers.answer(request, place) {
                self.failure = Some(format!("request {request} had two answers"));
            }
            // The moment after an answer is the one at which an old packet hurts.
            self.look();
        }
    }

    pub(super) fn append(&mut self, id: NodeId, room: RoomId) {
        let planted = self.setting.plant == Some(ClusterPlant::RequestForgotten);
        let Some(host) = self.host(id) else { return };
        let (Some(machine), Some(task)) = (&host.machine, host.tasks.get_mut(&room)) else {
            return;
        };
        if !task.is_live || task.appending.is_some() || machine.term(room) != Some(task.term) {
            return;
        }
        let Some((request, deed)) = task.queue.pop_front() else {
            return;
        };
        if let Some(place) = task.places.get(&request).copied().filter(|_| !planted) {
            task.waiting.push((place, request));
            return;
        }
        let place = task.epoch() + 1;
        task.appending = Some(place);
        let row = Row {
            term: task.term,
            request,
            deed,
        };
        let life = host.life;
        self.ask_etcd(id, Ask::Append { room, place, row });
        self.after(1_000_000, Event::AppendLost(id, life, room, place));
    }

    pub(super) fn append_lost(&mut self, id: NodeId, life: u64, room: RoomId, place: u64) {
        let waiting = Event::AppendLost(id, life, room, place);
        if self.awake(id, Some(life), waiting).is_none() {
            return;
        }
        let Some(task) = self.host(id).and_then(|it| it.tasks.get_mut(&room)) else {
            return;
        };
        if task.appending == Some(place) {
            // It may have been written. Until that is read, the room is suspended.
            task.is_live = false;
            let term = task.term;
            self.ask_etcd(id, Ask::ReadJournal(room, term));
            self.after(1_000_000, Event::AppendLost(id, life, room, place));
        }
    }

    pub(super) fn appended(
        &mut self,
        id: NodeId,
        room: RoomId,
        (place, row): (u64, Row),
        is_written: bool,
    ) {
        let Some(task) = self.host(id).and_then(|it| it.tasks.get_mut(&room)) else {
            return;
        };
        if task.appending != Some(place) || task.term != row.term || !task.is_live {
            return;
        }
        if !is_written {
            task.is_live = false;
            let term = task.term;
            self.ask_etcd(id, Ask::ReadOwner(room));
            self.ask_etcd(id, Ask::ReadJournal(room, term));
            return;
        }
        task.appending = None;
        let mut told = task.members.clone();
        task.add(row);
        task.waiting.push((place, row.request));
        let members = task.members.clone();
        told.extend(&members);
        let state = RoomState {
            room,
            term: task.term,
            epoch: Epoch(place),
        };
        self.with(id, |machine, local| {
            machine.handle_members(room, &members);
            machine.publish(local, room, Epoch(place));
        });
        for node in told {
            self.post_or_take(id, node, Parcel::Order(state, members.contains(&node)));
            if matches!(row.deed, Deed::Join(joined) if joined == node) {
                self.post_or_take(id, node, Parcel::Table(state, true));
            }
        }
        self.with(id, |_, _| ());
    }

    pub(super) fn loaded(&mut self, id: NodeId, room: RoomId, term: Term, journal: Vec<Row>) {
        let planted = self.setting.plant == Some(ClusterPlant::FormerForgotten);
        let Some(task) = self.host(id).and_then(|it| it.tasks.get_mut(&room)) else {
            return;
        };
        if task.term != term || task.is_live {
            return;
        }
        task.load(journal);
        let (epoch, members) = (task.epoch(), task.members.clone());
        let former = match planted {
            true => BTreeSet::new(),
            false => task.former(),
        };
        self.with(id, |machine, local| {
            machine.handle_replayed(room, &members, &former);
            machine.publish(local, room, Epoch(epoch));
        });
        for node in members.into_iter().chain(former) {
            self.send_table(id, room, node);
        }
    }

    /// Reads the journals of rooms that are still suspended.
    pub(super) fn load_again(&mut self, id: NodeId) {
        let Some(host) = self.host(id) else { return };
        let suspended = host.tasks.iter().filter(|(_, task)| !task.is_live);
        let suspended: Vec<_> = suspended.map(|(room, task)| (*room, task.term)).collect();
        for (room, term) in suspended {
            self.ask_etcd(id, Ask::ReadJournal(room, term));
        }
    }

    pub(super) fn send_table(&mut self, id: NodeId, room: RoomId, to: NodeId) {
        let task = self.host(id).and_then(|it| it.tasks.get(&room));
        let Some(task) = task.filter(|it| it.is_live) else {
            return;
        };
        let state = RoomState {
            room,
            term: task.term,
            epoch: Epoch(task.epoch()),
        };
        let is_member = task.members.contains(&to);
        self.post_or_take(id, to, Parcel::Table(state, is_member));
    }

    /// Planted: the journal as it was a while ago.
    pub(super) fn read_too_early(&self, _: NodeId, room: RoomId) -> Option<Vec<Row>> {
        let journal = self.etcd.journals.get(&room)?;
        let is_planted = self.setting.plant == Some(ClusterPlant::JournalReadTooEarly);
        let kept = journal.len().saturating_sub(1);
        is_planted.then(|| journal.iter().take(kept).copied().collect())
    }
}
