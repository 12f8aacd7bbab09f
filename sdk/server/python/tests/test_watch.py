"""What a watch makes of the bytes that come, however they are cut and wherever they end."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from sideroom import Client, errors

from conftest import SECRET


def event(seq: int, text: str = "") -> dict[str, object]:
    return {"event": {"seq": str(seq), "type": "messageSent", "messageSent": {"text": text}}}


def lines(*items: object) -> bytes:
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)


SNAPSHOT = {"snapshot": {"name": "math", "seq": "4"}}
CLOSED = {"event": {"seq": "9", "type": "roomClosed", "roomClosed": {}}}
TOO_SLOW = {"error": {"code": "RESOURCE_EXHAUSTED", "reason": "TooSlow", "message": "slow"}}


class Body(httpx.SyncByteStream):
    """Bytes in pieces of a size; then the end, or a lost connection."""

    def __init__(self, content: bytes, size: int, breaks: bool) -> None:
        self.content, self.size, self.breaks = content, size, breaks

    def __iter__(self) -> Iterator[bytes]:
        for begin in range(0, len(self.content), self.size):
            yield self.content[begin : begin + self.size]
        if self.breaks:
            raise httpx.ReadError("connection reset")


class Connections:
    """One answer after the other; remembers after which number each was asked for."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.after: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.after.append(json.loads(request.content).get("afterSeq"))
        return self.answers.pop(0)


def stream(content: bytes, size: int = 1000, breaks: bool = True) -> httpx.Response:
    # The real transport says where its socket is.
    class NoSocket:
        def get_extra_info(self, _: str) -> None:
            return None

    return httpx.Response(200, stream=Body(content, size, breaks), extensions={"network_stream": NoSocket()})


def refused(status: int, code: str, reason: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "reason": reason, "message": "no"}})


def watched(connections: Connections) -> list[str]:
    http = httpx.Client(transport=httpx.MockTransport(connections))
    with Client("http://test", secret=SECRET, http=http) as client:
        return [item.event.type if item.event else "snapshot" for item in client.watch("math")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_items_do_not_depend_on_how_the_bytes_are_cut(size: int) -> None:
    content = lines(SNAPSHOT) + b"\n\n" + lines(event(5, "a\u2028b\u0085c\r"), event(6), CLOSED)
    assert watched(Connections(stream(content, size))) == ["snapshot", "messageSent", "messageSent", "roomClosed"]


def test_a_lost_connection_goes_on_after_the_last_whole_line() -> None:
    cut = lines(SNAPSHOT, event(5)) + lines(event(6))[:20]
    connections = Connections(stream(cut), stream(lines(event(6), CLOSED)))
    assert watched(connections) == ["snapshot", "messageSent", "messageSent", "roomClosed"]
    assert connections.after == [None, "5"]


def test_an_event_that_comes_again_is_told_once() -> None:
    connections = Connections(stream(lines(SNAPSHOT, event(5))), stream(lines(event(5), event(6), CLOSED)))
    assert watched(connections) == ["snapshot", "messageSent", "messageSent", "roomClosed"]


def test_a_watcher_that_was_too_slow_goes_on() -> None:
    connections = Connections(stream(lines(SNAPSHOT, event(5), TOO_SLOW), breaks=False), stream(lines(CLOSED)))
    assert watched(connections) == ["snapshot", "messageSent", "roomClosed"]
    assert connections.after == [None, "5"]


def test_what_is_no_longer_kept_gives_a_second_snapshot() -> None:
    gone = refused(400, "OUT_OF_RANGE", "OutOfRange")
    connections = Connections(stream(lines(SNAPSHOT, event(5))), gone, stream(lines(SNAPSHOT, CLOSED)))
    assert watched(connections) == ["snapshot", "messageSent", "snapshot", "roomClosed"]
    assert connections.after == [None, "5", None]


def test_an_unknown_item_and_an_unknown_field_are_passed_over() -> None:
    newer = {"event": {"seq": "5", "type": "brandNew", "brandNew": {}, "more": 1}}
    connections = Connections(stream(lines(SNAPSHOT, {"brandNew": {}}, newer, CLOSED)))
    assert watched(connections) == ["snapshot", "brandNew", "roomClosed"]


def test_an_end_in_good_order_without_a_room_is_the_end() -> None:
    connections = Connections(stream(lines(SNAPSHOT), breaks=False), refused(404, "NOT_FOUND", "NotFound"))
    assert watched(connections) == ["snapshot"]


def test_a_room_that_is_lost_with_the_server_is_an_error() -> None:
    connections = Connections(stream(lines(SNAPSHOT)), refused(404, "NOT_FOUND", "NotFound"))
    with pytest.raises(errors.NotFound):
        watched(connections)


def test_a_watch_that_never_stood_fails_as_a_call_does() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: refused(503, "UNAVAILABLE", "Draining")))
    with Client("http://test", secret=SECRET, http=http, timeout=0.3) as client, pytest.raises(errors.Unavailable):
        client.watch("math")
