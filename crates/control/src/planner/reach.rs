//! Sources that intercoms take to other groups, and the count of all streams.

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, Media, ParticipantId};

use super::list::Source;
use super::{Lists, Planner, Work};
use crate::state::State;

/// How many streams leave the server, all subscribers together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Forecast {
    pub audio: u32,
    pub video: u32,
}

impl Planner {
    /// The streams that the table lets through.
    pub(crate) fn forecast(&self) -> Forecast {
        let mut all = Forecast::default();
        for subscriber in self.subscribers.values() {
            let open = |media| {
                let held = subscriber.held.of(media).iter().flatten();
                let open = held.filter(|route| route.gate.is_open()).count();
                u32::try_from(open).unwrap_or(u32::MAX)
            };
            all.audio = all.audio.saturating_add(open(Media::Audio));
            all.video = all.video.saturating_add(open(Media::Video));
        }
        all
    }

    /// Takes over whom a speaker reaches by intercoms.
    pub(super) fn follow_reach(&mut self, state: &State, id: ParticipantId, work: &mut Work) {
        let reach = state.reach_of(id);
        let held = self.lists.reach.get(&id);
        if held.map_or(&[][..], Vec::as_slice) == reach {
            return;
        }
        work.announced.extend([Media::Audio, Media::Video]);
        if reach.is_empty() {
            self.lists.reach.remove(&id);
        } else {
            self.lists.reach.insert(id, reach);
        }
    }
}

impl Lists {
    /// True if an intercom takes the source to a participant in a group.
    pub(super) fn reaches(&self, source: &Source, to: (ParticipantId, GroupId)) -> bool {
        let reach = self.reach.get(&source.publisher);
        let mut reach = reach.into_iter().flatten();
        source.announced && reach.any(|it| it.covers(source.kind, to))
    }
}
