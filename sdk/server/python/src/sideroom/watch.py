"""A watch that waits for its items. It goes on over lost connections and restarts of the server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator, Iterator
from types import TracebackType

import httpx

from .calls import no_answer, refusal
from .errors import SideroomError
from .position import METHOD, SILENCE_S, Lines, Position
from .retry import ATTEMPT_S
from .settings import Settings
from .types import WatchResponse


class Watch(Iterator[WatchResponse]):
    """The room when the watch began, then each change, each once and in order. A second snapshot means that
    events were missed that the server no longer keeps: take it as the new state."""

    def __init__(self, settings: Settings, http: httpx.Client, position: Position) -> None:
        self._settings = settings
        self._http = http
        self._position = position
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        self._items = self._run()
        # The connection stands when this returns: nothing that happens from now on is missed.
        next(self._items)

    @property
    def seq(self) -> int | None:
        """The number of the last event: where `after_seq` goes on, also in another process."""
        return self._position.seq

    def close(self) -> None:
        """Ends the watch, also from another thread: one that waits for an item gets none."""
        self._closed.set()
        waiting = self._socket
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)

    def __next__(self) -> WatchResponse:
        if self._closed.is_set():
            self._items.close()
        return next(item for item in self._items if item is not None)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        self._items.close()

    def _run(self) -> Generator[WatchResponse | None, None, None]:
        """The items, and `None` for each connection that stands."""
        while not self._position.ended and not self._closed.is_set():
            try:
                yield from self._connection()
                wait = self._position.handle_end()
            except (httpx.TransportError, OSError) as error:
                if self._closed.is_set():
                    return
                wait = self._position.handle_error(no_answer(METHOD, error))
            except SideroomError as error:
                wait = self._position.handle_error(error)
            finally:
                self._socket = None
            if not self._position.ended:
                self._closed.wait(wait)

    def _connection(self) -> Iterator[WatchResponse | None]:
        position = self._position
        timeout = httpx.Timeout(ATTEMPT_S, read=SILENCE_S)
        address, headers = self._settings.address(METHOD), self._settings.headers()
        with self._http.stream("POST", address, content=position.request(), headers=headers, timeout=timeout) as response:
            if response.status_code != 200:
                raise refusal(METHOD, response.status_code, response.read())
            position.handle_open()
            self._socket = response.extensions["network_stream"].get_extra_info("socket")
            yield None
            lines = Lines()
            for chunk in response.iter_raw():
                for line in lines.feed(chunk):
                    item = position.handle_line(line)
                    if item is not None:
                        yield item
                    if position.ended or self._closed.is_set():
                        return
