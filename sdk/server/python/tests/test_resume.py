"""A watch over kills and restarts of the server: each event once and in order, and calls that were under way
happen once."""

from __future__ import annotations

import asyncio
import threading
import time

from sideroom import AsyncClient, Client
from sideroom.types import BreakoutSettingsPatch, WatchResponse

from conftest import PATIENCE_S, SECRET, Server

CALLS = 120
# After which of the answers the server is killed.
KILLS = (30, 75)


def change(client: Client, number: int, room: str = "math") -> None:
    """Changes the grace. Not a text message: no text is kept, so after a restart a snapshot stands for it."""
    client.breakouts.update_settings(room, settings=BreakoutSettingsPatch(end_grace_ms=number))


def number_of(item: WatchResponse) -> int | None:
    changed = item.event.settings_changed if item.event else None
    return changed.settings.end_grace_ms if changed and changed.settings else None


class Caller(threading.Thread):
    """Gives one command after the other. It says how many were answered."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.answered = 0
        self.errors: list[BaseException] = []

    def run(self) -> None:
        try:
            for number in range(CALLS):
                change(self.client, number)
                self.answered = number + 1
        except BaseException as error:
            self.errors.append(error)


def kill_twice(server: Server, caller: Caller) -> None:
    for after in KILLS:
        while caller.answered < after and caller.is_alive():
            time.sleep(0.002)
        server.kill()
        server.start()


def check(items: list[WatchResponse]) -> None:
    """Nothing lost, nothing twice: numbers without a gap, and each name once."""
    first, *rest = items
    assert first.snapshot is not None
    events = [item.event for item in rest if item.event is not None]
    assert len(events) == len(rest), "a second snapshot hides what was missed"
    numbers = [event.seq for event in events]
    assert numbers == list(range(first.snapshot.seq + 1, first.snapshot.seq + 1 + len(numbers)))
    numbers = [number for item in items if (number := number_of(item)) is not None]
    assert numbers == list(range(CALLS))


def test_a_watch_goes_on_over_kills_of_the_server(own_server: Server) -> None:
    with own_server.client() as client:
        client.rooms.create_room("math")
        watch = client.watch("math")
        items = [next(watch)]
        caller = Caller(client)
        killer = threading.Thread(target=kill_twice, args=(own_server, caller))
        caller.start()
        killer.start()
        for item in watch:
            items.append(item)
            if number_of(item) == CALLS - 1:
                break
        caller.join()
        killer.join()
        assert not caller.errors
        check(items)


def test_an_async_watch_goes_on_over_kills_of_the_server(own_server: Server) -> None:
    async def run(caller: Caller) -> list[WatchResponse]:
        items = []
        async with AsyncClient(own_server.url, key="app", secret=SECRET, timeout=PATIENCE_S) as client:
            async with client.watch("math") as watch:
                async for item in watch:
                    items.append(item)
                    if len(items) == 1:
                        caller.start()
                        killer = asyncio.get_running_loop().run_in_executor(None, kill_twice, own_server, caller)
                    if number_of(item) == CALLS - 1:
                        break
            await killer
        return items

    with own_server.client() as client:
        client.rooms.create_room("math")
        caller = Caller(client)
        items = asyncio.run(run(caller))
        caller.join()
    assert not caller.errors
    check(items)


def test_a_watch_goes_on_in_another_process_by_its_number(own_server: Server) -> None:
    with own_server.client() as client:
        client.rooms.create_room("math")
        with client.watch("math") as watch:
            next(watch)
            change(client, 0)
            next(watch)
            seq = watch.seq
        change(client, 1)
        own_server.kill()
        own_server.start()
        with client.watch("math", after_seq=seq) as watch:
            assert number_of(next(watch)) == 1


def test_a_number_that_is_not_known_gives_a_snapshot(client: Client) -> None:
    client.rooms.create_room("unknown-number")
    with client.watch("unknown-number", after_seq=10**9) as watch:
        assert next(watch).snapshot is not None


def test_what_happens_after_a_watch_began_is_told(server: Server, client: Client) -> None:
    client.rooms.create_room("begun")
    with client.watch("begun") as watch:
        change(client, 0, "begun")
        assert next(watch).snapshot is not None and number_of(next(watch)) == 0

    async def run() -> None:
        async with AsyncClient(server.url, key="app", secret=SECRET) as asking, asking.watch("begun") as watch:
            change(client, 1, "begun")
            assert (await watch.__anext__()).snapshot is not None and number_of(await watch.__anext__()) == 1

    asyncio.run(run())


def test_a_watch_ends_with_its_room(client: Client) -> None:
    client.rooms.create_room("ends")
    with client.watch("ends") as watch:
        next(watch)
        client.rooms.delete_room("ends")
        assert [item.event.type for item in watch if item.event] == ["roomClosed"]


def test_closing_a_watch_wakes_the_thread_that_waits(client: Client) -> None:
    client.rooms.create_room("closes")
    watch = client.watch("closes")
    next(watch)
    waits = threading.Thread(target=lambda: list(watch))
    waits.start()
    watch.close()
    waits.join(PATIENCE_S)
    assert not waits.is_alive()


def test_cancelling_a_task_ends_its_watch(server: Server, client: Client) -> None:
    client.rooms.create_room("cancels")

    async def run() -> None:
        async with AsyncClient(server.url, key="app", secret=SECRET) as asking, asking.watch("cancels") as watch:
            await watch.__anext__()
            waits = asyncio.ensure_future(watch.__anext__())
            await asyncio.sleep(0)
            waits.cancel()
            assert isinstance((await asyncio.gather(waits, return_exceptions=True))[0], asyncio.CancelledError)

    asyncio.run(run())
