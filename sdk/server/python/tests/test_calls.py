"""Calls: which errors are repeated, with which id, for how long; what answers and errors carry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from sideroom import AsyncClient, Client, NoAnswer, Reason, SideroomError, errors
from sideroom.types import BreakoutDefinition

from conftest import SECRET, Server

Reply = Callable[[httpx.Request], httpx.Response]


def said(status: int, code: str, reason: str, **more: object) -> Reply:
    error = {"code": code, "reason": reason, "message": "so it is", **more}
    return lambda _: httpx.Response(status, json={"error": error})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("connection reset", request=request)


OK: Reply = lambda _: httpx.Response(200, json={"answer": {"epoch": "3", "seq": "9", "replayed": True}})
OVERLOADED = said(503, "UNAVAILABLE", "Overloaded")
LIMITED = said(429, "RESOURCE_EXHAUSTED", "RateLimited", retryAfterMs=20)


class Script:
    """Gives one reply after the other, and remembers the bodies."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.bodies: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply(request)


def mute(script: Script, timeout: float = 60.0) -> object:
    with Client("http://test", secret=SECRET, http=httpx.Client(transport=httpx.MockTransport(script))) as client:
        return client.participants.mute("math", participant_id="p1.1", timeout=timeout)


def mute_async(script: Script, timeout: float = 60.0) -> object:
    async def run() -> object:
        http = httpx.AsyncClient(transport=httpx.MockTransport(script))
        async with AsyncClient("http://test", secret=SECRET, http=http) as client:
            return await client.participants.mute("math", participant_id="p1.1", timeout=timeout)

    return asyncio.run(run())


both = pytest.mark.parametrize("call", [mute, mute_async])


@both
@pytest.mark.parametrize("first", [OVERLOADED, LIMITED, broken, lambda _: httpx.Response(502, text="bad gateway")])
def test_what_may_be_repeated_is_with_the_same_id(first: Reply, call: Callable[[Script], object]) -> None:
    script = Script(first, first, OK)
    call(script)
    ids = {body["requestId"] for body in script.bodies}
    assert len(script.bodies) == 3 and len(ids) == 1


@both
@pytest.mark.parametrize(
    "reply",
    [
        said(400, "FAILED_PRECONDITION", "BreakoutClosed"),
        said(429, "RESOURCE_EXHAUSTED", "RoomFull"),
        said(409, "ABORTED", "EpochMismatch", currentEpoch="12"),
        said(401, "UNAUTHENTICATED", "Unauthenticated"),
        said(500, "INTERNAL", "Internal"),
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(404, text="<html>"),
    ],
)
def test_what_may_not_be_repeated_is_not(reply: Reply, call: Callable[[Script], object]) -> None:
    script = Script(reply)
    with pytest.raises(SideroomError):
        call(script)
    assert len(script.bodies) == 1


@both
def test_a_call_gives_up_when_its_time_is_up(call: Callable[[Script, float], object]) -> None:
    script = Script(broken)
    with pytest.raises(NoAnswer) as raised:
        call(script, 0.5)
    assert raised.value.method == "ParticipantService/Mute"


@both
def test_a_limit_that_outlasts_the_call_is_told_at_once(call: Callable[[Script, float], object]) -> None:
    script = Script(said(429, "RESOURCE_EXHAUSTED", "RateLimited", retryAfterMs=3_600_000))
    with pytest.raises(errors.ResourceExhausted):
        call(script, 60.0)
    assert len(script.bodies) == 1


def test_errors_carry_all_codes_of_the_server() -> None:
    reply = said(400, "FAILED_PRECONDITION", "BreakoutClosed", enablexCode=1731, acsCode=412, acsSubcode=46256)
    with pytest.raises(errors.FailedPrecondition) as raised:
        mute(Script(reply))
    error = raised.value
    assert error.reason == Reason.BREAKOUT_CLOSED and error.status == 400
    assert (error.enablex_code, error.acs_code, error.acs_subcode) == (1731, 412, 46256)
    with pytest.raises(errors.Aborted) as aborted:
        mute(Script(said(409, "ABORTED", "EpochMismatch", currentEpoch="12")))
    assert aborted.value.current_epoch == 12


def test_a_reason_that_only_a_newer_server_knows_keeps_its_name() -> None:
    with pytest.raises(errors.FailedPrecondition) as raised:
        mute(Script(said(400, "FAILED_PRECONDITION", "BrandNew")))
    assert raised.value.reason == "BrandNew"


def test_the_server_s_own_errors(client: Client) -> None:
    with pytest.raises(errors.NotFound) as raised:
        client.rooms.get_room("nowhere")
    assert raised.value.reason == Reason.NOT_FOUND
    client.rooms.create_room("errors")
    with pytest.raises(errors.AlreadyExists):
        client.rooms.create_room("errors")
    with pytest.raises(errors.InvalidArgument) as missing:
        client.breakouts.create_breakouts("errors", definition=BreakoutDefinition(max_rooms=1))
    assert missing.value.enablex_code == 1734
    with pytest.raises(errors.Aborted) as aborted:
        client.rooms.set_draining("errors", draining=True, expected_epoch=99)
    assert aborted.value.current_epoch == 0


def test_default_values_and_large_numbers_come_back(client: Client) -> None:
    made = client.rooms.create_room("defaults").room
    assert made is not None and made.participants == [] and made.draining is False and made.seq == 0
    breakouts = client.breakouts.create_and_invite(
        "defaults", definition=BreakoutDefinition(max_rooms=1, participants=4), seed=2**64 - 1
    )
    assert breakouts.seed == 2**64 - 1


def test_a_slow_server_is_left(server: Server) -> None:
    """A listener that never answers: the call ends with its timeout, and so does a cancelled task."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, secret=SECRET, timeout=0.3) as client, pytest.raises(NoAnswer):
            client.rooms.list_rooms()

        async def cancelled() -> None:
            async with AsyncClient(url, secret=SECRET) as client:
                call = asyncio.ensure_future(client.rooms.list_rooms())
                await asyncio.sleep(0)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call

        asyncio.run(cancelled())
