"""Where a watch is in the events of its room, and how it goes on after an interruption."""

from __future__ import annotations

import json
import time

from .errors import BadAnswer, NotFound, OutOfRange, SideroomError, error_from
from .reasons import Reason
from .retry import Backoff, may_be_repeated
from .types import WatchRequest, WatchResponse
from .wire import from_json

METHOD = "EventService/Watch"
# The server sends an empty line every 15 seconds; one that says nothing for so long is gone.
SILENCE_S = 45.0
LONGEST_LINE_BYTES = 64 * 1024 * 1024


class Lines:
    """Bytes as they come, cut into lines. Only a line feed ends one: JSON may hold other separators."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = rest
        else:
            self._rest += rest
        if len(self._rest) > LONGEST_LINE_BYTES:
            raise BadAnswer("a line of the watch has no end")
        return lines


class Position:
    """The number of the last event, and what follows from the way a connection ended."""

    def __init__(self, room: str, after_seq: int | None, include_volatile: bool, first_within_s: float) -> None:
        self.seq = after_seq
        # The room is closed, or the caller has left it: nothing comes any more.
        self.ended = False
        self._room = room
        self._include_volatile = include_volatile
        self._backoff = Backoff()
        # Until the first connection stands, a watch fails as a call does.
        self._give_up_at: float | None = time.monotonic() + first_within_s
        self._ended_in_order = False

    def request(self) -> bytes:
        request = WatchRequest(room=self._room, after_seq=self.seq, include_volatile=self._include_volatile)
        return json.dumps(request.to_json()).encode()

    def handle_open(self) -> None:
        """A connection stands."""
        self._give_up_at = None
        self._ended_in_order = False

    def handle_line(self, line: bytes) -> WatchResponse | None:
        """The item of this line, unless it is empty or known already."""
        if not line.strip():
            return None
        try:
            said = json.loads(line)
            item = from_json(WatchResponse, said)
        except (ValueError, TypeError) as error:
            raise BadAnswer(f"a line of the watch cannot be read: {error}") from error
        if "error" in said:
            raise error_from(200, said)
        self._backoff.reset()
        if item.snapshot is not None:
            self.seq = item.snapshot.seq
        elif item.event is not None:
            if self.seq is not None and item.event.seq <= self.seq:
                return None
            self.seq = item.event.seq
            self.ended = item.event.room_closed is not None
        # An item that only a newer version knows is passed over, its number too.
        return item if item.item is not None else None

    def handle_end(self) -> float:
        """The stream ended in good order, or a proxy ended it: the next connection tells. How long to wait."""
        self._ended_in_order = True
        return self._backoff.next_wait_s()

    def handle_error(self, error: SideroomError) -> float:
        """How long to wait before the next connection. Raises the error if there is none."""
        error.method = METHOD
        if isinstance(error, NotFound) and self._ended_in_order:
            self.ended = True
            return 0.0
        if isinstance(error, OutOfRange) and self.seq is not None:
            # The server no longer keeps the missed events: a snapshot takes their place.
            self.seq = None
            return 0.0
        if error.reason != Reason.TOO_SLOW and not may_be_repeated(error):
            raise error
        wait = self._backoff.next_wait_s(error)
        if self._give_up_at is not None and time.monotonic() + wait >= self._give_up_at:
            raise error
        return wait
