//! Ids as the wire spells them. They are opaque to clients: `p1.7`, `b3`, `t1.9`, `parent`.

use sideroom_control::{Actor, Door, KindSet, RequestId};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, RoomId, TrackKind};

use crate::{clock, error::ApiError, proto};

pub(crate) fn participant(id: &str) -> Result<ParticipantId, ApiError> {
    let parts = id.strip_prefix('p').and_then(|rest| rest.split_once('.'));
    parts
        .and_then(|(room, serial)| Some((number(room)?, number(serial)?)))
        .map(|(room, serial)| ParticipantId::new(RoomId(room), serial))
        .ok_or_else(|| bad("a participant's id looks like `p1.7`"))
}

/// The participants of these ids.
pub(crate) fn participants(ids: &[String]) -> Result<Vec<ParticipantId>, ApiError> {
    ids.iter().map(|id| participant(id)).collect()
}

pub(crate) fn breakout(id: &str) -> Result<BreakoutId, ApiError> {
    id.strip_prefix('b')
        .and_then(number)
        .map(BreakoutId)
        .ok_or_else(|| bad("a breakout's id looks like `b3`"))
}

/// The breakouts of these ids.
pub(crate) fn breakouts(ids: &[String]) -> Result<Vec<BreakoutId>, ApiError> {
    ids.iter().map(|id| breakout(id)).collect()
}

pub(crate) fn group(id: &str) -> Result<GroupId, ApiError> {
    match id {
        "parent" => Ok(GroupId::Parent),
        _ => breakout(id)
            .map(GroupId::Breakout)
            .map_err(|_| bad("a group is `parent` or the id of a breakout such as `b3`")),
    }
}

/// Digits only: no sign, no leading plus, nothing that another spelling would make the same id of.
fn number(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| text.parse().ok()).flatten()
}

fn bad(sentence: &str) -> ApiError {
    ApiError::BadRequest(format!("An id is not valid: {sentence}."))
}

/// The wire form of an author: a participant's id, `operator` or `system`. Only the journal knows the
/// operator's key.
pub(crate) fn actor(actor: Actor) -> String {
    match actor {
        Actor::Participant(id) => id.to_string(),
        Actor::Operator | Actor::Key(_) => "operator".to_owned(),
        Actor::System => "system".to_owned(),
    }
}

/// A kind of track, which must be a known one.
pub(crate) fn kind(number: i32) -> Result<TrackKind, ApiError> {
    match proto::TrackKind::try_from(number) {
        Ok(proto::TrackKind::Audio) => Ok(TrackKind::Audio),
        Ok(proto::TrackKind::Camera) => Ok(TrackKind::Camera),
        Ok(proto::TrackKind::Screen) => Ok(TrackKind::Screen),
        Ok(proto::TrackKind::Canvas) => Ok(TrackKind::Canvas),
        Ok(proto::TrackKind::Unspecified) | Err(_) => Err(ApiError::BadRequest(
            "A kind of track is missing or unknown; give TRACK_KIND_AUDIO, _CAMERA, _SCREEN or \
             _CANVAS."
                .to_owned(),
        )),
    }
}

/// Kinds of track, at least one.
pub(crate) fn door(wire: i32) -> Result<Door, ApiError> {
    match proto::Door::try_from(wire) {
        Ok(proto::Door::Unspecified | proto::Door::Open) => Ok(Door::Open),
        Ok(proto::Door::Locked) => Ok(Door::Locked),
        Ok(proto::Door::Knocking) => Ok(Door::Knocking),
        Err(_) => Err(bad("a door is DOOR_OPEN, DOOR_LOCKED or DOOR_KNOCKING")),
    }
}

pub(crate) fn kinds(numbers: &[i32]) -> Result<KindSet, ApiError> {
    let kinds: KindSet = numbers.iter().map(|n| kind(*n)).collect::<Result<_, _>>()?;
    if kinds.is_empty() {
        return Err(ApiError::BadRequest(
            "Say which kinds of track: `kinds` is empty.".to_owned(),
        ));
    }
    Ok(kinds)
}

/// A kind, for the wire.
pub(crate) const fn kind_out(kind: TrackKind) -> i32 {
    (match kind {
        TrackKind::Audio => proto::TrackKind::Audio,
        TrackKind::Camera => proto::TrackKind::Camera,
        TrackKind::Screen => proto::TrackKind::Screen,
        TrackKind::Canvas => proto::TrackKind::Canvas,
    }) as i32
}

/// Kinds, for the wire.
pub(crate) fn kinds_out(kinds: KindSet) -> Vec<i32> {
    kinds.iter().map(kind_out).collect()
}

/// Flags as a set.
pub(crate) fn flags(flags: proto::MediaFlags) -> KindSet {
    [
        (flags.audio, TrackKind::Audio),
        (flags.camera, TrackKind::Camera),
        (flags.screen, TrackKind::Screen),
        (flags.canvas, TrackKind::Canvas),
    ]
    .into_iter()
    .filter_map(|(set, kind)| set.then_some(kind))
    .collect()
}

/// A set as flags.
pub(crate) const fn flags_out(kinds: KindSet) -> proto::MediaFlags {
    proto::MediaFlags {
        audio: kinds.contains(TrackKind::Audio),
        camera: kinds.contains(TrackKind::Camera),
        screen: kinds.contains(TrackKind::Screen),
        canvas: kinds.contains(TrackKind::Canvas),
    }
}

/// The request's id, or, if it has none, a fresh one: it is then not safe to repeat.
pub(crate) fn request_id_or_fresh(id: &str) -> Result<RequestId, ApiError> {
    if id.is_empty() {
        return Ok(RequestId::new(&clock::secret())?);
    }
    Ok(RequestId::new(id)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_printed() {
        let id = ParticipantId::new(RoomId(1), 7);
        assert_eq!(participant(&id.to_string()).unwrap(), id);
        assert_eq!(breakout("b3").unwrap(), BreakoutId(3));
        assert_eq!(group("parent").unwrap(), GroupId::Parent);
        assert_eq!(group("b3").unwrap(), GroupId::Breakout(BreakoutId(3)));
    }

    #[test]
    fn anything_else_is_refused() {
        for id in [
            "",
            "p",
            "p1",
            "p1.",
            "p.1",
            "p1.-1",
            "p1.+1",
            "p01.1",
            "b1",
            "p1.4294967296",
        ] {
            assert!(participant(id).is_err(), "{id}");
        }
        for id in ["", "b", "b-1", "b01", "B1", "b1 ", "p1.1"] {
            assert!(breakout(id).is_err(), "{id}");
        }
        assert!(group("Parent").is_err() && group("").is_err());
    }

    #[test]
    fn flags_and_sets_are_the_same_thing() {
        for bits in 0..16_u8 {
            let set: KindSet = TrackKind::ALL
                .into_iter()
                .enumerate()
                .filter_map(|(i, kind)| (bits >> i & 1 == 1).then_some(kind))
                .collect();
            assert_eq!(flags(flags_out(set)), set);
        }
    }
}
