//! The volatile state of a room, which is not journalled: talkers and views. Losing it costs quality, never
//! isolation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, Media, ParticipantId, Route, RouteUpdate, TrackId, TrackKind};

use crate::command_run::Effects;
use crate::room::Room;
use crate::state::require;
use crate::{BreakoutError, bounds};

/// A subscriber's wishes for their slots. By default all sources, as far as the slots go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Views {
    /// Sources that are not named in `wishes` are shown too, if slots are left.
    pub everything_else: bool,
    /// At most [`bounds::VIEWS`].
    pub wishes: Vec<View>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    pub publisher: ParticipantId,
    /// The kind: camera, screen or canvas.
    pub kind: TrackKind,
    pub wish: Wish,
    /// The largest picture that is of use, in lines.
    pub max_height: Option<u16>,
}

/// How much somebody wants to see a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Before all others of its group.
    Pinned,
    /// If a slot is left.
    Shown,
    /// Not at all.
    Hidden,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            everything_else: true,
            wishes: Vec::new(),
        }
    }
}

/// All that is volatile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Volatile {
    /// The most active first.
    pub(crate) talkers: BTreeMap<GroupId, Vec<TrackId>>,
    pub(crate) wishes: BTreeMap<ParticipantId, Wishes>,
}

/// [`Views`], ready for looking up.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Wishes {
    pub(crate) everything_else: bool,
    by_source: BTreeMap<(ParticipantId, TrackKind), (Wish, u16)>,
    /// They change which sources are shown, not only how large.
    pub(crate) special: bool,
}

impl Wishes {
    pub(crate) fn new(views: &Views) -> Result<Self, BreakoutError> {
        require(
            views.wishes.len() <= bounds::VIEWS,
            BreakoutError::InvalidArgument("at most 256 wishes"),
        )?;
        let mut by_source = BTreeMap::new();
        for view in &views.wishes {
            require(
                view.kind.media() == Media::Video,
                BreakoutError::InvalidArgument("a wish is for camera, screen or canvas"),
            )?;
            let height = view.max_height.unwrap_or(Route::ANY_HEIGHT);
            by_source.insert((view.publisher, view.kind), (view.wish, height));
        }
        let chooses = by_source.values().any(|(wish, _)| *wish != Wish::Shown);
        Ok(Self {
            everything_else: views.everything_else,
            by_source,
            special: chooses || !views.everything_else,
        })
    }

    pub(crate) fn wish(&self, publisher: ParticipantId, kind: TrackKind) -> Option<Wish> {
        self.by_source
            .get(&(publisher, kind))
            .map(|(wish, _)| *wish)
    }

    pub(crate) fn max_height(&self, publisher: ParticipantId, kind: TrackKind) -> u16 {
        let known = self.by_source.get(&(publisher, kind));
        known.map_or(Route::ANY_HEIGHT, |(_, height)| *height)
    }

    /// The sources that have this wish.
    pub(crate) fn with(&self, wish: Wish) -> impl Iterator<Item = (ParticipantId, TrackKind)> {
        let all = self.by_source.iter();
        all.filter_map(move |(source, (its, _))| (*its == wish).then_some(*source))
    }
}

impl Volatile {
    /// The place of a track among the talkers of `group`, 0 the most active.
    pub(crate) fn rank(&self, group: GroupId, audio: Option<TrackId>) -> u16 {
        let talkers = self.talkers.get(&group);
        let (Some(talkers), Some(audio)) = (talkers, audio) else {
            return u16::MAX;
        };
        let place = talkers.iter().position(|talker| *talker == audio);
        place
            .and_then(|place| u16::try_from(place).ok())
            .unwrap_or(u16::MAX)
    }
}

impl Room {
    /// Handles a new ranking of a group's talkers, the most active first. Volatile.
    pub fn handle_talkers(&mut self, group: GroupId, ranked: &[TrackId]) -> Option<RouteUpdate> {
        let known = group
            .breakout()
            .is_none_or(|id| self.state.breakouts.contains_key(&id));
        let mut next: Vec<TrackId> = Vec::new();
        for track in ranked {
            if known && next.len() < usize::from(u8::MAX) && !next.contains(track) {
                next.push(*track);
            }
        }
        let before = self.volatile.talkers.remove(&group).unwrap_or_default();
        let unchanged = before == next;
        let ranked_anew = |track: &TrackId| {
            let place = |list: &[TrackId]| list.iter().position(|one| one == track);
            place(&before) != place(&next)
        };
        let participants = self.state.participants.iter();
        let touched = participants
            .filter(|(_, one)| one.group == group && !unchanged)
            .filter(|(_, one)| one.tracks.iter().any(|track| ranked_anew(&track.id)))
            .map(|(id, _)| *id)
            .collect();
        if !next.is_empty() {
            self.volatile.talkers.insert(group, next);
        }
        self.replan(&touched)
    }

    /// The talkers of a group, the most active first. The workers' lists lag behind moves: talkers who are
    /// elsewhere are left out.
    pub fn talkers(&self, group: GroupId) -> Vec<TrackId> {
        let known = self.volatile.talkers.get(&group);
        let here = |track: &&TrackId| self.planner.group_of(**track) == Some(group);
        known.into_iter().flatten().filter(here).copied().collect()
    }

    /// Sets a subscriber's wishes. Volatile.
    pub fn set_views(
        &mut self,
        participant: ParticipantId,
        views: Views,
    ) -> Result<Option<RouteUpdate>, BreakoutError> {
        self.state.participant(participant)?;
        let wishes = Wishes::new(&views)?;
        self.planner.set_choosy(participant, wishes.special);
        self.volatile.wishes.insert(participant, wishes);
        Ok(self.replan(&BTreeSet::from([participant])))
    }

    /// Forgets volatile state of participants and breakouts that are gone.
    pub(crate) fn forget_absent(&mut self, effects: &Effects) {
        for placing in effects.placed.iter().filter(|placing| placing.to.is_none()) {
            self.volatile.wishes.remove(&placing.participant);
            self.planner.set_choosy(placing.participant, false);
        }
        let breakouts = &self.state.breakouts;
        let exists = |group: &GroupId| {
            group
                .breakout()
                .is_none_or(|id| breakouts.contains_key(&id))
        };
        self.volatile.talkers.retain(|group, _| exists(group));
    }
}
