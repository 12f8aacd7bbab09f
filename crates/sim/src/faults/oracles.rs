//! The oracles: conditions that hold whatever fails.

use std::time::Duration;

use sideroom_control::Actor;
use sideroom_room::{Lifecycle, Refusal, Response, Token};
use sideroom_route::Time;

use super::bounds;
use super::callers::{Ask, Call};
use super::world::FaultWorld;
use crate::step::{Violation, ensure};

impl FaultWorld {
    /// Looks at one room after an input.
    pub(super) fn look_at(&mut self, slot: usize) -> Result<(), Violation> {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(slot) else {
            return Ok(());
        };
        match (host.lifecycle(), host.suspended_since) {
            (Lifecycle::Suspended | Lifecycle::Loading, None) => {
                host.suspended_since = Some(now);
                host.touched = host.touched.max(now);
                self.report.suspensions += 1;
            }
            (Lifecycle::Suspended | Lifecycle::Loading, Some(_)) => {}
            (_, Some(since)) => {
                host.suspended_since = None;
                host.touched = host.touched.max(now);
                self.note_suspension(since);
            }
            (_, None) => {}
        }
        if self.hosts.get(slot).is_some_and(|host| host.is_quiet(now)) {
            self.check_connections(slot)?;
        }
        Ok(())
    }

    fn note_suspension(&mut self, since: Time) {
        let working = self.now.since(since.max(self.store.well_since));
        if self.store.mode == super::store::StoreMode::Works {
            let longest = self.report.longest_suspension_ms;
            self.report.longest_suspension_ms = longest.max(working.as_millis() as u64);
        }
    }

    /// Looks at everything after a step.
    pub(super) fn look(&mut self) -> Result<(), Violation> {
        for slot in 0..self.hosts.len() {
            self.check_suspension(slot)?;
            self.check_places(slot)?;
        }
        self.check_vanished()?;
        let now = self.now;
        let late = self.callers.calls.iter().find(|(_, call)| {
            call.answer.is_none() && !call.vanished && now.since(call.asked_at) > bounds::ANSWER
        });
        match late {
            None => Ok(()),
            Some((token, call)) => Err(Violation::new(
                "everybody is answered",
                format!("{token:?} waits since {:?}: {:?}", call.asked_at, call.ask),
            )),
        }
    }

    fn check_suspension(&self, slot: usize) -> Result<(), Violation> {
        let host = self.hosts.get(slot);
        let Some(since) = host.and_then(|host| host.suspended_since) else {
            return Ok(());
        };
        let works = self.store.mode == super::store::StoreMode::Works;
        let panicked = host.map_or(Time::ZERO, |host| host.touched);
        let waits = self
            .now
            .since(since.max(self.store.well_since).max(panicked));
        ensure(
            !works || waits <= bounds::SUSPENDED,
            "rooms come back",
            || format!("room {slot} is suspended for {waits:?} while its store works"),
        )
    }

    /// A participant is connected if and only if there is a transport, or one is being made.
    fn check_connections(&self, slot: usize) -> Result<(), Violation> {
        let Some((host, machine)) = self
            .hosts
            .get(slot)
            .and_then(|host| Some((host, host.machine.as_ref()?)))
        else {
            return Ok(());
        };
        let Some(room) = machine.room() else {
            return Ok(());
        };
        for participant in room.participants() {
            if !room.is_connected(participant) {
                continue;
            }
            let held = machine.connection(participant).map(|held| held.transport);
            let there = self.plane.transport_of(participant);
            ensure(held.is_some() && held == there, "no ghosts", || {
                format!(
                    "room {slot}: {participant} is connected by {held:?}, the plane has {there:?}"
                )
            })?;
        }
        for (participant, transport) in self.plane.transports() {
            if participant.room() != host.id {
                continue;
            }
            let held = machine.connection(participant).map(|held| held.transport);
            ensure(held == Some(transport), "no ghosts", || {
                format!(
                    "room {slot}: transport {transport:x} of {participant} serves nobody ({held:?})"
                )
            })?;
        }
        Ok(())
    }

    /// Callers who vanished are out of the room after a while.
    fn check_vanished(&mut self) -> Result<(), Violation> {
        let now = self.now;
        let mut settled = Vec::new();
        for (identity, (slot, since)) in &self.callers.vanished {
            let Some(host) = self.hosts.get(*slot) else {
                continue;
            };
            let well = host.touched.max(self.store.well_since).max(*since);
            let works = self.store.mode == super::store::StoreMode::Works;
            let quiet = host.is_quiet(now);
            if !works || !quiet || now.since(well) < bounds::GHOST + bounds::CONNECT_WAIT {
                continue;
            }
            let room = host.machine.as_ref().and_then(|machine| machine.room());
            let there = room.is_some_and(|room| {
                let found = room.participant_id(identity);
                found.is_some_and(|found| room.is_connected(found))
            });
            ensure(!there, "no ghosts", || {
                let machine = host.machine.as_ref();
                let found = room.and_then(|room| room.participant_id(identity));
                let held = machine.zip(found);
                let held = held.and_then(|(machine, found)| machine.connection(found));
                format!(
                    "room {slot}: {identity} is there, and nobody waits since {since:?}: {held:?}"
                )
            })?;
            settled.push(identity.clone());
        }
        for identity in settled {
            self.callers.vanished.remove(&identity);
        }
        Ok(())
    }

    /// A place is not kept much longer than it should be.
    fn check_places(&self, slot: usize) -> Result<(), Violation> {
        let Some(host) = self.hosts.get(slot) else {
            return Ok(());
        };
        if host.watcher.is_none() || !host.is_quiet(self.now) {
            return Ok(());
        }
        for (participant, since) in &host.dropped {
            let over = bounds::GRACE + Duration::from_secs(2);
            let since = (*since + over).max(host.touched + Duration::from_secs(2));
            ensure(self.now <= since, "places are kept", || {
                format!("room {slot}: the place of {participant} is kept for too long")
            })?;
        }
        Ok(())
    }

    /// An answer sets out: what it says is stored, and every worker forwards by it.
    pub(super) fn check_reply(
        &mut self,
        slot: usize,
        token: Token,
        result: &Result<Response, Refusal>,
    ) -> Result<(), Violation> {
        self.report.answered += 1;
        self.report.refused += u64::from(result.is_err());
        let Some(call) = self.callers.calls.get(&token).cloned() else {
            return Err(Violation::new(
                "everybody is answered",
                format!("{token:?} is answered and does not wait"),
            ));
        };
        ensure(call.answer.is_none(), "everybody is answered", || {
            format!("{token:?} is answered twice")
        })?;
        self.check_wait(slot, &call)?;
        self.check_repetition(&call, result)?;
        let Ok(response) = result else { return Ok(()) };
        if !matches!(response, Response::Reoffered) {
            // A further offer is answered beside the cycles: its own commit was before.
            self.check_stored(slot)?;
        }
        if let Response::Answer { epoch, .. } = response {
            let room = self.hosts.get(slot).map(|host| host.id);
            let behind = room.and_then(|room| self.plane.is_behind(room, *epoch));
            ensure(behind.is_none(), "workers obey before the answer", || {
                format!("room {slot}: worker {behind:?} forwards by a table before {epoch:?}")
            })?;
        }
        Ok(())
    }

    fn check_wait(&mut self, slot: usize, call: &Call) -> Result<(), Violation> {
        let Some(host) = self.hosts.get(slot) else {
            return Ok(());
        };
        let plain = matches!(call.ask, Ask::Command { .. } | Ask::Views | Ask::Read);
        let works = self.store.mode == super::store::StoreMode::Works;
        let untouched = host.touched < call.asked_at && self.store.well_since < call.asked_at;
        if !plain || !works || !untouched {
            return Ok(());
        }
        let waited = self.now.since(call.asked_at);
        let longest = self.report.longest_untouched_us;
        self.report.longest_untouched_us = longest.max(waited.as_micros() as u64);
        ensure(
            waited <= bounds::UNTOUCHED_ANSWER,
            "rooms do not wait for each other",
            || format!("room {slot}, which no fault touches, answers after {waited:?}"),
        )
    }

    /// A request that was answered before has the same answer.
    fn check_repetition(
        &self,
        call: &Call,
        result: &Result<Response, Refusal>,
    ) -> Result<(), Violation> {
        let Some(expected) = &call.expected else {
            return Ok(());
        };
        if call.asked_at <= self.callers.jumped_at {
            return Ok(());
        }
        let same = match result {
            Ok(Response::Answer {
                outcome, repeated, ..
            }) => *repeated && outcome == expected,
            Ok(_) => false,
            Err(Refusal::Rule(_)) => {
                !matches!(call.ask, Ask::Command { actor, .. } if matches!(actor, Actor::Key(_)))
            }
            Err(_) => true,
        };
        ensure(same, "answers are durable", || {
            format!(
                "{:?} was answered {expected:?}, and now {result:?}",
                call.ask
            )
        })
    }

    /// The room in memory equals the stored room.
    fn check_stored(&self, slot: usize) -> Result<(), Violation> {
        let Some(host) = self.hosts.get(slot) else {
            return Ok(());
        };
        let room = host.machine.as_ref().and_then(|machine| machine.room());
        let Some((room, rows)) = room.zip(self.store.rows(host.id)) else {
            let gone = room.is_none() || room.is_some_and(sideroom_control::Room::is_closed);
            return ensure(gone, "answers are durable", || {
                format!("room {slot} answers and is not stored")
            });
        };
        let (held, stored) = (room.record_seq(), rows.last());
        ensure(held == stored, "answers are durable", || {
            format!("room {slot} answers at record {held}, stored are {stored}")
        })?;
        ensure(
            room.state_hash() == rows.hash(),
            "answers are durable",
            || format!("room {slot} is not what its records lead to at {held}"),
        )
    }
}
