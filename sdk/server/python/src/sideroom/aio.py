"""The client for asyncio."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import httpx

from .aio_services import AsyncBreakoutService, AsyncNodeService, AsyncParticipantService, AsyncRoomService
from .aio_watch import AsyncWatch
from .client import LIMITS
from .position import Position
from .settings import TIMEOUT_S, Settings
from .tokens import Key


class AsyncClient:
    """As `Client`, for asyncio: every method is awaited, and cancelling a task ends its call."""

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        secret: str | None = None,
        token: str | None = None,
        scopes: Sequence[str] | None = None,
        timeout: float = TIMEOUT_S,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings = Settings(url, key, secret, token, scopes, timeout)
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient(limits=LIMITS)
        self.rooms = AsyncRoomService(self._settings, self._http)
        self.participants = AsyncParticipantService(self._settings, self._http)
        self.breakouts = AsyncBreakoutService(self._settings, self._http)
        self.node = AsyncNodeService(self._settings, self._http)

    @property
    def key(self) -> Key:
        """Signs tokens for those who join: `client.key.client_token("math", "user-17")`."""
        return self._settings.signing_key()

    def watch(self, room: str = "", *, after_seq: int | None = None, include_volatile: bool = False) -> AsyncWatch:
        """The events of a room, from now on or after this number."""
        position = Position(room, after_seq, include_volatile, self._settings.timeout)
        return AsyncWatch(self._settings, self._http, position)

    def with_token(self, token: str) -> AsyncClient:
        """The same connections with another token, such as a participant's."""
        return AsyncClient(self._settings.url, token=token, timeout=self._settings.timeout, http=self._http)

    async def aclose(self) -> None:
        """Closes the connections, unless they were given."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
