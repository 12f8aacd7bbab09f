"""The client that waits for answers."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import httpx

from .position import Position
from .services import BreakoutService, NodeService, ParticipantService, RoomService
from .settings import TIMEOUT_S, Settings
from .tokens import Key
from .watch import Watch

# Watches hold a connection each, so their number is the caller's.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60.0)


class Client:
    """A signaling server's connection to Sideroom. One serves all threads.

    `url`, `key` and `secret` may come from SIDEROOM_URL, SIDEROOM_KEY and SIDEROOM_SECRET. Tokens are signed
    with the secret and renewed in time; `scopes` narrows what they open. With `token` the calls carry that one.
    `timeout` is for a whole call in seconds, with all of its tries; each call takes one of its own.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        secret: str | None = None,
        token: str | None = None,
        scopes: Sequence[str] | None = None,
        timeout: float = TIMEOUT_S,
        http: httpx.Client | None = None,
    ) -> None:
        self._settings = Settings(url, key, secret, token, scopes, timeout)
        self._owns_http = http is None
        self._http = http or httpx.Client(limits=LIMITS)
        self.rooms = RoomService(self._settings, self._http)
        self.participants = ParticipantService(self._settings, self._http)
        self.breakouts = BreakoutService(self._settings, self._http)
        self.node = NodeService(self._settings, self._http)

    @property
    def key(self) -> Key:
        """Signs tokens for those who join: `client.key.client_token("math", "user-17")`."""
        return self._settings.signing_key()

    def watch(self, room: str = "", *, after_seq: int | None = None, include_volatile: bool = False) -> Watch:
        """The events of a room, from now on or after this number."""
        position = Position(room, after_seq, include_volatile, self._settings.timeout)
        return Watch(self._settings, self._http, position)

    def with_token(self, token: str) -> Client:
        """The same connections with another token, such as a participant's."""
        return Client(self._settings.url, token=token, timeout=self._settings.timeout, http=self._http)

    def close(self) -> None:
        """Closes the connections, unless they were given."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
