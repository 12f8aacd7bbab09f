//! `BreakoutService`: intercoms, doors and schedules.

use std::collections::BTreeSet;

use sideroom_control::{
    Addressed, BreakoutError, Command, KindSet, OwnGroup, ScheduleId, StartIntercom, UnixMillis,
};

use super::{mutation, timing::if_late};
use crate::{
    encode::{intercom_of, schedule_of},
    error::ApiError,
    ids,
    proto::*,
};

mutation! {
    StartIntercomRequest => StartIntercomResponse needs Breakouts and timing {
        |this, requester| Command::StartIntercom {
            participant: requester.subject(&this.participant_id)?,
            start: start(&this)?,
        },
        |answer, outcome| StartIntercomResponse { answer, intercom: intercom_of(outcome) },
    }
    StopIntercomRequest => StopIntercomResponse needs Breakouts and timing {
        |this, requester| Command::StopIntercom {
            participant: requester.subject(&this.participant_id)?,
        },
        |answer, outcome| StopIntercomResponse { answer },
    }
    StartReplyRequest => StartReplyResponse needs Breakouts {
        |this, requester| Command::StartReply {
            participant: requester.subject(&this.participant_id)?,
            speaker: ids::participant(&this.speaker_id)?,
        },
        |answer, outcome| StartReplyResponse { answer },
    }
    StopReplyRequest => StopReplyResponse needs Breakouts {
        |this, requester| Command::StopReply {
            participant: requester.subject(&this.participant_id)?,
        },
        |answer, outcome| StopReplyResponse { answer },
    }
    KnockRequest => KnockResponse needs Breakouts {
        |this, requester| Command::Knock {
            participant: requester.subject(&this.participant_id)?,
            breakout: ids::breakout(&this.breakout_id)?,
        },
        |answer, outcome| KnockResponse { answer },
    }
    StopKnockingRequest => StopKnockingResponse needs Breakouts {
        |this, requester| Command::StopKnocking {
            participant: requester.subject(&this.participant_id)?,
            breakout: ids::breakout(&this.breakout_id)?,
        },
        |answer, outcome| StopKnockingResponse { answer },
    }
    AnswerKnockRequest => AnswerKnockResponse needs Breakouts {
        |this, requester| Command::AnswerKnock {
            participant: ids::participant(&this.participant_id)?,
            breakout: ids::breakout(&this.breakout_id)?,
            admit: this.admit,
        },
        |answer, outcome| AnswerKnockResponse { answer },
    }
    ChangeScheduleRequest => ChangeScheduleResponse needs Breakouts {
        |this, requester| Command::ChangeSchedule {
            schedule: ScheduleId(this.schedule_id),
            at: this.at_ms.map(UnixMillis),
            if_late: this.if_late.map(if_late).transpose()?,
        },
        |answer, outcome| ChangeScheduleResponse { answer, schedule: schedule_of(outcome) },
    }
    CancelScheduleRequest => CancelScheduleResponse needs Breakouts {
        |this, requester| Command::CancelSchedule { schedule: ScheduleId(this.schedule_id) },
        |answer, outcome| CancelScheduleResponse { answer },
    }
}

fn start(wire: &StartIntercomRequest) -> Result<StartIntercom, ApiError> {
    let named = !wire.group_ids.is_empty() || !wire.to_participant_ids.is_empty();
    if wire.all && named {
        let why = "an intercom addresses all, or the groups and people that it names";
        return Err(BreakoutError::InvalidArgument(why).into());
    }
    let groups = wire.group_ids.iter().map(|id| ids::group(id));
    let to = if wire.all {
        Addressed::All
    } else {
        Addressed::Some {
            groups: groups.collect::<Result<_, _>>()?,
            people: BTreeSet::from_iter(ids::participants(&wire.to_participant_ids)?),
        }
    };
    Ok(StartIntercom {
        to,
        kinds: match wire.kinds.is_empty() {
            true => KindSet::AUDIO,
            false => ids::kinds(&wire.kinds)?,
        },
        own_group: match wire.suspend_own_group {
            true => OwnGroup::Suspend,
            false => OwnGroup::Keep,
        },
        allow_reply: wire.allow_reply,
        limit_ms: wire.limit_ms,
    })
}
