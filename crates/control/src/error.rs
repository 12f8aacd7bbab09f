//! The one error type of the domain: each failure of a command has a stable name, a sentence that says what
//! to do, and the codes of the two dialects.
//!
//! Codes which the products do not define are the nearest ones they do; the table in [`BreakoutError::enablex`]
//! is the documentation of that choice.

mod interned;

use serde::{Deserialize, Serialize};
use sideroom_route::Epoch;
use thiserror::Error;

use crate::UnixMillis;
use interned::{Text, read_text};

/// Why a command was refused. A refused command has changed nothing.
#[derive(Clone, PartialEq, Eq, Debug, Error, Serialize, Deserialize)]
pub enum BreakoutError {
    /// `participants` is there but is not a usable count.
    #[error("The number of participants of a breakout must be 2 or more; give a larger one.")]
    ParticipantCountInvalid,
    /// `participants` is above the limit for a breakout.
    #[error(
        "A breakout of this room holds {most} participants at most; give a smaller number or raise the \
         room's max_active_talkers."
    )]
    ParticipantCountTooLarge {
        /// The largest capacity: `max_active_talkers - 1`.
        most: u16,
    },
    /// `participants` is absent.
    #[error("Say how many participants a breakout may hold: `participants` is missing.")]
    ParticipantCountMissing,
    /// The room would have more breakouts than it may.
    #[error("A room has {most} breakouts at most; create fewer, or destroy some first.")]
    BreakoutLimitReached {
        /// The room's `max_breakouts`.
        most: u16,
    },
    /// No media credentials could be issued for the join.
    #[error(
        "No media could be set up for this participant, it neither sends nor receives; connect again \
         with an offer and then join."
    )]
    TokenFailed,
    /// Anything else that stops a creation.
    #[error("The breakouts could not be created: {0}; correct it and try again.")]
    CreateFailed(#[serde(deserialize_with = "read_text")] Text),
    /// A breakout command in lecture mode.
    #[error("Breakouts work in group mode only; switch the room to group mode first.")]
    LectureMode,
    /// The room has breakouts, so it cannot go to lecture mode.
    #[error("The room still has breakouts; destroy them before you switch to lecture mode.")]
    BreakoutsExist,
    /// Our own fault.
    #[error("The server made a mistake ({0}); nothing was changed. Try again, and report it.")]
    Internal(#[serde(deserialize_with = "read_text")] Text),
    /// The feature is not there for this room.
    #[error("This room was made without breakouts; use a room that has them.")]
    NotSupported,
    /// Switched off by the operator.
    #[error(
        "Breakouts are switched off by the operator of this server; ask for them to be enabled."
    )]
    Disabled,
    /// A join failed, unexpectedly.
    #[error(
        "Joining failed because the media connection is down; wait until it is back and join again."
    )]
    JoinFailed,
    /// The parent could not be paused.
    #[error(
        "The parent could not be paused because the media connection is down; pause it again later."
    )]
    HoldFailed,
    /// A join while the breakout is closed.
    #[error("The breakout is closed; wait until a moderator opens it.")]
    BreakoutClosed,
    /// The parent could not be resumed.
    #[error(
        "The parent could not be resumed: a moderator has paused it for everybody who is away."
    )]
    ResumeFailed,
    /// Malformed or unreadable breakout details.
    #[error("The details of the breakout are unreadable: {0}; correct them and try again.")]
    DetailsUnreadable(#[serde(deserialize_with = "read_text")] Text),
    /// The hang-up failed.
    #[error("There is no breakout to leave: this participant is in the parent room already.")]
    LeaveFailed,
    /// A join without assignment or invitation.
    #[error("This participant is neither invited nor assigned to the breakout; ask a moderator.")]
    NotAssigned,
    /// The object that the command names does not exist (any more).
    #[error("There is no such {0} in this room; take a fresh snapshot.")]
    NotFound(Subject),
    /// The actor lacks the power to do this.
    #[error("This takes a moderator, or a grant that the token does not name; ask a moderator.")]
    NotModerator,
    /// Possible from the parent only.
    #[error("This works from the parent room only; leave the breakout first.")]
    NotInParent,
    /// The participant is in a breakout already.
    #[error("The participant is in a breakout already; it must return to the parent room first.")]
    AlreadyInBreakout,
    /// The breakout has no place left.
    #[error("The breakout is full: it holds {capacity}. Choose another one, or make it larger.")]
    BreakoutFull {
        /// How many it holds.
        capacity: u16,
    },
    /// The room has no place left.
    #[error("The room is full: it holds {most} participants. Try again when somebody has left.")]
    RoomFull {
        /// The room's `max_participants`.
        most: u32,
    },
    /// `allow_return` is off.
    #[error(
        "Returning before the end is switched off for this room (allow_return); ask a moderator."
    )]
    ReturnNotAllowed,
    /// The breakout carries no camera video.
    #[error("Camera video is not allowed here; join without video, or have `video` switched on.")]
    VideoNotAllowed,
    /// An argument that cannot be meant so.
    #[error("An argument is not valid ({0}); correct it and try again.")]
    InvalidArgument(#[serde(deserialize_with = "read_text")] Text),
    /// The actor is not (any longer) in this room.
    #[error("The caller is not in this room; join it first.")]
    Unauthenticated,
    /// Too often in too short a time.
    #[error("Too many requests of this kind; try again in {retry_ms} ms.")]
    RateLimited {
        /// When it is worth trying again.
        retry_ms: u32,
    },
    /// The room admits nobody any more.
    #[error(
        "This server is being drained and takes nobody in; connect again to reach another one."
    )]
    Draining,
    /// A moderator keeps this person out.
    #[error("This identity is banned from the room{}; ask a moderator.", ban_text(.reason, *.until))]
    Banned {
        /// The moderator's words.
        reason: String,
        /// Until when; `None`: for the room's life.
        until: Option<UnixMillis>,
    },
    /// The breakout's door does not let this participant in by themselves.
    #[error("The door of the breakout is shut; knock if it takes knocks, or ask a moderator.")]
    BreakoutLocked,
    /// The command cannot be scheduled, or was not carried out when its time came.
    #[error("The command is not scheduled: {0}; correct it and try again.")]
    ScheduleFailed(#[serde(deserialize_with = "read_text")] Text),
    /// The caller decided on a state that has passed.
    #[error("The room's state is at version {current} by now; take a fresh look and decide again.")]
    VersionMismatch {
        /// The room's present version.
        current: u64,
    },
    /// As `VersionMismatch`, for callers that name an epoch.
    #[error("The room is at epoch {current} by now; take a fresh look and decide again.")]
    EpochMismatch {
        /// The room's epoch.
        current: Epoch,
    },
}

fn ban_text(reason: &str, until: Option<UnixMillis>) -> String {
    let until = until.map_or(String::new(), |until| {
        format!(" until {} ms (Unix time)", until.0)
    });
    match reason {
        "" => until,
        reason => format!("{until} ({reason})"),
    }
}

/// The kind of the missing object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Subject {
    Room,
    Participant,
    Breakout,
    /// A track of the kind in question.
    Track,
    /// An open request for help.
    HelpRequest,
    Ban,
    /// A pending invitation.
    Invitation,
    Knock,
    Schedule,
    Rotation,
    Arrangement,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Room => "room",
            Self::Participant => "participant",
            Self::Breakout => "breakout",
            Self::Track => "track",
            Self::HelpRequest => "request for help",
            Self::Ban => "ban",
            Self::Invitation => "pending invitation",
            Self::Knock => "knock",
            Self::Schedule => "scheduled command",
            Self::Rotation => "rotation",
            Self::Arrangement => "arrangement",
        })
    }
}

/// A code of Azure Communication Services with its subcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AcsCode {
    /// Modelled on an HTTP status.
    pub code: u16,
    pub subcode: u32,
}

impl BreakoutError {
    /// The stable name: part of the contract, never changed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ParticipantCountInvalid => "ParticipantCountInvalid",
            Self::ParticipantCountTooLarge { .. } => "ParticipantCountTooLarge",
            Self::ParticipantCountMissing => "ParticipantCountMissing",
            Self::BreakoutLimitReached { .. } => "BreakoutLimitReached",
            Self::TokenFailed => "TokenFailed",
            Self::CreateFailed(_) => "CreateFailed",
            Self::LectureMode => "LectureMode",
            Self::BreakoutsExist => "BreakoutsExist",
            Self::Internal(_) => "Internal",
            Self::NotSupported => "NotSupported",
            Self::Disabled => "Disabled",
            Self::JoinFailed => "JoinFailed",
            Self::HoldFailed => "HoldFailed",
            Self::BreakoutClosed => "BreakoutClosed",
            Self::ResumeFailed => "ResumeFailed",
            Self::DetailsUnreadable(_) => "DetailsUnreadable",
            Self::LeaveFailed => "LeaveFailed",
            Self::NotAssigned => "NotAssigned",
            Self::NotFound(_) => "NotFound",
            Self::NotModerator => "NotModerator",
            Self::NotInParent => "NotInParent",
            Self::AlreadyInBreakout => "AlreadyInBreakout",
            Self::BreakoutFull { .. } => "BreakoutFull",
            Self::RoomFull { .. } => "RoomFull",
            Self::ReturnNotAllowed => "ReturnNotAllowed",
            Self::VideoNotAllowed => "VideoNotAllowed",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::Unauthenticated => "Unauthenticated",
            Self::RateLimited { .. } => "RateLimited",
            Self::Draining => "Draining",
            Self::Banned { .. } => "Banned",
            Self::BreakoutLocked => "BreakoutLocked",
            Self::ScheduleFailed(_) => "ScheduleFailed",
            Self::VersionMismatch { .. } => "VersionMismatch",
            Self::EpochMismatch { .. } => "EpochMismatch",
        }
    }

    /// The EnableX code. Where EnableX defines none, the nearest: 1731 ("could not be created") for a refused
    /// creation or join, 5067 for actions that the room's mode or settings forbid, 1138 ("operation failed")
    /// for the rest.
    pub const fn enablex(&self) -> u16 {
        match self {
            Self::ParticipantCountInvalid => 1724,
            Self::ParticipantCountTooLarge { .. } => 1725,
            Self::BreakoutLimitReached { .. } => 1726,
            Self::TokenFailed => 1729,
            Self::ParticipantCountMissing => 1734,
            Self::CreateFailed(_)
            | Self::JoinFailed
            | Self::BreakoutClosed
            | Self::BreakoutFull { .. }
            | Self::RoomFull { .. }
            | Self::NotAssigned
            | Self::BreakoutLocked
            | Self::AlreadyInBreakout
            | Self::NotInParent
            | Self::Banned { .. }
            | Self::VideoNotAllowed
            | Self::NotFound(_)
            | Self::DetailsUnreadable(_) => 1731,
            Self::LectureMode
            | Self::BreakoutsExist
            | Self::NotSupported
            | Self::Disabled
            | Self::ReturnNotAllowed => 5067,
            Self::Internal(_)
            | Self::HoldFailed
            | Self::ResumeFailed
            | Self::LeaveFailed
            | Self::NotModerator
            | Self::InvalidArgument(_)
            | Self::Unauthenticated
            | Self::RateLimited { .. }
            | Self::Draining
            | Self::ScheduleFailed(_)
            | Self::VersionMismatch { .. }
            | Self::EpochMismatch { .. } => 1138,
        }
    }

    /// The code and subcode of Azure Communication Services, where there is one.
    pub const fn acs(&self) -> Option<AcsCode> {
        let (code, subcode) = match self {
            Self::NotSupported => (400, 46250),
            Self::Disabled => (405, 46251),
            Self::JoinFailed => (500, 46254),
            Self::HoldFailed => (500, 46255),
            Self::BreakoutClosed => (412, 46256),
            Self::ResumeFailed => (412, 46257),
            Self::DetailsUnreadable(_) => (412, 46258),
            Self::LeaveFailed => (500, 46259),
            Self::NotAssigned => (412, 46260),
            _ => return None,
        };
        Some(AcsCode { code, subcode })
    }
}
