//! Oracles that look at the room as a whole: its journal, its snapshots, its own view, its refusals.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{
    Actor, BreakoutError, Command, Entry, GateScope, RequestId, Room, RoomMode, RoomView,
    Selection, Snapshot, Viewer,
};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::model::number_of;
use crate::step::{Violation, ensure};
use crate::world::{Answered, World};

impl World {
    /// The journal so far leads to the same room.
    pub(crate) fn follow_journal(&mut self) -> Result<(), Violation> {
        let entries: Vec<Entry> = self.records.drain(..).map(Entry::from).collect();
        if let Err(error) = self.shadow.replay_all(&entries) {
            return Err(Violation::new("journal", error.to_string()));
        }
        let shadow = self.shadow.state_hash();
        ensure(shadow == self.hash, "journal", || {
            "the replayed room is another one".into()
        })
    }

    /// A snapshot leads to the same room, which still knows what it has answered.
    pub(crate) fn restore(&mut self) -> Result<(), Violation> {
        self.follow_journal()?;
        let bytes = self.room.snapshot().encode();
        let read = Snapshot::decode(&bytes).and_then(Room::restore);
        let restored = read.map_err(|error| Violation::new("snapshot", error.to_string()))?;
        ensure(restored.state_hash() == self.hash, "snapshot", || {
            "the restored room is another one".into()
        })?;
        self.shadow = restored;
        self.coverage.restored += 1;
        let remembered = |it: &&Answered| it.actor != Actor::System;
        let Some(last) = self.answered.iter().rev().find(remembered) else {
            return Ok(());
        };
        let id = RequestId::new(&format!("q{}", last.request))
            .expect("invariant: a number fits a request id");
        let mut copy = self.shadow.clone();
        let again = copy.apply(self.clock(), last.actor, &id, last.command.clone());
        let same = again.is_ok_and(|it| it.repeated && it.outcome == last.outcome);
        ensure(same, "snapshot", || {
            format!("{:?} was forgotten", last.command)
        })
    }

    /// The room's view equals the model that follows from its commands.
    pub(crate) fn look_at_room(&self) -> Result<(), Violation> {
        let Some(view) = self.room.view(Viewer::Operator) else {
            return Err(Violation::new("view", "the operator sees nothing"));
        };
        let mut inside: BTreeMap<ParticipantId, BreakoutId> = BTreeMap::new();
        for breakout in &view.breakouts {
            let id = breakout.summary.breakout;
            let most = usize::from(breakout.summary.capacity);
            let count = breakout.members.len();
            ensure(count <= most, "capacity", || {
                format!("{count} are in {id} ({most})")
            })?;
            for member in &breakout.members {
                let other = inside.insert(*member, id);
                ensure(other.is_none(), "two breakouts", || {
                    format!("{member} is in {id} and in {other:?}")
                })?;
            }
        }
        for one in &view.participants {
            let member = inside.remove(&one.participant);
            ensure(one.group.breakout() == member, "two breakouts", || {
                format!(
                    "{} is in {} and a member of {member:?}",
                    one.participant, one.group
                )
            })?;
        }
        ensure(inside.is_empty(), "two breakouts", || {
            format!("{inside:?} are not here")
        })?;
        self.compare(&view)
    }

    fn compare(&self, view: &RoomView) -> Result<(), Violation> {
        let people = &self.model.people;
        ensure(people.len() == view.participants.len(), "view", || {
            format!("{} people, not {}", view.participants.len(), people.len())
        })?;
        for (one, shown) in people.iter().zip(&view.participants) {
            let expected = (one.id, one.group, !one.connected);
            let found = (shown.participant, shown.group, shown.dropped);
            ensure(expected == found, "view", || {
                format!("{found:?}, not {expected:?}")
            })?;
        }
        ensure(
            self.model.breakouts.len() == view.breakouts.len(),
            "view",
            || format!("{:?}", view.breakouts),
        )?;
        for ((id, held), shown) in self.model.breakouts.iter().zip(&view.breakouts) {
            let summary = &shown.summary;
            ensure(held.name == summary.name, "view", || {
                format!("{id} is called {}, not {}", summary.name, held.name)
            })?;
            let ends_at = summary.ends_at.map(|at| at.0);
            ensure(held.ends_at == ends_at, "view", || {
                format!("{id} ends at {ends_at:?}, not {:?}", held.ends_at)
            })?;
            let expected = (*id, held.open, held.capacity, held.media, held.owner);
            let capacity = usize::from(summary.capacity);
            let found = (
                summary.breakout,
                summary.open,
                capacity,
                summary.media,
                shown.owner,
            );
            ensure(expected == found, "view", || {
                format!("{found:?}, not {expected:?}")
            })?;
        }
        for (held, shown) in self.model.breakouts.values().zip(&view.breakouts) {
            let expected: BTreeSet<u32> = held.pending.keys().copied().collect();
            let pending = shown.invited.iter().map(|identity| number_of(identity));
            let pending: BTreeSet<u32> = pending.collect();
            ensure(expected == pending, "invitations", || {
                format!("{pending:?} are asked, not {expected:?}")
            })?;
        }
        self.compare_presence(view)?;
        ensure(view.room_gate == self.model.room_gate, "view", || {
            format!("{:?}, not {:?}", view.room_gate, self.model.room_gate)
        })
    }

    /// Intercoms, knocks and schedules are those of the model.
    fn compare_presence(&self, view: &RoomView) -> Result<(), Violation> {
        let model = &self.model;
        let speaks = model.speeches.iter().filter(|(_, it)| !it.is_plain());
        let speakers: Vec<_> = speaks.map(|(id, it)| (*id, it.kinds)).collect();
        let shown = view.intercoms.iter();
        let shown: Vec<_> = shown.map(|it| (it.participant, it.kinds)).collect();
        ensure(speakers == shown, "view", || {
            format!("{shown:?} speak, not {speakers:?}")
        })?;
        let replying = view.intercoms.iter().map(|it| it.replying.len()).sum();
        ensure(model.answers.len() == replying, "view", || {
            format!("{replying} answer, not {:?}", model.answers)
        })?;
        let knocks = view.knocks.iter();
        let knocks: Vec<_> = knocks
            .map(|it| ((it.breakout, it.participant), it.until.0))
            .collect();
        let expected: Vec<_> = model.knocks.iter().map(|(key, at)| (*key, *at)).collect();
        ensure(knocks == expected, "view", || {
            format!("{knocks:?} knock, not {expected:?}")
        })?;
        let arrangements = view.arrangements.iter();
        let arrangements: Vec<_> = arrangements.map(|it| it.name.as_str()).collect();
        let expected: Vec<_> = model.arrangements.keys().map(String::as_str).collect();
        ensure(arrangements == expected, "view", || {
            format!("{arrangements:?}, not {expected:?}")
        })?;
        let rounds = view.rotation.as_ref();
        let rounds = rounds.map(|it| (it.begun, it.next_at.map(|at| at.0)));
        let expected = model.rotation.as_ref().map(|it| (it.begun, it.next_at));
        ensure(rounds == expected, "view", || {
            format!("rounds {rounds:?}, not {expected:?}")
        })?;
        let waiting = view.schedules.iter().map(|it| (it.schedule, it.at.0));
        let waiting: Vec<_> = waiting.collect();
        let expected: Vec<_> = model
            .schedules
            .iter()
            .map(|(id, it)| (*id, it.at))
            .collect();
        ensure(waiting == expected, "view", || {
            format!("{waiting:?} wait, not {expected:?}")
        })
    }

    /// Some requests must not be refused.
    pub(crate) fn check_refusal(
        &self,
        actor: Actor,
        command: &Command,
        error: &BreakoutError,
    ) -> Result<(), Violation> {
        let model = &self.model;
        let here = match actor {
            Actor::Participant(id) => model.person(id).is_some(),
            Actor::Operator | Actor::Key(_) | Actor::System => true,
        };
        if model.closed || !here {
            return Ok(());
        }
        let group_mode = model.settings.mode == RoomMode::Group;
        let must = match command {
            Command::Publish { participant, kind } => self.must_publish(actor, *participant, *kind),
            Command::Leave { participant } => {
                actor == Actor::Participant(*participant) || self.by_operator(actor, *participant)
            }
            Command::LeaveBreakout { participant } => {
                let one = model.person(*participant);
                let away = one.is_some_and(|one| one.group != GroupId::Parent);
                group_mode && away && self.by_operator(actor, *participant)
            }
            Command::JoinBreakout {
                participant,
                breakout,
                stream,
            } => {
                let itself = actor == Actor::Participant(*participant);
                // All that the breakout carries never asks for too much.
                let camera = stream.is_some_and(|kinds| kinds.contains(TrackKind::Camera));
                let to = breakout.or_else(|| model.only_choice(*participant));
                let operates = self.by_operator(actor, *participant);
                group_mode
                    && (itself || operates)
                    && to.is_some_and(|to| model.is_welcome((*participant, operates), to, camera))
            }
            Command::ResumeParent(GateScope::Participant(id))
            | Command::UnmuteParent {
                scope: GateScope::Participant(id),
                ..
            } => {
                let kinds = !matches!(command, Command::UnmuteParent { kinds, .. }
                    if !kinds.audio && !kinds.video);
                let itself = actor == Actor::Participant(*id);
                group_mode && itself && kinds && !model.room_gate.paused
            }
            Command::Clear(Selection::All)
            | Command::Close(Selection::All)
            | Command::Open(Selection::All)
            | Command::Destroy(Selection::All) => {
                group_mode
                    && model.is_moderator(actor)
                    && model.has_power(actor, |it| it.create_breakouts)
            }
            _ => false,
        };
        ensure(!must, "wrongly refused", || {
            format!("{actor:?} {command:?}: {error:?}")
        })
    }

    fn by_operator(&self, actor: Actor, about: ParticipantId) -> bool {
        actor.is_operator() && self.model.person(about).is_some()
    }

    fn must_publish(&self, actor: Actor, id: ParticipantId, kind: TrackKind) -> bool {
        let Some(one) = self.model.person(id) else {
            return false;
        };
        let offered = one.track(kind).is_some_and(|track| track.offered);
        actor == Actor::Participant(id) && offered && one.grants.publish.contains(kind)
    }
}

impl World {
    /// At the end of a story everything is looked at once more.
    pub fn end(&mut self) -> Result<(), Violation> {
        self.be_quiet()?;
        self.restore()?;
        let now = self.clock().0;
        self.book.check(&self.room, now)?;
        self.book.check(&self.shadow, now)?;
        self.look_at_room()
    }
}
