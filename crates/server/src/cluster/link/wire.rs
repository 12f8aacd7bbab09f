//! The bodies of calls between nodes, as JSON: fields may be added that an older node leaves out.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sideroom_control::{
    Arrangement, AttendancePage, DryRun, Event, MovesPage, Rights, RoomView, Viewer, Views,
};
use sideroom_route::{DropReason, GroupId, ParticipantId, RoomId, SlotId, SlotPause, TrackKind};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{
    Answer, CloseReason, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest, Negotiated,
    ReofferRequest, RoomSummary, SessionId, SharedEvent, WatchItem,
};

use super::proto::Parcel;

/// The format of the bodies below.
const FORMAT: u32 = 1;

/// A call of one room, or of the receiving node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) struct Ask {
    /// The room that the receiver has to own; `None`: the call is about the node.
    pub room: Option<RoomId>,
    pub call: Call,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum Call {
    Command(Box<CommandRequest>),
    DryRun(Box<CommandRequest>),
    /// Make the room whose name was claimed.
    Create(Box<CreateRoom>),
    Delete(Box<CommandRequest>),
    View(String, Viewer),
    Participant(String, String),
    Join(Box<JoinRequest>),
    Reoffer(Box<ReofferRequest>),
    Disconnected(String, ParticipantId, SessionId),
    SetViews(String, ParticipantId, Views),
    Moves(MovesRequest),
    Attendance(MovesRequest),
    Arrangement(String, Viewer, String),
    /// Find a place for a new room: from a node that takes none.
    Place(Box<CreateRoom>),
    /// The lines of these rooms, of those that are here.
    Summaries(Vec<String>),
    /// Give the room to this node, or to any.
    HandOver(Option<u16>),
    /// Take no new rooms, give all away, and end.
    Drain(Option<u64>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum Reply {
    Done,
    Answer(Box<Answer>),
    DryRun(Box<DryRun>),
    View(Box<RoomView>),
    Participant(ParticipantId, Rights),
    Joined(Box<Joined>),
    Negotiated(Negotiated),
    Moves(MovesPage),
    Attendance(AttendancePage),
    Arrangement(Arrangement),
    Summaries(Vec<RoomSummary>),
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum Replied {
    Reply(Result<Reply, ApiError>),
    /// The receiver does not own the room.
    NotHere,
}

/// A watch of a room that the receiver owns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) struct WatchAsk {
    pub room: RoomId,
    pub name: String,
    pub viewer: Viewer,
    pub after: Option<u64>,
}

/// One message of a watch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum Frame {
    /// The first one.
    Begun(Begun),
    Item(WireItem),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum Begun {
    Watch(Option<Box<RoomView>>),
    Refused(ApiError),
    NotHere,
}

/// A [`WatchItem`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cluster) enum WireItem {
    Event(Box<Event>),
    SlotAssigned {
        slot: SlotId,
        source: Option<(ParticipantId, TrackKind)>,
        shut: Option<DropReason>,
    },
    Speakers {
        group: GroupId,
        ranked: Vec<ParticipantId>,
    },
    SlotPaused {
        slot: SlotId,
        reason: Option<SlotPause>,
    },
    LayersWanted {
        kind: TrackKind,
        layers: u8,
    },
    Closed(CloseReason),
}

impl From<&WatchItem> for WireItem {
    fn from(item: &WatchItem) -> Self {
        match item.clone() {
            WatchItem::Event(shared) => Self::Event(Box::new(Event::clone(&shared.event))),
            WatchItem::SlotAssigned { slot, source, shut } => {
                Self::SlotAssigned { slot, source, shut }
            }
            WatchItem::Speakers { group, ranked } => Self::Speakers { group, ranked },
            WatchItem::SlotPaused { slot, reason } => Self::SlotPaused { slot, reason },
            WatchItem::LayersWanted { kind, layers } => Self::LayersWanted { kind, layers },
            WatchItem::Closed(reason) => Self::Closed(reason),
        }
    }
}

impl From<WireItem> for WatchItem {
    fn from(item: WireItem) -> Self {
        match item {
            WireItem::Event(event) => Self::Event(SharedEvent::new(*event)),
            WireItem::SlotAssigned { slot, source, shut } => {
                Self::SlotAssigned { slot, source, shut }
            }
            WireItem::Speakers { group, ranked } => Self::Speakers { group, ranked },
            WireItem::SlotPaused { slot, reason } => Self::SlotPaused { slot, reason },
            WireItem::LayersWanted { kind, layers } => Self::LayersWanted { kind, layers },
            WireItem::Closed(reason) => Self::Closed(reason),
        }
    }
}

/// Packs a body.
pub(super) fn pack(from: u16, body: &impl Serialize) -> Parcel {
    Parcel {
        format: FORMAT,
        from: from.into(),
        body: serde_json::to_vec(body)
            .expect("invariant: the bodies are made of what JSON can write"),
    }
}

/// Unpacks a body, or says why that cannot be.
pub(super) fn unpack<T: DeserializeOwned>(parcel: &Parcel) -> Result<T, String> {
    if parcel.format != FORMAT {
        return Err(format!(
            "this node reads format {FORMAT} of calls between nodes, not {}; upgrade the older of the two",
            parcel.format
        ));
    }
    serde_json::from_slice(&parcel.body).map_err(|error| {
        format!("a call between nodes cannot be read: {error}; do all nodes run nearly the same version?")
    })
}

#[cfg(test)]
mod tests {
    use sideroom_control::{Actor, BreakoutError, Command, RequestId};

    use super::*;

    fn there_and_back<T: Serialize + DeserializeOwned>(body: &T) -> T {
        unpack(&pack(1, body)).expect("it reads what it writes")
    }

    #[test]
    fn calls_and_answers_are_read_as_they_were_written() {
        let participant = ParticipantId::new(RoomId(9), 4);
        let request = CommandRequest {
            room: "Math 101/ä".into(),
            actor: Actor::Participant(participant),
            request_id: RequestId::new("one").expect("a short id"),
            expected: Some(sideroom_control::Expected::Version(u64::MAX)),
            command: Command::Leave { participant },
        };
        let ask = Ask {
            room: Some(RoomId(9)),
            call: Call::Command(Box::new(request.clone())),
        };
        let Call::Command(read) = there_and_back(&ask).call else {
            panic!("a command");
        };
        assert_eq!(*read, request);
        for error in [
            ApiError::Breakout(BreakoutError::InvalidArgument("too long")),
            ApiError::Breakout(BreakoutError::BreakoutFull { capacity: 4 }),
            ApiError::Unauthenticated("a reason".into()),
            ApiError::RoomNotFound,
            ApiError::BadList(vec![sideroom_rpc::LineFault {
                line: 3,
                problem: "why".into(),
            }]),
            ApiError::RateLimited {
                retry_after: std::time::Duration::from_millis(1_500),
            },
        ] {
            let replied = Replied::Reply(Err(error.clone()));
            let Replied::Reply(Err(read)) = there_and_back(&replied) else {
                panic!("an error");
            };
            assert_eq!((read.wire(), &read), (error.wire(), &error));
        }
    }

    #[test]
    fn another_format_is_refused_in_words_and_more_fields_are_not() {
        let mut parcel = pack(1, &Call::Summaries(Vec::new()));
        parcel.format = 2;
        let why = unpack::<Call>(&parcel).expect_err("another format");
        assert!(why.contains("format 1") && why.contains("upgrade"), "{why}");
        let later = Parcel {
            format: 1,
            from: 1,
            body: br#"{"room":3,"call":{"Drain":null},"since":"later"}"#.to_vec(),
        };
        assert!(unpack::<Ask>(&later).is_ok());
        let garbage = Parcel {
            body: b"garbage".to_vec(),
            ..later
        };
        assert!(unpack::<Ask>(&garbage).is_err());
    }
}
