//! Loading, suspension and coming back.

use std::sync::Arc;

use sideroom_control::Room;
use sideroom_route::Time;

use crate::action::{Action, CommitId, Farewell};
use crate::connection::Loss;
use crate::cycle::Batch;
use crate::machine::{Duties, RoomMachine, Stage, bounds};
use crate::now::Now;
use crate::reaction::Reaction;
use crate::request::{Asked, Refusal, Request, Response, Token};

/// A room as the store has it.
#[derive(Debug)]
pub struct Loaded {
    /// The room after its last record.
    pub room: Room,
    /// The request that made it.
    pub made_by: Option<Asked>,
    /// Records since its last snapshot.
    pub unsaved: u32,
}

/// Why a room was not loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadFailure {
    /// The store does not work; it is tried again.
    Store,
    /// The stored rows do not form a room; the room is set aside.
    Unreadable,
}

impl RoomMachine {
    pub(crate) fn ask_to_load(&mut self) {
        let id = self.next_commit();
        self.stage = Stage::Loading(id);
        self.actions.push_back(Action::Load(id));
    }

    /// Handles the result of a load.
    pub fn handle_loaded(&mut self, now: Now, id: CommitId, loaded: Result<Loaded, LoadFailure>) {
        self.now = now;
        if !matches!(self.stage, Stage::Loading(asked) if asked == id) {
            return;
        }
        match loaded {
            Ok(loaded) => self.install(loaded),
            Err(LoadFailure::Store) => self.wait(),
            Err(LoadFailure::Unreadable) => self.set_aside(),
        }
    }

    /// Makes a stored room the present one. Media go on unchanged.
    pub(crate) fn install(&mut self, loaded: Loaded) {
        let Loaded {
            mut room,
            made_by,
            unsaved,
        } = loaded;
        if let Some(before) = self.before.take() {
            room.take_over(&before);
        }
        let reloaded = std::mem::replace(&mut self.loaded, true);
        if !reloaded {
            self.told = room.seq();
        }
        self.made_by = made_by.or(self.made_by.take());
        self.unsaved = unsaved;
        if room.is_closed() {
            // The node was killed between the room's end and its removal.
            self.room = Some(room);
            let mut batch = Batch::new(self.next_commit(), self.now);
            batch.ends = true;
            return self.commit(batch);
        }
        let table = room.table();
        self.room = Some(room);
        self.keep_places(reloaded);
        self.compare_connections();
        let mut batch = Batch::new(self.next_commit(), self.now);
        batch.reloads = true;
        let publish = Action::PublishWhole(batch.id, Box::new(table));
        self.actions.push_back(publish);
        self.stage = Stage::Publishing(batch, self.now.at + bounds::PUBLISH_WAIT);
    }

    /// Places that were kept are kept for as long as before, by the clock that does not jump.
    fn keep_places(&mut self, reloaded: bool) {
        let Some(room) = &self.room else { return };
        let grace = u64::from(room.settings().reconnect_grace_ms);
        let mut kept = std::collections::BTreeMap::new();
        for (participant, until) in room.places_kept() {
            let latest = self.now.wall + grace;
            // After a restart the calendar is all there is. Otherwise the drop was just stored, and the
            // calendar may have jumped since.
            let until = self
                .now
                .when(if reloaded { latest } else { until.min(latest) });
            let before = self.kept.get(&participant).copied();
            kept.insert(participant, before.unwrap_or(until));
        }
        self.kept = kept;
    }

    /// Connections that the store does not know of end; participants without a connection are dropped.
    fn compare_connections(&mut self) {
        let Some(room) = &self.room else { return };
        let connected: Vec<_> = room
            .participants()
            .filter(|participant| room.is_connected(*participant))
            .collect();
        let mut unknown = Vec::new();
        for (participant, held) in &self.connections {
            if !room.is_connected(*participant) {
                unknown.push(*participant);
            } else if held.entering.as_ref().is_some_and(|entering| entering.made) {
                self.duties.arrivals.push((*participant, held.transport));
            }
        }
        for participant in unknown {
            self.part(participant, Farewell::ConnectionLost);
        }
        for participant in connected {
            let loss = match self.connections.get(&participant) {
                None => Some(Loss::Dropped),
                Some(held) => held.lost,
            };
            if let Some(loss) = loss {
                self.duties.losses.insert(participant, loss);
            }
        }
    }

    /// Watchers learn what was stored although its commit was given up.
    pub(crate) fn tell_missed(&mut self) {
        let Some(room) = &self.room else { return };
        let after = std::mem::replace(&mut self.told, room.seq());
        if after == self.told {
            return;
        }
        let mut cut = Vec::new();
        for (watcher, viewer) in self.watchers.all() {
            match room.events_after(viewer, after) {
                Ok(missed) => {
                    let tell = |event| Action::Tell(Arc::new(event), vec![watcher]);
                    self.actions.extend(missed.into_iter().map(tell));
                }
                Err(_) => cut.push(watcher),
            }
        }
        for watcher in cut {
            self.watchers.remove(watcher);
            self.actions.push_back(Action::Cut(watcher));
        }
    }

    /// The room is not what the store has any more: it waits and is read again. Media go on.
    pub(crate) fn suspend(&mut self, batch: Batch, refusal: &Refusal) {
        let created = batch.is_creation();
        self.fail(batch, refusal);
        self.refuse_all(refusal);
        if created {
            // The store has no room to read.
            self.stage = Stage::Ended;
            self.room = None;
            self.actions.push_back(Action::Remove);
            self.actions.push_back(Action::End);
            return;
        }
        let room = self.room.take();
        self.before = room.or(self.before.take());
        self.wait();
    }

    fn wait(&mut self) {
        self.refuse_all(&Refusal::Store);
        let wait = self.backoff.fail(&mut self.chance);
        self.stage = Stage::Waiting(self.now.at + wait);
    }

    /// The room has made a mistake: it begins anew from what is stored. Connections and watchers stay; the
    /// adapter tells everybody who waits.
    pub fn handle_panic(&mut self, now: Now) {
        self.now = now;
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        self.actions
            .retain(|action| !matches!(action, Action::Reply(..) | Action::Read(_)));
        self.offers.clear();
        for held in self.connections.values_mut() {
            if held.entering.take().is_some() {
                held.lost = Some(held.loss_if_unused());
            }
        }
        match stage {
            Stage::Ended => self.stage = Stage::Ended,
            Stage::Committing(batch, _) | Stage::Publishing(batch, _) => {
                self.suspend(batch, &Refusal::Internal);
            }
            Stage::Idle | Stage::Loading(_) | Stage::Waiting(_) | Stage::SetAside => {
                let batch = Batch::new(self.next_commit(), self.now);
                self.suspend(batch, &Refusal::Internal);
            }
        }
        // The old room may be half changed, so its volatile state is dropped too.
        self.before = None;
    }

    fn refuse_all(&mut self, refusal: &Refusal) {
        for (token, _) in std::mem::take(&mut self.queue) {
            self.refuse(token, refusal.clone());
        }
        let Duties { undone_offers, .. } = std::mem::take(&mut self.duties);
        for (token, _) in undone_offers {
            self.refuse(token, refusal.clone());
        }
    }

    fn set_aside(&mut self) {
        self.stage = Stage::SetAside;
        for (token, request) in std::mem::take(&mut self.queue) {
            self.handle_set_aside(token, request);
        }
        self.handle_farewell(Farewell::ConnectionLost);
    }

    /// All that can be done with a room that cannot be read is to end it.
    pub(crate) fn handle_set_aside(&mut self, token: Token, request: Request) {
        let Request::Close(_) = request else {
            return self.refuse(token, Refusal::Unreadable);
        };
        let mut batch = Batch::new(self.next_commit(), self.now);
        batch.ends = true;
        batch.react(Reaction::Reply(token, Response::Closed));
        self.commit(batch);
    }

    /// How often in a row the room could not be stored or read.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// When it is read again; [`Time::NEVER`] if it does not wait for that.
    pub fn retry_at(&self) -> Time {
        match self.stage {
            Stage::Waiting(until) => until,
            _ => Time::NEVER,
        }
    }
}
