//! Events and the volatile messages between them.

use std::sync::Arc;

use sideroom_control::{self as control, Actor, EventKind, InvitationEnd, MoveCause, Viewer};
use sideroom_route::{ParticipantId, TrackId, TrackKind};

use super::{
    arrangement, ban, breakout, breakout_settings, gate, grants, id_list, inside, participant,
    presence, role, room_settings, rotation, summary, track,
};
use crate::{
    backend::SharedEvent,
    ids::{self, flags_out, kinds_out},
    proto::{self, event::Payload},
};

/// An event, as `viewer` may see it: only its sender sees the request that caused it.
pub(crate) fn event(event: &control::Event, viewer: Viewer) -> proto::Event {
    let payload = payload(&event.kind);
    let own = match (viewer, event.actor) {
        (Viewer::Operator, _) => true,
        (Viewer::Participant(viewer), Actor::Participant(actor)) => viewer == actor,
        (Viewer::Participant(_), Actor::Operator | Actor::Key(_) | Actor::System) => false,
    };
    let request_id = event.request_id.as_ref().filter(|_| own);
    proto::Event {
        seq: event.seq,
        epoch: event.epoch.0,
        version: event.version,
        at_ms: event.at.0,
        causing_request_id: request_id
            .map(|id| id.as_str().to_owned())
            .unwrap_or_default(),
        r#type: name_of(&payload).to_owned(),
        by: ids::actor(event.actor),
        payload: Some(payload),
    }
}

/// An event as receivers outside get it: its type, and the JSON that a signaling server sees.
pub fn outgoing_json(of: &control::Event) -> (&'static str, String) {
    let event = event(of, Viewer::Operator);
    let kind = event.payload.as_ref().map_or("", name_of);
    (kind, serde_json::to_string(&event).unwrap_or_default())
}

/// The types of all events, as JSON names them.
pub fn event_types() -> impl Iterator<Item = String> {
    let payload = EVENT_PROTO.split("oneof payload {").nth(1);
    let fields = payload.unwrap_or_default().split('}').next();
    let names = fields.unwrap_or_default().lines().filter_map(|line| {
        let (field, _) = line.split_once('=')?;
        field.split_whitespace().nth(1)
    });
    names.map(camel_case)
}

const EVENT_PROTO: &str = include_str!("../../proto/sideroom/v1/event_service.proto");

fn camel_case(snake: &str) -> String {
    let mut parts = snake.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(1.min(part.len()));
        name += &first.to_ascii_uppercase();
        name += rest;
    }
    name
}

impl SharedEvent {
    /// The event as JSON. Viewers who see the same share one rendering.
    pub(crate) fn json(&self, viewer: Viewer) -> Arc<str> {
        let render =
            || Arc::from(serde_json::to_string(&event(&self.event, viewer)).unwrap_or_default());
        let caused_by_viewer = match viewer {
            Viewer::Operator => true,
            Viewer::Participant(id) => self.event.actor == Actor::Participant(id),
        };
        if caused_by_viewer && self.event.request_id.is_some() {
            return render();
        }
        Arc::clone(self.rendered.get_or_init(render))
    }
}

/// The payload's key in JSON.
const fn name_of(payload: &Payload) -> &'static str {
    match payload {
        Payload::RoomUpdated(_) => "roomUpdated",
        Payload::RoomClosed(_) => "roomClosed",
        Payload::ParticipantJoined(_) => "participantJoined",
        Payload::ParticipantLeft(_) => "participantLeft",
        Payload::BanChanged(_) => "banChanged",
        Payload::ConnectionChanged(_) => "connectionChanged",
        Payload::RoleChanged(_) => "roleChanged",
        Payload::GrantsChanged(_) => "grantsChanged",
        Payload::TrackPublished(_) => "trackPublished",
        Payload::TrackUnpublished(_) => "trackUnpublished",
        Payload::MuteChanged(_) => "muteChanged",
        Payload::StreamChanged(_) => "streamChanged",
        Payload::ParentGateChanged(_) => "parentGateChanged",
        Payload::RoomGateChanged(_) => "roomGateChanged",
        Payload::MessageSent(_) => "messageSent",
        Payload::DrainingChanged(_) => "drainingChanged",
        Payload::BreakoutsCreated(_) => "breakoutsCreated",
        Payload::BreakoutUpdated(_) => "breakoutUpdated",
        Payload::BreakoutsDestroyed(_) => "breakoutsDestroyed",
        Payload::SelectableBreakouts(_) => "selectableBreakouts",
        Payload::SettingsChanged(_) => "settingsChanged",
        Payload::InvitationReceived(_) => "invitationReceived",
        Payload::InvitationRejected(_) => "invitationRejected",
        Payload::AssignmentChanged(_) => "assignmentChanged",
        Payload::ParticipantMoved(_) => "participantMoved",
        Payload::MembersChanged(_) => "membersChanged",
        Payload::AwayChanged(_) => "awayChanged",
        Payload::TimerTicked(_) => "timerTicked",
        Payload::AddressAllChanged(_) => "addressAllChanged",
        Payload::ListeningChanged(_) => "listeningChanged",
        Payload::HelpChanged(_) => "helpChanged",
        Payload::ParticipantRenamed(_) => "participantRenamed",
        Payload::InvitationEnded(_) => "invitationEnded",
        Payload::IntercomChanged(_) => "intercomChanged",
        Payload::IntercomStopped(_) => "intercomStopped",
        Payload::KnockChanged(_) => "knockChanged",
        Payload::ScheduleChanged(_) => "scheduleChanged",
        Payload::ScheduleFailed(_) => "scheduleFailed",
        Payload::RotationChanged(_) => "rotationChanged",
        Payload::RotationPlanned(_) => "rotationPlanned",
        Payload::ArrangementChanged(_) => "arrangementChanged",
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each event, and nothing else"
)]
fn payload(kind: &EventKind) -> Payload {
    use EventKind as E;
    match kind {
        E::RoomChanged { settings } => Payload::RoomUpdated(proto::RoomUpdated {
            settings: Some(room_settings(settings)),
        }),
        E::Draining(draining) => Payload::DrainingChanged(proto::DrainingChanged {
            draining: *draining,
        }),
        E::RoomClosed => Payload::RoomClosed(proto::RoomClosed {}),
        E::ParticipantJoined { participant: who } => {
            Payload::ParticipantJoined(proto::ParticipantJoined {
                participant: Some(participant(control::ParticipantView::clone(who))),
            })
        }
        E::ParticipantDropped { participant, until } => connection(*participant, Some(until.0)),
        E::ParticipantReconnected { participant } => connection(*participant, None),
        E::ParticipantLeft {
            participant,
            reason,
        } => Payload::ParticipantLeft(proto::ParticipantLeft {
            participant_id: participant.to_string(),
            reason: leave_reason(*reason).into(),
        }),
        E::Banned { ban: now } => Payload::BanChanged(proto::BanChanged {
            identity: now.identity.clone(),
            ban: Some(ban(control::BanView::clone(now))),
        }),
        E::Unbanned { identity, .. } => Payload::BanChanged(proto::BanChanged {
            identity: identity.clone(),
            ban: None,
        }),
        E::IntercomChanged { .. }
        | E::IntercomStopped { .. }
        | E::IntercomEntered { .. }
        | E::IntercomLeft { .. }
        | E::Knocked { .. }
        | E::KnockEnded { .. }
        | E::KnocksHeard { .. }
        | E::Scheduled { .. }
        | E::ScheduleEnded { .. }
        | E::ScheduleFailed { .. } => presence::payload(kind),
        E::RotationChanged { .. } | E::RotationPlanned { .. } | E::RotationEnded { .. } => {
            rotation::payload(kind)
        }
        E::ArrangementSaved { .. } | E::ArrangementRemoved { .. } => arrangement::payload(kind),
        E::RoleChanged {
            participant,
            role: now,
        } => Payload::RoleChanged(proto::RoleChanged {
            participant_id: participant.to_string(),
            role: role(*now).into(),
        }),
        E::GrantsChanged {
            participant,
            grants: now,
        } => Payload::GrantsChanged(proto::GrantsChanged {
            participant_id: participant.to_string(),
            grants: Some(grants(*now)),
        }),
        E::TrackPublished {
            participant,
            group,
            track: view,
        } => Payload::TrackPublished(proto::TrackPublished {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            track: Some(track(*view)),
        }),
        E::TrackUnpublished {
            participant,
            group,
            kind,
            track,
        } => Payload::TrackUnpublished(proto::TrackUnpublished {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            track: Some(bare_track(*track, *kind)),
        }),
        E::MuteChanged {
            participant,
            group,
            by_self,
            by_moderator,
        } => Payload::MuteChanged(proto::MuteChanged {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            by_publisher: kinds_out(*by_self),
            by_moderator: kinds_out(*by_moderator),
        }),
        E::StreamChanged {
            participant,
            group,
            stream,
        } => Payload::StreamChanged(proto::StreamChanged {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            stream: Some(flags_out(*stream)),
        }),
        E::BreakoutsCreated { breakouts } => Payload::BreakoutsCreated(proto::BreakoutsCreated {
            breakouts: breakouts.iter().cloned().map(breakout).collect(),
        }),
        E::BreakoutChanged { breakout: now } => Payload::BreakoutUpdated(proto::BreakoutUpdated {
            breakout: Some(breakout(control::BreakoutView::clone(now))),
        }),
        E::BreakoutDetailsChanged { breakout: now } => {
            Payload::BreakoutUpdated(proto::BreakoutUpdated {
                breakout: Some(inside(control::BreakoutView::clone(now))),
            })
        }
        E::InvitationChanged { breakout: now, .. } | E::OwnershipLost { breakout: now, .. } => {
            Payload::BreakoutUpdated(proto::BreakoutUpdated {
                breakout: boxed_summary(Some(now)),
            })
        }
        E::BreakoutsDestroyed { breakouts, members } => {
            Payload::BreakoutsDestroyed(proto::BreakoutsDestroyed {
                breakout_ids: breakouts.iter().map(ToString::to_string).collect(),
                member_ids: id_list(members.iter().copied()),
            })
        }
        // People who were only invited may not learn who was inside.
        E::InvitationsVoid { breakouts, .. } => {
            Payload::BreakoutsDestroyed(proto::BreakoutsDestroyed {
                breakout_ids: breakouts.iter().map(ToString::to_string).collect(),
                member_ids: Vec::new(),
            })
        }
        E::SelectableBreakouts { breakouts } => {
            Payload::SelectableBreakouts(proto::SelectableBreakouts {
                breakouts: breakouts.iter().cloned().map(summary).collect(),
            })
        }
        E::Assigned {
            participant,
            breakout,
        } => Payload::AssignmentChanged(proto::AssignmentChanged {
            participant_id: participant.to_string(),
            breakout: boxed_summary(breakout.as_deref()),
        }),
        E::Invited {
            participant,
            breakout,
            requestor,
            force,
        } => Payload::InvitationReceived(proto::InvitationReceived {
            participant_id: participant.to_string(),
            breakout: boxed_summary(Some(breakout)),
            requestor: ids::actor(*requestor),
            forced: *force,
        }),
        E::InviteRejected {
            participant,
            breakout,
            ..
        } => Payload::InvitationRejected(proto::InvitationRejected {
            participant_id: participant.to_string(),
            breakout_id: breakout.to_string(),
        }),
        E::Placed {
            participant,
            from,
            to,
            cause,
            by,
            breakout,
            gate: now,
        } => Payload::ParticipantMoved(proto::ParticipantMoved {
            participant_id: participant.to_string(),
            from_group_id: from.to_string(),
            to_group_id: to.to_string(),
            reason: move_reason(*cause).into(),
            by: ids::actor(*by),
            breakout: breakout.as_deref().cloned().map(inside),
            gate: Some(gate(*now)),
        }),
        E::MembersChanged {
            breakout,
            joined,
            left,
            people,
            listeners,
        } => Payload::MembersChanged(proto::MembersChanged {
            breakout_id: breakout.to_string(),
            joined_ids: id_list(joined.iter().copied()),
            left_ids: id_list(left.iter().copied()),
            people: people_list(people),
            listener_ids: id_list(listeners.iter().copied()),
        }),
        E::AwayChanged { away, back, people } => Payload::AwayChanged(proto::AwayChanged {
            away_ids: id_list(away.iter().copied()),
            back_ids: id_list(back.iter().copied()),
            people: people_list(people),
        }),
        E::BreakoutSettingsChanged { settings } => {
            Payload::SettingsChanged(proto::SettingsChanged {
                settings: Some(breakout_settings(settings)),
            })
        }
        E::Countdown {
            remaining_ms,
            ends_at,
        } => Payload::TimerTicked(proto::TimerTicked {
            ends_at_ms: ends_at.0,
            remaining_ms: *remaining_ms,
            in_grace: false,
        }),
        E::TimeUp { grace_until } => Payload::TimerTicked(proto::TimerTicked {
            ends_at_ms: grace_until.0,
            remaining_ms: 0,
            in_grace: true,
        }),
        E::GateChanged {
            participant,
            gate: now,
        } => Payload::ParentGateChanged(proto::ParentGateChanged {
            participant_id: participant.to_string(),
            gate: Some(gate(*now)),
        }),
        E::RoomGateChanged { gate: now } => Payload::RoomGateChanged(proto::RoomGateChanged {
            gate: Some(gate(*now)),
        }),
        E::AddressAllStarted { participant, kinds } => addressing(*participant, kinds_out(*kinds)),
        E::AddressAllStopped { participant } => addressing(*participant, Vec::new()),
        E::AddressAllText { from, text } => message(*from, String::new(), text),
        E::Chat { group, from, text } => message(*from, group.to_string(), text),
        E::ListeningStarted {
            participant,
            breakout,
            people,
            listeners,
            announced: _,
        } => Payload::ListeningChanged(proto::ListeningChanged {
            participant_id: participant.to_string(),
            group_id: breakout.summary.breakout.to_string(),
            listening: true,
            breakout: Some(inside(control::BreakoutView::clone(breakout))),
            people: people_list(people),
            listener_ids: id_list(listeners.iter().copied()),
        }),
        E::ListeningStopped {
            participant,
            breakout,
            announced: _,
        } => Payload::ListeningChanged(proto::ListeningChanged {
            participant_id: participant.to_string(),
            group_id: breakout.to_string(),
            listening: false,
            ..proto::ListeningChanged::default()
        }),
        E::Renamed {
            participant,
            display_name,
        } => Payload::ParticipantRenamed(proto::ParticipantRenamed {
            participant_id: participant.to_string(),
            display_name: display_name.clone(),
        }),
        E::InvitationEnded {
            participant,
            breakout,
            end,
            owner: _,
        } => Payload::InvitationEnded(proto::InvitationEnded {
            participant_id: participant.to_string(),
            breakout_id: breakout.to_string(),
            end: invitation_end(*end).into(),
        }),
        E::HelpAsked {
            participant,
            group,
            note,
        } => Payload::HelpChanged(proto::HelpChanged {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            text: note.clone(),
            raised: true,
            answered_by: String::new(),
        }),
        E::HelpAnswered {
            participant,
            group,
            by,
            note,
        } => Payload::HelpChanged(proto::HelpChanged {
            participant_id: participant.to_string(),
            group_id: group.to_string(),
            text: note.clone(),
            raised: false,
            answered_by: ids::actor(*by),
        }),
    }
}

fn connection(participant: ParticipantId, lost_until: Option<u64>) -> Payload {
    let connection = match lost_until {
        Some(_) => proto::Connection::Lost,
        None => proto::Connection::Connected,
    };
    Payload::ConnectionChanged(proto::ConnectionChanged {
        participant_id: participant.to_string(),
        connection: connection.into(),
        until_ms: lost_until.unwrap_or(0),
    })
}

fn addressing(participant: ParticipantId, kinds: Vec<i32>) -> Payload {
    Payload::AddressAllChanged(proto::AddressAllChanged {
        participant_id: participant.to_string(),
        kinds,
    })
}

fn people_list(people: &[control::ParticipantView]) -> Vec<proto::Participant> {
    people.iter().cloned().map(participant).collect()
}

const fn invitation_end(end: InvitationEnd) -> proto::InvitationEnd {
    match end {
        InvitationEnd::Accepted => proto::InvitationEnd::Accepted,
        InvitationEnd::Rejected => proto::InvitationEnd::Rejected,
        InvitationEnd::Withdrawn => proto::InvitationEnd::Withdrawn,
        InvitationEnd::Expired => proto::InvitationEnd::Expired,
    }
}

fn message(from: Actor, group_id: String, text: &str) -> Payload {
    Payload::MessageSent(proto::MessageSent {
        from: ids::actor(from),
        group_id,
        text: text.to_owned(),
    })
}

fn boxed_summary(breakout: Option<&control::BreakoutSummary>) -> Option<proto::Breakout> {
    breakout.cloned().map(summary)
}

fn bare_track(track: TrackId, kind: TrackKind) -> proto::Track {
    proto::Track {
        id: track.to_string(),
        kind: ids::kind_out(kind),
        ..proto::Track::default()
    }
}

pub(crate) const fn move_reason(cause: MoveCause) -> proto::MoveReason {
    match cause {
        MoveCause::JoinedRoom => proto::MoveReason::JoinedRoom,
        MoveCause::Joined => proto::MoveReason::Joined,
        MoveCause::Forced => proto::MoveReason::Forced,
        MoveCause::AutoMoved => proto::MoveReason::AutoMoved,
        MoveCause::Moved => proto::MoveReason::Moved,
        MoveCause::Shuffled => proto::MoveReason::Shuffled,
        MoveCause::Left => proto::MoveReason::Left,
        MoveCause::Cleared => proto::MoveReason::Cleared,
        MoveCause::Closed => proto::MoveReason::Closed,
        MoveCause::Destroyed => proto::MoveReason::Destroyed,
        MoveCause::TimeUp => proto::MoveReason::TimeUp,
        MoveCause::LeftRoom => proto::MoveReason::LeftRoom,
        MoveCause::Rotated => proto::MoveReason::Rotated,
        MoveCause::Arranged => proto::MoveReason::Arranged,
    }
}

const fn leave_reason(reason: control::LeaveReason) -> proto::LeaveReason {
    match reason {
        control::LeaveReason::Left => proto::LeaveReason::Left,
        control::LeaveReason::Removed => proto::LeaveReason::Removed,
        control::LeaveReason::Expired => proto::LeaveReason::ConnectionLost,
        control::LeaveReason::RoomClosed => proto::LeaveReason::RoomClosed,
        control::LeaveReason::Banned => proto::LeaveReason::Banned,
    }
}
