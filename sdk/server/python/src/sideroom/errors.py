"""What goes wrong. All errors are `SideroomError`; those of the server carry its codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reasons import Reason


class SideroomError(Exception):
    """A call that failed. If the server answered it, it has changed nothing."""

    def __init__(self, message: str, *, code: str = "", reason: Reason | str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        # The gRPC code by name, such as `FAILED_PRECONDITION`.
        self.code = code
        # The stable name, such as `BreakoutClosed`: programs look at this.
        self.reason = reason
        # Of HTTP; 0: no answer came.
        self.status = status
        # The method, such as `RoomService/CreateRoom`.
        self.method = ""
        self.enablex_code: int | None = None
        self.acs_code: int | None = None
        self.acs_subcode: int | None = None
        # With `EpochMismatch`: where the room is by now.
        self.current_epoch: int | None = None
        # With `BadOffer`: the line of the offer.
        self.line: int | None = None
        # With `RateLimited`: when to try again.
        self.retry_after_ms: int | None = None

    def __str__(self) -> str:
        where = f"{self.method}: " if self.method else ""
        return f"{where}{self.message}" + (f" ({self.reason})" if self.reason else "")


class InvalidArgument(SideroomError):
    """The request cannot be understood, or asks for something that cannot be."""


class FailedPrecondition(SideroomError):
    """The room is not in a state that allows this."""


class OutOfRange(SideroomError):
    """The events after this number are no longer kept."""


class Unauthenticated(SideroomError):
    """The token is missing, expired or signed with another secret."""


class PermissionDenied(SideroomError):
    """The token, role or grant does not allow this."""


class NotFound(SideroomError):
    """There is no such room, participant or breakout."""


class AlreadyExists(SideroomError):
    """A room of this name exists."""


class Aborted(SideroomError):
    """The room has changed since the expected epoch."""


class ResourceExhausted(SideroomError):
    """A limit is reached."""


class Unimplemented(SideroomError):
    """The server does not have this method, or not here."""


class Internal(SideroomError):
    """The server made a mistake."""


class Unavailable(SideroomError):
    """The server cannot answer now. Calls were repeated until their time was up."""


class NoAnswer(Unavailable):
    """No answer came: the server was not reached, the connection broke or the time was up. Whether the call
    took effect is not known; the same call with the same `request_id` finds out."""


class BadAnswer(SideroomError):
    """An answer that is not one of Sideroom's: check the URL, and what is in between."""


_BY_CODE: dict[str, type[SideroomError]] = {
    "INVALID_ARGUMENT": InvalidArgument,
    "FAILED_PRECONDITION": FailedPrecondition,
    "OUT_OF_RANGE": OutOfRange,
    "UNAUTHENTICATED": Unauthenticated,
    "PERMISSION_DENIED": PermissionDenied,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": AlreadyExists,
    "ABORTED": Aborted,
    "RESOURCE_EXHAUSTED": ResourceExhausted,
    "UNIMPLEMENTED": Unimplemented,
    "INTERNAL": Internal,
    "UNAVAILABLE": Unavailable,
}


def error_from(status: int, body: Any) -> SideroomError:
    """The error that an answer says. A proxy's 502, 503 or 504 is one that can be repeated."""
    said = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(said, Mapping):
        if status in (502, 503, 504):
            return Unavailable(f"HTTP {status} without an error of Sideroom's", code="UNAVAILABLE", status=status)
        return BadAnswer(f"HTTP {status} without an error of Sideroom's", status=status)
    code = str(said.get("code", ""))
    made = _BY_CODE.get(code, SideroomError)(
        str(said.get("message", "")), code=code, reason=Reason(str(said.get("reason", ""))), status=status
    )
    made.enablex_code = _number(said, "enablexCode")
    made.acs_code = _number(said, "acsCode")
    made.acs_subcode = _number(said, "acsSubcode")
    made.current_epoch = _number(said, "currentEpoch")
    made.line = _number(said, "line")
    made.retry_after_ms = _number(said, "retryAfterMs")
    return made


def _number(said: Mapping[str, Any], name: str) -> int | None:
    value = said.get(name)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None
