//! Drives a room with random commands, talkers, wishes and time.

use proptest::prelude::*;
use sideroom_control::*;
use sideroom_route::*;

use crate::checks::{check_room, check_slots_stay};
use crate::story::fold::Accounts;
use crate::story::{Story, check_full_plan};

/// The next step, as numbers that get a meaning in the room that they meet.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) what: u8,
    pub(crate) actor: u8,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) c: u16,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<u16>(),
    )
        .prop_map(|(what, actor, a, b, c)| Step {
            what,
            actor,
            a,
            b,
            c,
        });
    prop::collection::vec(step, 1..90)
}

pub(crate) struct Random {
    pub(crate) story: Story,
    /// The account of each participant, folded from events; `None` where no test compares them.
    pub(crate) accounts: Option<Accounts>,
}

impl Random {
    pub(crate) fn participant(&self, pick: u8) -> ParticipantId {
        let all: Vec<_> = self.story.room.participants().collect();
        if all.is_empty() || pick == 255 {
            return ParticipantId::new(RoomId(7), 999);
        }
        all[usize::from(pick) % all.len()]
    }

    pub(crate) fn breakout(&self, pick: u8) -> BreakoutId {
        let all = self.story.view().breakouts;
        if all.is_empty() || pick == 255 {
            return BreakoutId(999);
        }
        all[usize::from(pick) % all.len()].summary.breakout
    }

    pub(crate) fn group(&self, pick: u8) -> GroupId {
        if pick.is_multiple_of(3) {
            GroupId::Parent
        } else {
            GroupId::Breakout(self.breakout(pick))
        }
    }

    pub(crate) fn selection(&self, pick: u8) -> Selection {
        if pick.is_multiple_of(2) {
            Selection::All
        } else {
            Selection::Some(vec![self.breakout(pick)])
        }
    }

    pub(crate) fn take(&mut self, step: &Step) {
        let actor = match step.actor % 6 {
            0..=2 => Actor::Operator,
            _ => Actor::Participant(self.participant(step.actor >> 2)),
        };
        let mut before = self.story.room.table();
        match step.what {
            0..60 => {
                let _ = self.story.try_as(Actor::Operator, Self::join(step));
            }
            60..120 => {
                let command = self.breakout_command(step);
                self.again(actor, command);
            }
            120..180 => {
                let command = self.other_command(step);
                self.again(actor, command);
            }
            180..220 => {
                let command = self.presence_command(step);
                self.again(actor, command);
            }
            220..230 => self.talk(step),
            230..240 => self.look(step),
            _ => {
                // Several timers may be due: a source may go with one and come back with the next.
                let millis = u64::from(step.c) * 2;
                self.story.pass_watching(millis, check_slots_stay);
                before = self.story.room.table();
            }
        }
        let after = self.story.room.table();
        check_slots_stay(&before, &after);
        match &mut self.accounts {
            Some(accounts) => accounts.follow(&self.story.room),
            None => check_room(&self.story.room),
        }
    }

    /// Applies; and if it was accepted, once more under the same id.
    fn again(&mut self, actor: Actor, command: Command) {
        let rehearsed = self.rehearse(actor, &command);
        let first = self.story.try_as(actor, command.clone());
        match (&rehearsed, &first) {
            (Ok(rehearsed), Ok(first)) => {
                assert_eq!(rehearsed.outcome, first.outcome, "{command:?}");
                assert_eq!(rehearsed.moves, moves(&first.events), "{command:?}");
            }
            (Err(one), Err(two)) => assert_eq!(one, two, "{command:?}"),
            _ => panic!("{command:?}: {rehearsed:?}, and then {first:?}"),
        }
        let Ok(first) = first else {
            return;
        };
        let id = first.record.as_ref().unwrap().request_id.clone();
        let (hash, seq) = (self.story.room.state_hash(), self.story.room.seq());
        let later = self.story.now + 5;
        match self.story.room.apply(later, actor, &id, command) {
            Ok(second) => {
                assert!(second.repeated && second.events.is_empty() && second.update.is_none());
                assert_eq!((second.outcome, second.epoch), (first.outcome, first.epoch));
            }
            // The actor may have left by its own command, and is still answered.
            Err(error) => panic!("{error}"),
        }
        assert_eq!(
            (self.story.room.state_hash(), self.story.room.seq()),
            (hash, seq)
        );
    }

    /// Rule 25: what the command would do. Nothing changes.
    fn rehearse(&self, actor: Actor, command: &Command) -> Result<DryRun, BreakoutError> {
        let room = &self.story.room;
        let before = (room.state_hash(), room.seq(), room.epoch());
        let rehearsed = room.dry_run(None, self.story.now, actor, command.clone());
        assert_eq!((room.state_hash(), room.seq(), room.epoch()), before);
        rehearsed
    }

    fn talk(&mut self, step: &Step) {
        let before = self.story.room.table();
        let mut ranked: Vec<TrackId> = before.tracks.keys().copied().collect();
        let turn = usize::from(step.a) % ranked.len().max(1);
        ranked.rotate_left(turn);
        ranked.truncate(usize::from(step.c % 5));
        let update = self.story.room.handle_talkers(self.group(step.b), &ranked);
        self.check_volatile(&before, update);
    }

    fn look(&mut self, step: &Step) {
        let before = self.story.room.table();
        let wishes = [
            (step.b, Wish::Pinned),
            (step.b ^ 1, Wish::Hidden),
            (step.b ^ 2, Wish::Shown),
        ]
        .iter()
        .map(|(pick, wish)| View {
            publisher: self.participant(*pick),
            kind: TrackKind::ALL[usize::from(step.c) % 3 + 1],
            wish: *wish,
            max_height: Some(step.c % 1080),
        })
        .take(usize::from(step.c >> 8) % 4)
        .collect();
        let views = Views {
            everything_else: step.c & 16 == 0,
            wishes,
        };
        if let Ok(update) = self.story.room.set_views(self.participant(step.a), views) {
            self.check_volatile(&before, update);
        }
    }

    fn check_volatile(&self, before: &RoutePlan, update: Option<RouteUpdate>) {
        let after = self.story.room.table();
        match update {
            Some(update) => assert_eq!(before.diff(&after), update),
            None => assert_eq!(before, &after),
        }
        check_full_plan(&self.story.room, before);
    }
}

/// Those whom the events move.
fn moves(events: &[std::sync::Arc<Event>]) -> Vec<(ParticipantId, GroupId, GroupId)> {
    let placed = events.iter().filter_map(|event| match event.kind {
        EventKind::Placed {
            participant,
            from,
            to,
            ..
        } => Some((participant, from, to)),
        _ => None,
    });
    placed.collect()
}
