"""The reasons of errors, from docs/rpc.md.

Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew.
"""

from __future__ import annotations

from .wire import WireEnum


class Reason(WireEnum):
    """Why a call failed. Programs look at this."""

    PARTICIPANT_COUNT_INVALID = "ParticipantCountInvalid"
    PARTICIPANT_COUNT_TOO_LARGE = "ParticipantCountTooLarge"
    PARTICIPANT_COUNT_MISSING = "ParticipantCountMissing"
    BREAKOUT_LIMIT_REACHED = "BreakoutLimitReached"
    TOKEN_FAILED = "TokenFailed"
    CREATE_FAILED = "CreateFailed"
    LECTURE_MODE = "LectureMode"
    BREAKOUTS_EXIST = "BreakoutsExist"
    NOT_SUPPORTED = "NotSupported"
    DISABLED = "Disabled"
    JOIN_FAILED = "JoinFailed"
    HOLD_FAILED = "HoldFailed"
    BREAKOUT_CLOSED = "BreakoutClosed"
    RESUME_FAILED = "ResumeFailed"
    DETAILS_UNREADABLE = "DetailsUnreadable"
    LEAVE_FAILED = "LeaveFailed"
    NOT_ASSIGNED = "NotAssigned"
    NOT_FOUND = "NotFound"
    NOT_MODERATOR = "NotModerator"
    NOT_IN_PARENT = "NotInParent"
    BANNED = "Banned"
    ALREADY_IN_BREAKOUT = "AlreadyInBreakout"
    BREAKOUT_FULL = "BreakoutFull"
    ROOM_FULL = "RoomFull"
    RETURN_NOT_ALLOWED = "ReturnNotAllowed"
    VIDEO_NOT_ALLOWED = "VideoNotAllowed"
    INVALID_ARGUMENT = "InvalidArgument"
    BREAKOUT_LOCKED = "BreakoutLocked"
    SCHEDULE_FAILED = "ScheduleFailed"
    VERSION_MISMATCH = "VersionMismatch"
    EPOCH_MISMATCH = "EpochMismatch"
    UNAUTHENTICATED = "Unauthenticated"
    PERMISSION_DENIED = "PermissionDenied"
    RATE_LIMITED = "RateLimited"
    LIMIT_REACHED = "LimitReached"
    TOO_LARGE = "TooLarge"
    BAD_OFFER = "BadOffer"
    ROOM_EXISTS = "RoomExists"
    SESSION_GONE = "SessionGone"
    NO_SUCH_METHOD = "NoSuchMethod"
    OUT_OF_RANGE = "OutOfRange"
    TOO_SLOW = "TooSlow"
    DRAINING = "Draining"
    STORE_FAILED = "StoreFailed"
    OVERLOADED = "Overloaded"
    INTERNAL = "Internal"
