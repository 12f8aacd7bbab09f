//! "Who hears whom", the five lines, once more: over a picture of the room at one epoch.

use std::collections::BTreeMap;
use std::rc::Rc;

use sideroom_control::ParentGate;
use sideroom_route::{GroupId, Media, ParticipantId, RouteReason, TrackId, TrackKind};

use super::{Model, Person, Speech, Talkers, Track};

/// The state that decides who hears whom, at one epoch.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    people: Vec<Person>,
    room_gate: ParentGate,
    max_active_talkers: usize,
    talkers: Talkers,
    speeches: BTreeMap<ParticipantId, Speech>,
    answers: BTreeMap<ParticipantId, ParticipantId>,
}

/// Why something must not be heard.
pub(crate) type Refusal = &'static str;

impl Model {
    /// The present picture.
    pub(crate) fn picture(&self) -> Rc<Picture> {
        Rc::new(Picture {
            people: self.people.clone(),
            room_gate: self.room_gate,
            max_active_talkers: usize::from(self.settings.max_active_talkers),
            talkers: Rc::clone(&self.talkers),
            speeches: self.speeches.clone(),
            answers: self.answers.clone(),
        })
    }
}

impl Person {
    /// Lines 1 and 2: the publisher's own conditions for a track of this kind.
    fn speaks(&self, kind: TrackKind) -> Result<GroupId, Refusal> {
        let track = self.track(kind).ok_or("no such track")?;
        if !track.published || !self.connected {
            return Err("the track is not live");
        }
        if self.muted_by_self.contains(kind) || self.muted_by_moderator.contains(kind) {
            return Err("the track is muted");
        }
        track.routed.ok_or("the kind is not carried there")
    }

    pub(crate) fn track(&self, kind: TrackKind) -> Option<&Track> {
        self.tracks.get(kind as usize)?.as_ref()
    }

    /// How many slots it has.
    pub(crate) fn slots_of(&self, media: Media) -> usize {
        usize::from(match media {
            Media::Audio => self.slots.audio,
            Media::Video => self.slots.video,
        })
    }

    fn parent_is_shut(&self, room: &ParentGate, media: Media) -> bool {
        let own = &self.gate;
        let paused = own.paused || self.paused_by_joining || room.paused;
        paused
            || match media {
                Media::Audio => own.audio_muted || room.audio_muted,
                Media::Video => own.video_muted || room.video_muted,
            }
    }
}

impl Picture {
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(crate) fn person(&self, id: ParticipantId) -> Option<&Person> {
        let index = self.people.binary_search_by_key(&id, |one| one.id).ok()?;
        self.people.get(index)
    }

    /// The grouping of a track, 0 if it has no audience.
    pub(crate) fn grouping(&self, publisher: ParticipantId, kind: TrackKind) -> u32 {
        let track = self.person(publisher).and_then(|one| one.track(kind));
        track
            .filter(|it| it.routed.is_some())
            .map_or(0, |it| it.grouping)
    }

    /// Lines 1 to 4.
    pub(crate) fn allows(
        &self,
        to: ParticipantId,
        from: ParticipantId,
        kind: TrackKind,
    ) -> Result<RouteReason, Refusal> {
        let to = self.person(to).ok_or("the subscriber is not in the room")?;
        let from = self
            .person(from)
            .ok_or("the publisher is not in the room")?;
        if to.id == from.id {
            return Err("its own track");
        }
        if !to.connected {
            return Err("the subscriber is not connected");
        }
        let group = from.speaks(kind)?;
        let placement = self.reaches(to, from, (group, kind))?;
        if kind == TrackKind::Audio
            && placement != RouteReason::AddressAll
            && !self.is_among_talkers(to, from, group)
        {
            return Err("the publisher is not among the talkers");
        }
        Ok(placement)
    }

    /// Line 3: the track reaches the listener's group.
    fn reaches(
        &self,
        to: &Person,
        from: &Person,
        (group, kind): (GroupId, TrackKind),
    ) -> Result<RouteReason, Refusal> {
        if self.is_spoken_to(to, from, kind) {
            return Ok(RouteReason::AddressAll);
        }
        if self.is_suspended(from, kind) {
            return Err("the publisher's own group does not hear it");
        }
        if group == to.group {
            return Ok(RouteReason::OwnGroup);
        }
        if group == GroupId::Parent {
            return if to.parent_is_shut(&self.room_gate, kind.media()) {
                Err("the parent gate is shut")
            } else {
                Ok(RouteReason::Parent)
            };
        }
        if group.breakout() == to.listening {
            return Ok(RouteReason::ListeningIn);
        }
        Err("another group")
    }

    /// Rule 19: by an intercom of the publisher, or by their answer to one.
    fn is_spoken_to(&self, to: &Person, from: &Person, kind: TrackKind) -> bool {
        let own = self.speeches.get(&from.id);
        if own.is_some_and(|it| it.kinds.contains(kind) && it.addresses(to.id, to.group)) {
            return true;
        }
        let Some(asked) = self.answers.get(&from.id) else {
            return false;
        };
        let set = self.speeches.get(asked);
        set.is_some_and(|it| {
            it.kinds.contains(kind) && (to.id == *asked || it.addresses(to.id, to.group))
        })
    }

    /// Rules 19 and 21: only those hear it whom the publisher addresses.
    fn is_suspended(&self, from: &Person, kind: TrackKind) -> bool {
        let own = self.speeches.get(&from.id);
        from.follows || own.is_some_and(|it| it.suspends && it.kinds.contains(kind))
    }

    /// Line 4: the publisher is among the talkers.
    fn is_among_talkers(&self, to: &Person, from: &Person, group: GroupId) -> bool {
        let mut louder = 0;
        let mut live = 0;
        let Some(own) = from.track(TrackKind::Audio) else {
            return false;
        };
        let ranked = self.talkers.get(&group).map_or(&[][..], Vec::as_slice);
        let rank = |track: TrackId| {
            let place = ranked.iter().position(|one| *one == track);
            (place.unwrap_or(usize::MAX), track)
        };
        let limit = to.slots_of(Media::Audio);
        for other in self.people.iter().filter(|other| other.id != to.id) {
            if let Some(track) = other.track(TrackKind::Audio)
                && other.speaks(TrackKind::Audio) == Ok(group)
                && !self.is_suspended(other, TrackKind::Audio)
            {
                live += 1;
                louder += usize::from(rank(track.id) < rank(own.id));
            }
        }
        live <= limit || louder < self.max_active_talkers
    }
}
