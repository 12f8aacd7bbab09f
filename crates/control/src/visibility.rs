//! Views of a room at rest, for each viewer. [`crate::EventKind::audience`] does the same for changes; the
//! two agree.

use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId};

use crate::person::person_of;
use crate::state::{Breakout, Participant, State};
use crate::{
    BreakoutSummary, BreakoutView, HelpRequest, IntercomView, InvitationView, KnockView,
    ParticipantView, RoomView, RotationView, ScheduleView, Viewer,
};

/// The viewer's place in the room: `None` for the operator.
type Place<'a> = Option<(ParticipantId, &'a Participant)>;

impl State {
    /// The whole room as `viewer` may see it; `None` if it is not in it.
    pub(crate) fn view(&self, viewer: Viewer, epoch: Epoch, seq: u64) -> Option<RoomView> {
        let place = match viewer {
            Viewer::Operator => None,
            Viewer::Participant(id) => Some((id, self.participants.get(&id)?)),
        };
        let sees_all = sees_all(place);
        let own_identity = place.map(|(_, one)| person_of(&one.identity));
        let assigned = own_identity.and_then(|identity| self.assignments.get(identity));
        let help = self.help.values();
        let shown = |id: &BreakoutId, breakout: &Breakout| {
            let own = place.is_some_and(|(viewer, one)| {
                one.group == GroupId::Breakout(*id)
                    || one.listening == Some(*id)
                    || breakout.owner == Some(viewer)
            });
            sees_all || own
        };
        Some(RoomView {
            room: self.config.id,
            name: self.config.name.clone(),
            settings: self.settings().clone(),
            epoch,
            version: self.version,
            seq,
            participants: self
                .participants
                .iter()
                .map(|(id, one)| self.participant_view(*id, one, place))
                .collect(),
            breakouts: self
                .breakouts
                .iter()
                .filter(|(id, breakout)| shown(id, breakout))
                .map(|(id, breakout)| self.breakout_view_for(*id, breakout, place))
                .collect(),
            selectable: self.selectable(),
            assigned: assigned.and_then(|id| self.summary(*id)),
            invitations: self.invitations_of(own_identity),
            gate: place.map(|(_, one)| one.effective_gate()),
            room_gate: self.room_gate,
            addressing: self
                .addressing
                .iter()
                .filter(|(_, it)| it.is_plain())
                .map(|(id, it)| (*id, it.kinds))
                .collect(),
            intercoms: self.intercoms_for(place),
            knocks: self.knocks_for(place),
            schedules: self.schedules_for(place),
            rotation: self.rotation_for(place),
            arrangements: match sees_all {
                true => self.arrangement_list(),
                false => Vec::new(),
            },
            listening: self.listening_for(place),
            help: help
                .filter(|request| {
                    sees_all || place.is_some_and(|(id, _)| id == request.participant)
                })
                .cloned()
                .collect::<Vec<HelpRequest>>(),
            bans: if sees_all { self.bans() } else { Vec::new() },
            draining: self.draining,
            closed: self.closed,
        })
    }

    fn invitations_of(&self, identity: Option<&str>) -> Vec<InvitationView> {
        let Some(identity) = identity else {
            return Vec::new();
        };
        let breakouts = self.breakouts.iter();
        breakouts
            .filter_map(|(id, breakout)| {
                let asked = breakout.invited.get(identity)?;
                Some(InvitationView {
                    breakout: summary_of(*id, breakout),
                    requestor: asked.by,
                })
            })
            .collect()
    }

    fn intercoms_for(&self, place: Place<'_>) -> Vec<IntercomView> {
        let told = |view: &IntercomView| {
            sees_all(place)
                || place.is_some_and(|(viewer, one)| {
                    viewer == view.participant || view.to.includes(viewer, one.group)
                })
        };
        let special = self.addressing.iter().filter(|(_, it)| !it.is_plain());
        let views = special.filter_map(|(id, _)| self.intercom_view(*id));
        views.filter(told).collect()
    }

    fn knocks_for(&self, place: Place<'_>) -> Vec<KnockView> {
        let told = |view: &KnockView| {
            sees_all(place)
                || place.is_some_and(|(viewer, one)| {
                    viewer == view.participant || one.group == GroupId::Breakout(view.breakout)
                })
        };
        let knocks = self.knocks.iter();
        let views = knocks.map(|((breakout, participant), until)| KnockView {
            breakout: *breakout,
            participant: *participant,
            until: *until,
        });
        views.filter(told).collect()
    }

    fn schedules_for(&self, place: Place<'_>) -> Vec<ScheduleView> {
        let told = |view: &ScheduleView| {
            sees_all(place) || place.is_some_and(|(viewer, _)| view.concerns(viewer))
        };
        let views = self.schedules.iter().map(|(id, it)| it.view(*id));
        views.filter(told).collect()
    }

    fn rotation_for(&self, place: Place<'_>) -> Option<Box<RotationView>> {
        let view = self.rotation.as_ref()?.view();
        Some(Box::new(match sees_all(place) {
            true => view,
            false => view.public(),
        }))
    }

    fn listening_for(&self, place: Place<'_>) -> Vec<(ParticipantId, BreakoutId)> {
        let announced = self.settings().breakouts.announce_presence;
        let told = |listener: ParticipantId, breakout: BreakoutId| {
            sees_all(place)
                || place.is_some_and(|(viewer, one)| {
                    let inside = one.is_near(GroupId::Breakout(breakout));
                    viewer == listener || announced && inside
                })
        };
        let people = self.participants.iter();
        let all = people.filter_map(|(id, one)| Some((*id, one.listening?)));
        all.filter(|(id, breakout)| told(*id, *breakout)).collect()
    }

    /// The participants who listen in on a breakout, as far as people inside may know.
    pub(crate) fn listeners_of(&self, breakout: BreakoutId) -> Vec<ParticipantId> {
        if !self.settings().breakouts.announce_presence {
            return Vec::new();
        }
        let people = self.participants.iter();
        let listeners = people.filter(|(_, one)| one.listening == Some(breakout));
        listeners.map(|(id, _)| *id).collect()
    }

    /// All members of a breakout, as those inside may see them.
    pub(crate) fn people_in(&self, breakout: BreakoutId) -> Vec<ParticipantView> {
        let members = self.breakouts.get(&breakout);
        let members = members.into_iter().flat_map(|it| it.members.iter());
        members.filter_map(|id| self.neighbour_view(*id)).collect()
    }

    /// A participant, as members of the same group may see them.
    pub(crate) fn neighbour_view(&self, id: ParticipantId) -> Option<ParticipantView> {
        let one = self.participants.get(&id)?;
        let mut view = self.participant_view(id, one, Some((id, one)));
        view.grants = None;
        Some(view)
    }

    fn participant_view(
        &self,
        id: ParticipantId,
        one: &Participant,
        place: Place<'_>,
    ) -> ParticipantView {
        let itself = place.is_some_and(|(viewer, _)| viewer == id);
        let together = place.is_some_and(|(_, viewer)| viewer.is_near(one.group));
        let knows_group = sees_all(place) || itself || together;
        let hears = knows_group || one.group == GroupId::Parent;
        let tracks = one.tracks.iter().filter(|track| hears && track.published);
        ParticipantView {
            participant: id,
            identity: one.identity.clone(),
            display_name: one.display_name.clone(),
            role: one.role,
            grants: (sees_all(place) || itself).then_some(one.grants),
            group: if knows_group {
                one.group
            } else {
                GroupId::Parent
            },
            away: one.is_away(),
            dropped: !one.is_connected(),
            connecting: false,
            tracks: tracks.map(|track| one.track_view(track)).collect(),
            joined_at: one.joined_at,
        }
    }

    /// A participant, as everybody may see them.
    pub(crate) fn public_view(&self, id: ParticipantId) -> Option<ParticipantView> {
        let mut view = self.neighbour_view(id)?;
        view.group = GroupId::Parent;
        if view.away {
            view.tracks.clear();
        }
        Some(view)
    }

    /// A breakout with everything that a moderator may know.
    pub(crate) fn breakout_view(&self, id: BreakoutId) -> Option<BreakoutView> {
        let breakout = self.breakouts.get(&id)?;
        Some(self.breakout_view_for(id, breakout, None))
    }

    /// A breakout, as those inside may see it.
    pub(crate) fn inside_view(&self, id: BreakoutId) -> Option<BreakoutView> {
        let mut view = self.breakout_view(id)?;
        view.assigned.clear();
        view.invited.clear();
        Some(view)
    }

    /// The view of a breakout: only moderators and the owner see invitees and assignees.
    fn breakout_view_for(
        &self,
        id: BreakoutId,
        breakout: &Breakout,
        place: Place<'_>,
    ) -> BreakoutView {
        let owns = place.is_some_and(|(viewer, _)| breakout.owner == Some(viewer));
        let knows = sees_all(place) || owns;
        let assigned = self.assigned_to(id).filter(|_| knows);
        let invited = breakout.invited.keys().filter(|_| knows);
        BreakoutView {
            summary: summary_of(id, breakout),
            owner: breakout.owner,
            assigned: assigned.cloned().collect(),
            invited: invited.cloned().collect(),
            members: breakout.members.iter().copied().collect(),
        }
    }

    /// The summary of a breakout that invitees may see.
    pub(crate) fn summary(&self, id: BreakoutId) -> Option<BreakoutSummary> {
        self.breakouts
            .get(&id)
            .map(|breakout| summary_of(id, breakout))
    }

    /// The breakouts that participants may choose from.
    pub(crate) fn selectable(&self) -> Vec<BreakoutSummary> {
        let all = self.settings().breakouts.self_select;
        let breakouts = self.breakouts.iter();
        breakouts
            .filter(|(_, breakout)| all || breakout.is_shown())
            .map(|(id, breakout)| summary_of(*id, breakout))
            .collect()
    }
}

fn sees_all(place: Place<'_>) -> bool {
    place.is_none_or(|(_, viewer)| viewer.is_moderator())
}

fn summary_of(id: BreakoutId, breakout: &Breakout) -> BreakoutSummary {
    BreakoutSummary {
        breakout: id,
        name: breakout.name.clone(),
        open: breakout.open,
        capacity: breakout.capacity,
        occupancy: breakout.occupancy(),
        media: breakout.media,
        auto_move: breakout.auto_move,
        self_select: breakout.self_select,
        thread_id: breakout.thread_id.clone(),
        door: breakout.door,
        side: breakout.side,
        ends_at: breakout.ends_at,
    }
}
