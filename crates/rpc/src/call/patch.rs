//! Changes of settings.

use sideroom_control::{
    Availability, BreakoutSettingsPatch, CodecChoice, Outcome, ParentWhileAway, RoomMode,
    RoomPatch, TimerChange, UnixMillis, VideoCodec,
};

use crate::{encode, error::ApiError, proto};

/// A change of the breakouts' settings.
pub(super) fn breakouts(
    wire: Option<proto::BreakoutSettingsPatch>,
) -> Result<BreakoutSettingsPatch, ApiError> {
    let wire = wire.unwrap_or_default();
    let timer = wire.ends_at_ms.map(timer);
    let countdown_ms = match (wire.no_countdown, wire.countdown_ms.is_empty()) {
        (false, true) => None,
        (false, false) | (true, true) => Some(wire.countdown_ms),
        (true, false) => {
            return Err(ApiError::BadRequest(
                "Give either `countdownMs` or `noCountdown`, not both.".to_owned(),
            ));
        }
    };
    Ok(BreakoutSettingsPatch {
        availability: wire.availability.map(availability).transpose()?,
        parent_while_away: wire.parent_while_away.map(while_away).transpose()?,
        allow_return: wire.allow_return,
        self_select: wire.self_select,
        allow_video: wire.allow_video,
        timer,
        grace_ms: wire.end_grace_ms,
        countdown_ms,
        announce_presence: wire.announce_presence,
    })
}

/// A timer: 0 stops it.
pub(super) const fn timer(at_ms: u64) -> TimerChange {
    match at_ms {
        0 => TimerChange::Stop,
        at => TimerChange::EndAt(UnixMillis(at)),
    }
}

/// A change of the room's own settings, without mode and breakouts.
pub(super) fn room(wire: &proto::RoomSettingsPatch) -> Result<RoomPatch, ApiError> {
    Ok(RoomPatch {
        max_active_talkers: narrow(wire.max_active_talkers, "maxActiveTalkers")?,
        max_breakouts: narrow(wire.max_breakouts, "maxBreakouts")?,
        max_participants: wire.max_participants,
        reconnect_grace_ms: wire.reconnect_grace_ms,
        codecs: wire.video_codec.map(codec).transpose()?,
    })
}

/// The mode, if it is to change.
pub(super) fn mode(wire: &proto::RoomSettingsPatch) -> Result<Option<RoomMode>, ApiError> {
    wire.mode
        .map(|mode| match proto::RoomMode::try_from(mode) {
            Ok(proto::RoomMode::Group) => Ok(RoomMode::Group),
            Ok(proto::RoomMode::Lecture) => Ok(RoomMode::Lecture),
            Ok(proto::RoomMode::Unspecified) | Err(_) => Err(unknown("mode")),
        })
        .transpose()
}

fn narrow<T: TryFrom<u32>>(value: Option<u32>, name: &str) -> Result<Option<T>, ApiError> {
    let too_large = |_| ApiError::BadRequest(format!("`{name}` is too large."));
    value.map(|v| T::try_from(v).map_err(too_large)).transpose()
}

fn codec(wire: i32) -> Result<CodecChoice, ApiError> {
    let video = match proto::VideoCodec::try_from(wire) {
        Ok(proto::VideoCodec::Vp8) => VideoCodec::Vp8,
        Ok(proto::VideoCodec::H264) => VideoCodec::H264,
        Ok(proto::VideoCodec::Vp9) => VideoCodec::Vp9,
        Ok(proto::VideoCodec::Av1) => VideoCodec::Av1,
        Ok(proto::VideoCodec::Unspecified) | Err(_) => return Err(unknown("videoCodec")),
    };
    Ok(CodecChoice { video })
}

fn while_away(wire: i32) -> Result<ParentWhileAway, ApiError> {
    match proto::ParentWhileAway::try_from(wire) {
        Ok(proto::ParentWhileAway::Live) => Ok(ParentWhileAway::Live),
        Ok(proto::ParentWhileAway::Paused) => Ok(ParentWhileAway::Paused),
        Ok(proto::ParentWhileAway::Unspecified) | Err(_) => Err(unknown("parentWhileAway")),
    }
}

fn availability(wire: i32) -> Result<Availability, ApiError> {
    match proto::Availability::try_from(wire) {
        Ok(proto::Availability::Available) => Ok(Availability::Available),
        Ok(proto::Availability::NotSupported) => Ok(Availability::NotSupported),
        Ok(proto::Availability::Disabled) => Ok(Availability::Disabled),
        Ok(proto::Availability::Unspecified) | Err(_) => Err(unknown("availability")),
    }
}

fn unknown(field: &str) -> ApiError {
    ApiError::BadRequest(format!(
        "`{field}` is not one of the values that it may have."
    ))
}

/// The settings of the breakouts after a change.
pub(super) fn breakout_settings_of(outcome: &Outcome) -> Option<proto::BreakoutSettings> {
    match outcome {
        Outcome::BreakoutSettings { settings } => Some(encode::breakout_settings(settings)),
        Outcome::RoomSettings { settings } => Some(encode::breakout_settings(&settings.breakouts)),
        _ => None,
    }
}
