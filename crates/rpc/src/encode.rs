//! Converts the room's values to the wire. It decides nothing: the room has already left out the values that
//! the viewer may not see.

mod arrangement;
mod attendance;
mod event;
mod outcome;
mod presence;
mod rotation;
mod watch;

use sideroom_control as control;
use sideroom_route::{GroupId, ParticipantId};

use crate::{
    backend,
    ids::{self, flags_out, kinds_out},
    proto,
};

pub(crate) use arrangement::{absent, arranged_room, arrangement_of};
pub(crate) use attendance::attendance;
pub use event::{event_types, outgoing_json};
pub(crate) use outcome::{
    breakout_ids, breakouts, gate_of, left_over, moved, one_breakout, placed, placed_at, returned,
    seed_of,
};
pub(crate) use presence::{intercom_of, rehearsed, schedule_of};
pub(crate) use rotation::rotation_of;
pub(crate) use watch::{slot_media, watch_item};

/// A room, as its viewer may see it.
pub(crate) fn room(view: control::RoomView) -> proto::Room {
    proto::Room {
        name: view.name,
        settings: Some(room_settings(&view.settings)),
        room_gate: Some(gate(view.room_gate)),
        participants: view.participants.into_iter().map(participant).collect(),
        breakouts: view.breakouts.into_iter().map(breakout).collect(),
        seq: view.seq,
        epoch: view.epoch.0,
        version: view.version,
        parent_gate: view.gate.map(gate),
        selectable: view.selectable.into_iter().map(summary).collect(),
        assigned: view.assigned.map(summary),
        pending_invitations: view.invitations.iter().map(invitation).collect(),
        invitations: view
            .invitations
            .into_iter()
            .map(|one| summary(one.breakout))
            .collect(),
        listening: view
            .listening
            .into_iter()
            .map(|(who, group)| proto::Listening {
                participant_id: who.to_string(),
                group_id: group.to_string(),
            })
            .collect(),
        addressing: view
            .addressing
            .into_iter()
            .map(|(who, kinds)| proto::Addressing {
                participant_id: who.to_string(),
                kinds: kinds_out(kinds),
            })
            .collect(),
        help: view.help.into_iter().map(help).collect(),
        draining: view.draining,
        bans: view.bans.into_iter().map(ban).collect(),
        intercoms: view.intercoms.iter().map(presence::intercom).collect(),
        knocks: view.knocks.iter().map(presence::knock).collect(),
        schedules: view.schedules.iter().map(presence::schedule).collect(),
        rotation: view.rotation.as_deref().map(rotation::rotation),
        arrangements: view
            .arrangements
            .into_iter()
            .map(arrangement::summary)
            .collect(),
    }
}

pub(crate) fn ban(view: control::BanView) -> proto::Ban {
    proto::Ban {
        identity: view.identity,
        reason: view.reason,
        until_ms: view.until.map_or(0, |until| until.0),
        by: ids::actor(view.by),
        since_ms: view.since.0,
    }
}

fn invitation(invitation: &control::InvitationView) -> proto::Invitation {
    proto::Invitation {
        breakout: Some(summary(invitation.breakout.clone())),
        requestor: ids::actor(invitation.requestor),
    }
}

fn help(request: control::HelpRequest) -> proto::HelpRequest {
    proto::HelpRequest {
        participant_id: request.participant.to_string(),
        group_id: request.group.to_string(),
        text: request.note,
        at_ms: request.at.0,
    }
}

pub(crate) fn participant(view: control::ParticipantView) -> proto::Participant {
    proto::Participant {
        id: view.participant.to_string(),
        identity: view.identity,
        display_name: view.display_name,
        role: role(view.role).into(),
        grants: view.grants.map(grants),
        group_id: view.group.to_string(),
        away: view.away,
        tracks: view.tracks.into_iter().map(track).collect(),
        connection: connection(view.dropped, view.connecting).into(),
        joined_at_ms: view.joined_at.0,
    }
}

const fn connection(dropped: bool, connecting: bool) -> proto::Connection {
    match (dropped, connecting) {
        (true, _) => proto::Connection::Lost,
        (false, true) => proto::Connection::Connecting,
        (false, false) => proto::Connection::Connected,
    }
}

pub(crate) fn track(view: control::TrackView) -> proto::Track {
    proto::Track {
        id: view.track.to_string(),
        kind: ids::kind_out(view.kind),
        muted_by_publisher: view.muted_by_self,
        muted_by_moderator: view.muted_by_moderator,
    }
}

/// A breakout with everything that a moderator may know.
pub(crate) fn breakout(view: control::BreakoutView) -> proto::Breakout {
    proto::Breakout {
        owner_id: view.owner.map(|id| id.to_string()).unwrap_or_default(),
        assigned_identities: view.assigned,
        invited_identities: view.invited,
        member_ids: id_list(view.members),
        detail: proto::BreakoutDetail::Full.into(),
        ..summary(view.summary)
    }
}

/// A breakout as those inside see it.
pub(crate) fn inside(view: control::BreakoutView) -> proto::Breakout {
    proto::Breakout {
        detail: proto::BreakoutDetail::Inside.into(),
        ..breakout(view)
    }
}

/// A breakout with the fields that every viewer of it may see.
pub(crate) fn summary(view: control::BreakoutSummary) -> proto::Breakout {
    let state = if view.open {
        proto::BreakoutState::Open
    } else {
        proto::BreakoutState::Closed
    };
    proto::Breakout {
        id: view.breakout.to_string(),
        display_name: view.name,
        capacity: view.capacity.into(),
        occupancy: view.occupancy.into(),
        media: Some(flags_out(view.media)),
        state: state.into(),
        auto_move: view.auto_move,
        self_select: view.self_select,
        thread_id: view.thread_id,
        door: presence::door(view.door).into(),
        side: view.side,
        ends_at_ms: view.ends_at.map_or(0, |at| at.0),
        detail: proto::BreakoutDetail::Summary.into(),
        ..proto::Breakout::default()
    }
}

pub(crate) const fn gate(gate: control::ParentGate) -> proto::ParentGate {
    proto::ParentGate {
        paused: gate.paused,
        audio_muted: gate.audio_muted,
        video_muted: gate.video_muted,
    }
}

pub(crate) const fn role(role: control::Role) -> proto::Role {
    match role {
        control::Role::Participant => proto::Role::Participant,
        control::Role::Moderator => proto::Role::Moderator,
    }
}

pub(crate) fn grants(grants: control::Grants) -> proto::Grants {
    proto::Grants {
        publish: kinds_out(grants.publish),
        create_breakouts: grants.create_breakouts,
        move_others: grants.move_others,
        listen_in: grants.listen_in,
        address_all: grants.address_all,
        create_side_rooms: grants.create_side_rooms,
    }
}

pub(crate) fn room_settings(settings: &control::RoomSettings) -> proto::RoomSettings {
    let mode = match settings.mode {
        control::RoomMode::Group => proto::RoomMode::Group,
        control::RoomMode::Lecture => proto::RoomMode::Lecture,
    };
    let codec = match settings.codecs.video {
        control::VideoCodec::Vp8 => proto::VideoCodec::Vp8,
        control::VideoCodec::H264 => proto::VideoCodec::H264,
        control::VideoCodec::Vp9 => proto::VideoCodec::Vp9,
        control::VideoCodec::Av1 => proto::VideoCodec::Av1,
    };
    proto::RoomSettings {
        mode: mode.into(),
        max_active_talkers: settings.max_active_talkers.into(),
        max_breakouts: settings.max_breakouts.into(),
        max_participants: settings.max_participants,
        reconnect_grace_ms: settings.reconnect_grace_ms,
        video_codec: codec.into(),
        breakouts: Some(breakout_settings(&settings.breakouts)),
    }
}

pub(crate) fn breakout_settings(settings: &control::BreakoutSettings) -> proto::BreakoutSettings {
    let while_away = match settings.parent_while_away {
        control::ParentWhileAway::Live => proto::ParentWhileAway::Live,
        control::ParentWhileAway::Paused => proto::ParentWhileAway::Paused,
    };
    let availability = match settings.availability {
        control::Availability::Available => proto::Availability::Available,
        control::Availability::NotSupported => proto::Availability::NotSupported,
        control::Availability::Disabled => proto::Availability::Disabled,
    };
    proto::BreakoutSettings {
        parent_while_away: while_away.into(),
        allow_return: settings.allow_return,
        self_select: settings.self_select,
        ends_at_ms: settings.ends_at.map_or(0, |at| at.0),
        end_grace_ms: settings.grace_ms,
        availability: availability.into(),
        allow_video: settings.allow_video,
        countdown_ms: settings.countdown_ms.clone(),
        announce_presence: settings.announce_presence,
    }
}

pub(crate) fn id_list(ids: impl IntoIterator<Item = ParticipantId>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

pub(crate) fn move_targets(moves: &[(ParticipantId, GroupId)]) -> Vec<proto::MoveTarget> {
    let target = |(who, to): &(ParticipantId, GroupId)| proto::MoveTarget {
        participant_id: who.to_string(),
        to_group_id: to.to_string(),
        stream_info: None,
    };
    moves.iter().map(target).collect()
}

pub(crate) fn room_summary(room: backend::RoomSummary) -> proto::RoomSummary {
    proto::RoomSummary {
        name: room.name,
        participants: room.participants,
        breakouts: room.breakouts,
        created_at_ms: room.created_at.0,
        seq: room.seq,
        epoch: room.epoch.0,
        version: room.version,
    }
}

pub(crate) fn stay(stay: control::Stay) -> proto::Move {
    proto::Move {
        participant_id: stay.participant.to_string(),
        identity: stay.identity,
        group_id: stay.group.to_string(),
        from_ms: stay.from.0,
        until_ms: stay.end.map_or(0, |end| end.at.0),
        reason: event::move_reason(stay.cause).into(),
        by: ids::actor(stay.by),
    }
}

pub(crate) fn answer(answer: &backend::Answer) -> proto::Answer {
    proto::Answer {
        epoch: answer.epoch.0,
        seq: answer.seq,
        replayed: answer.repeated,
        version: answer.version,
        schedule: schedule_of(&answer.outcome),
        dry_run: None,
    }
}

pub(crate) fn tracks(media: &backend::Negotiated) -> Vec<proto::NegotiatedTrack> {
    let track = |(kind, mid): &(_, String)| proto::NegotiatedTrack {
        mid: mid.clone(),
        kind: ids::kind_out(*kind),
    };
    media.tracks.iter().map(track).collect()
}

pub(crate) fn slots(media: &backend::Negotiated) -> Vec<proto::NegotiatedSlot> {
    let slot = |(slot, mid): &(sideroom_route::SlotId, String)| proto::NegotiatedSlot {
        mid: mid.clone(),
        media: slot_media(*slot).to_owned(),
        index: slot.index.into(),
    };
    media.slots.iter().map(slot).collect()
}

pub(crate) fn stats(stats: backend::Stats) -> proto::GetStatsResponse {
    let worker = |worker: backend::WorkerStats| proto::WorkerStats {
        worker: worker.worker.into(),
        participants: worker.participants,
        packets_in: worker.packets_in,
        packets_out: worker.packets_out,
        bytes_in: worker.bytes_in,
        bytes_out: worker.bytes_out,
        load: worker.load,
    };
    let drop = |(reason, packets): (sideroom_route::DropReason, u64)| proto::DropCount {
        reason: reason.name().to_owned(),
        packets,
    };
    proto::GetStatsResponse {
        version: stats.version,
        uptime_ms: u64::try_from(stats.uptime.as_millis()).unwrap_or(u64::MAX),
        draining: stats.draining,
        rooms: stats.rooms,
        participants: stats.participants,
        breakouts: stats.breakouts,
        workers: stats.workers.into_iter().map(worker).collect(),
        drops: stats.drops.into_iter().map(drop).collect(),
    }
}
