//! Intercoms, knocks, schedules and dry runs.

use sideroom_control as control;
use sideroom_control::{Addressed, EventKind, IfLate, Outcome, OwnGroup};
use sideroom_route::GroupId;

use super::id_list;
use crate::{
    ids::{self, kinds_out},
    proto::{self, event::Payload},
};

pub(crate) fn intercom(view: &control::IntercomView) -> proto::Intercom {
    let (groups, people) = match &view.to {
        Addressed::All => (Vec::new(), Vec::new()),
        Addressed::Some { groups, people } => (
            groups.iter().map(GroupId::to_string).collect(),
            id_list(people.iter().copied()),
        ),
    };
    proto::Intercom {
        participant_id: view.participant.to_string(),
        all: view.to == Addressed::All,
        group_ids: groups,
        to_participant_ids: people,
        kinds: kinds_out(view.kinds),
        suspend_own_group: view.own_group == OwnGroup::Suspend,
        allow_reply: view.allow_reply,
        until_ms: view.until.map_or(0, |until| until.0),
        replying_ids: id_list(view.replying.iter().copied()),
    }
}

pub(crate) fn knock(view: &control::KnockView) -> proto::Knock {
    proto::Knock {
        breakout_id: view.breakout.to_string(),
        participant_id: view.participant.to_string(),
        until_ms: view.until.0,
    }
}

pub(crate) const fn knock_end(end: control::KnockEnd) -> proto::KnockEnd {
    match end {
        control::KnockEnd::Admitted => proto::KnockEnd::Admitted,
        control::KnockEnd::Refused => proto::KnockEnd::Refused,
        control::KnockEnd::Expired => proto::KnockEnd::Expired,
        control::KnockEnd::Withdrawn => proto::KnockEnd::Withdrawn,
        control::KnockEnd::Void => proto::KnockEnd::Void,
    }
}

pub(crate) const fn door(door: control::Door) -> proto::Door {
    match door {
        control::Door::Open => proto::Door::Open,
        control::Door::Locked => proto::Door::Locked,
        control::Door::Knocking => proto::Door::Knocking,
    }
}

pub(crate) fn schedule(view: &control::ScheduleView) -> proto::ScheduledCommand {
    let if_late = match view.if_late {
        IfLate::Within(within_ms) => proto::IfLate {
            within_ms,
            always: false,
        },
        IfLate::Always => proto::IfLate {
            within_ms: 0,
            always: true,
        },
    };
    proto::ScheduledCommand {
        schedule_id: view.schedule.0,
        at_ms: view.at.0,
        if_late: Some(if_late),
        by: ids::actor(view.by),
        command: view.command.clone(),
        public: view.public,
        participant_ids: id_list(view.people.iter().copied()),
    }
}

/// The schedule that a command led to.
pub(crate) fn schedule_of(outcome: &Outcome) -> Option<proto::ScheduledCommand> {
    match outcome {
        Outcome::Scheduled { schedule: view } => Some(schedule(view)),
        _ => None,
    }
}

/// The intercom that a command led to.
pub(crate) fn intercom_of(outcome: &Outcome) -> Option<proto::Intercom> {
    match outcome {
        Outcome::Intercom { intercom: view } => Some(intercom(view)),
        _ => None,
    }
}

/// The answer to a command that was not carried out.
pub(crate) fn rehearsed(run: &control::DryRun) -> proto::Answer {
    let moves = run.moves.iter();
    let moves = moves.map(|(who, from, to)| proto::MoveForecast {
        participant_id: who.to_string(),
        from_group_id: from.to_string(),
        to_group_id: to.to_string(),
    });
    proto::Answer {
        schedule: schedule_of(&run.outcome),
        dry_run: Some(proto::DryRun {
            moves: moves.collect(),
            audio_streams_before: run.before.audio,
            video_streams_before: run.before.video,
            audio_streams_after: run.after.audio,
            video_streams_after: run.after.video,
        }),
        ..proto::Answer::default()
    }
}

/// The payload of an event on intercoms, knocks or schedules.
pub(super) fn payload(kind: &EventKind) -> Payload {
    use EventKind as E;
    let knocks = |knocks: Vec<proto::Knock>, end: Option<control::KnockEnd>| {
        let end = end.map_or(proto::KnockEnd::Unspecified, knock_end);
        Payload::KnockChanged(proto::KnockChanged {
            knocks,
            end: end.into(),
        })
    };
    let changed = |view: &control::ScheduleView, end: Option<control::ScheduleEnd>| {
        Payload::ScheduleChanged(proto::ScheduleChanged {
            schedule: Some(schedule(view)),
            done: end == Some(control::ScheduleEnd::Done),
            cancelled: end == Some(control::ScheduleEnd::Cancelled),
        })
    };
    match kind {
        E::IntercomStopped { participant, .. }
        | E::IntercomLeft {
            speaker: participant,
            ..
        } => Payload::IntercomStopped(proto::IntercomStopped {
            participant_id: participant.to_string(),
        }),
        E::Knocked { knock: view } => knocks(vec![knock(view)], None),
        E::KnocksHeard { knocks: all, .. } => knocks(all.iter().map(knock).collect(), None),
        E::KnockEnded {
            participant,
            breakout,
            end,
        } => {
            let over = proto::Knock {
                breakout_id: breakout.to_string(),
                participant_id: participant.to_string(),
                until_ms: 0,
            };
            knocks(vec![over], Some(*end))
        }
        E::Scheduled { schedule: view } => changed(view, None),
        E::ScheduleEnded {
            schedule: view,
            end,
        } => changed(view, Some(*end)),
        E::ScheduleFailed {
            schedule: view,
            error,
            message,
        } => Payload::ScheduleFailed(proto::ScheduleFailed {
            schedule: Some(schedule(view)),
            reason: error.clone(),
            message: message.clone(),
        }),
        E::IntercomChanged { intercom: view } | E::IntercomEntered { intercom: view, .. } => {
            Payload::IntercomChanged(proto::IntercomChanged {
                intercom: Some(intercom(view)),
            })
        }
        _ => unreachable!("invariant: the caller has the same list"),
    }
}
