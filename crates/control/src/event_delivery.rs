//! Events: numbering them, keeping them, and telling them to those who may know, also later.

use std::sync::Arc;

use crate::command_run::Effects;
use crate::moves::Mover;
use crate::room::Room;
use crate::state::Participant;
use crate::{Actor, Event, EventKind, RequestId, Standing, UnixMillis, Viewer, bounds, event_list};

/// The events that were asked for are not kept any more: take a fresh snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the events after number {after} are not to be had; take a fresh snapshot, it is at {current}"
)]
pub struct Missed {
    /// The number that was asked for.
    pub after: u64,
    /// The number of the last event.
    pub current: u64,
}

impl Room {
    /// The event as `viewer` may know it, if at all: for events that have just happened.
    ///
    /// The event as the viewer sees it. A participant who has just left sees that, and no further events.
    pub fn event_for(&self, viewer: Viewer, event: &Event) -> Option<Event> {
        self.may_see(viewer, event)
            .then(|| self.redacted(viewer, event))
    }

    /// True if `viewer` may know of `event`, which has just happened.
    pub fn may_see(&self, viewer: Viewer, event: &Event) -> bool {
        let Viewer::Participant(id) = viewer else {
            return true;
        };
        match self.state.participants.get(&id) {
            Some(one) => event.visible_to(id, &standing_of(one, event.seq)),
            None => match event.kind {
                EventKind::ParticipantLeft { participant, .. } => participant == id,
                EventKind::RoomClosed => true,
                _ => false,
            },
        }
    }

    /// The events after number `after` that `viewer` may see, judged by their standing at each.
    pub fn events_after(&self, viewer: Viewer, after: u64) -> Result<Vec<Event>, Missed> {
        let current = self.seq();
        let missed = Missed { after, current };
        let kept = self.memory.events.after(after).ok_or(missed)?;
        let id = match viewer {
            Viewer::Operator => return Ok(kept.cloned().collect()),
            Viewer::Participant(id) => id,
        };
        let one = self.state.participants.get(&id).ok_or(missed)?;
        let earliest = one.standings.front().map_or(0, |standing| standing.seq);
        if one.standings.len() >= bounds::STANDINGS && after + 1 < earliest {
            return Err(missed);
        }
        let visible = kept.filter(|event| {
            let mut standings = one.standings.iter().rev();
            let standing = standings.find(|standing| standing.seq <= event.seq);
            standing.is_some_and(|standing| event.visible_to(id, standing))
        });
        Ok(visible.map(|event| self.redacted(viewer, event)).collect())
    }

    /// Request ids are their actor's own, and a moderator's to know.
    fn redacted(&self, viewer: Viewer, event: &Event) -> Event {
        let mut event = event.clone();
        if let Viewer::Participant(id) = viewer {
            let actor = Actor::Participant(id);
            if event.actor != actor && !self.state.is_moderator(actor) {
                event.request_id = None;
            }
        }
        event
    }

    /// Numbers the events of `effects`.
    pub(crate) fn number_events(&self, cause: &Cause<'_>, effects: &Effects) -> Vec<Arc<Event>> {
        let first = self.seq() + 1;
        let actor = effects.author.unwrap_or(cause.actor);
        let kinds = event_list::events(&self.state, actor, effects);
        let numbered = kinds.into_iter().zip(first..);
        let event = |(kind, seq)| {
            Arc::new(Event {
                seq,
                epoch: self.epoch,
                version: self.state.version,
                at: cause.now,
                request_id: (!cause.by_timer).then(|| cause.request_id.clone()),
                actor,
                audience: effects.audience_of(&kind),
                kind,
            })
        };
        numbered.map(event).collect()
    }

    /// From the next event on, those who are somewhere else than before may know other things.
    pub(crate) fn note_standings(&mut self, effects: &Effects) {
        let first = self.seq() + 1;
        for id in &effects.touched {
            let Some(one) = self.state.participants.get(id) else {
                continue;
            };
            let standing = standing_of(one, first);
            let unchanged = one.standings.back().is_some_and(|last| {
                let as_now = (standing.role, standing.group, standing.listening);
                (last.role, last.group, last.listening) == as_now
            });
            if !unchanged && let Some(one) = self.state.participants.get_mut(id) {
                one.keep_standing(standing);
            }
        }
    }

    pub(crate) fn note_moves(&mut self, cause: &Cause<'_>, effects: &Effects) {
        let mover = Mover {
            at: cause.now,
            by: effects.author.unwrap_or(cause.actor),
            request_id: cause.request_id,
        };
        self.memory.moves.note_lapses(cause.now, &effects.events);
        for placing in &effects.placed {
            let one = self.state.participants.get(&placing.participant);
            let who = (placing.participant, one.map(|one| one.identity.as_str()));
            self.memory
                .moves
                .note(who, placing.to, placing.cause, &mover);
        }
    }
}

/// The origin of events and moves: time, actor and request.
pub(crate) struct Cause<'a> {
    pub(crate) now: UnixMillis,
    pub(crate) actor: Actor,
    pub(crate) request_id: &'a RequestId,
    pub(crate) by_timer: bool,
}

fn standing_of(one: &Participant, seq: u64) -> Standing {
    Standing {
        seq,
        role: one.role,
        group: one.group,
        listening: one.listening,
    }
}
