//! Events: numbering them, keeping them, and telling them to those who may know, also later.

use crate::moves::Mover;
use crate::room::Room;
use crate::state::Participant;
use crate::turn::Effects;
use crate::{Actor, Event, EventKind, Request, Standing, Viewer, bounds, tell};

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

    /// Numbers and keeps the events of `effects`, and notes everybody's standing now.
    pub(crate) fn record_events(&mut self, request: &Request, effects: &mut Effects) -> Vec<Event> {
        let first = self.seq() + 1;
        let by_timer =
            request.actor == Actor::System && matches!(request.command, crate::Command::Timer(_));
        let kinds = tell::events(&self.state, request.actor, effects);
        let epoch = self.epoch();
        let events: Vec<Event> = kinds
            .into_iter()
            .zip(first..)
            .map(|(kind, seq)| Event {
                seq,
                epoch,
                at: request.now,
                request_id: (!by_timer).then(|| request.id.clone()),
                actor: request.actor,
                audience: effects.audience_of(&kind),
                kind,
            })
            .collect();
        self.memory.events.keep(&events);
        self.note_moves(request, effects);
        for id in &effects.touched {
            if let Some(one) = self.state.participants.get_mut(id) {
                note_standing(one, first);
            }
        }
        events
    }

    fn note_moves(&mut self, request: &Request, effects: &Effects) {
        let mover = Mover {
            at: request.now,
            by: request.actor,
            request_id: &request.id,
        };
        for placing in &effects.placed {
            let one = self.state.participants.get(&placing.participant);
            let who = (placing.participant, one.map(|one| one.identity.as_str()));
            self.memory
                .moves
                .note(who, placing.to, placing.cause, &mover);
        }
    }
}

fn standing_of(one: &Participant, seq: u64) -> Standing {
    Standing {
        seq,
        role: one.role,
        group: one.group,
        listening: one.listening,
    }
}

fn note_standing(one: &mut Participant, seq: u64) {
    let standing = standing_of(one, seq);
    let unchanged = one.standings.back().is_some_and(|last| {
        let as_now = (standing.role, standing.group, standing.listening);
        (last.role, last.group, last.listening) == as_now
    });
    if unchanged {
        return;
    }
    if one.standings.len() >= bounds::STANDINGS {
        one.standings.pop_front();
    }
    one.standings.push_back(standing);
}
