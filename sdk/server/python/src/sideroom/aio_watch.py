"""The watch for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType

import httpx

from .calls import no_answer, refusal
from .errors import SideroomError
from .position import METHOD, SILENCE_S, Lines, Position
from .retry import ATTEMPT_S
from .settings import Settings
from .types import WatchResponse


class AsyncWatch(AsyncIterator[WatchResponse]):
    """As `Watch`. `async with` returns when the connection stands, so that nothing is missed that happens from
    then on. Cancelling the task that waits ends the watch, and so does leaving `async with`."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, position: Position) -> None:
        self._settings = settings
        self._http = http
        self._position = position
        self._items = self._run()

    @property
    def seq(self) -> int | None:
        """The number of the last event: where `after_seq` goes on, also in another process."""
        return self._position.seq

    async def aclose(self) -> None:
        """Ends the watch."""
        await self._items.aclose()

    async def __anext__(self) -> WatchResponse:
        while (item := await self._items.__anext__()) is None:
            pass
        return item

    async def __aenter__(self) -> AsyncWatch:
        await self._items.__anext__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self) -> AsyncGenerator[WatchResponse | None, None]:
        """The items, and `None` for each connection that stands."""
        while not self._position.ended:
            try:
                async for item in self._connection():
                    yield item
                wait = self._position.handle_end()
            except httpx.TransportError as error:
                wait = self._position.handle_error(no_answer(METHOD, error))
            except SideroomError as error:
                wait = self._position.handle_error(error)
            if not self._position.ended:
                await asyncio.sleep(wait)

    async def _connection(self) -> AsyncGenerator[WatchResponse | None, None]:
        position = self._position
        timeout = httpx.Timeout(ATTEMPT_S, read=SILENCE_S)
        address, headers = self._settings.address(METHOD), self._settings.headers()
        async with self._http.stream(
            "POST", address, content=position.request(), headers=headers, timeout=timeout
        ) as response:
            if response.status_code != 200:
                raise refusal(METHOD, response.status_code, await response.aread())
            position.handle_open()
            yield None
            lines = Lines()
            async for chunk in response.aiter_raw():
                for line in lines.feed(chunk):
                    item = position.handle_line(line)
                    if item is not None:
                        yield item
                    if position.ended:
                        return
