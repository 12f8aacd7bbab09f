"""One call: tries it until it is answered, refused, or its time is up."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, TypeVar

import httpx

from .errors import BadAnswer, NoAnswer, SideroomError, error_from
from .retry import Attempts
from .settings import Settings, body_of
from .wire import Message, from_json

A = TypeVar("A", bound=Message)


class Service:
    """Methods that wait for their answer."""

    def __init__(self, settings: Settings, http: httpx.Client) -> None:
        self._settings = settings
        self._http = http

    def call(self, method: str, request: Message, answer: type[A], timeout: float | None) -> A:
        """Calls a method by its path, such as `RoomService/CreateRoom`."""
        body = json.dumps(body_of(request)).encode()
        attempts = Attempts(self._settings.timeout if timeout is None else timeout)
        address = self._settings.address(method)
        while True:
            try:
                headers = self._settings.headers()
                response = self._http.post(address, content=body, headers=headers, timeout=attempts.left_s())
                return read_answer(method, response, answer)
            except httpx.TransportError as error:
                wait = attempts.wait_after(no_answer(method, error))
            except SideroomError as error:
                wait = attempts.wait_after(error)
            time.sleep(wait)


class AsyncService:
    """The same for asyncio. Cancelling the task ends the call."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def call(self, method: str, request: Message, answer: type[A], timeout: float | None) -> A:
        """Calls a method by its path, such as `RoomService/CreateRoom`."""
        body = json.dumps(body_of(request)).encode()
        attempts = Attempts(self._settings.timeout if timeout is None else timeout)
        address = self._settings.address(method)
        while True:
            try:
                headers = self._settings.headers()
                left = attempts.left_s()
                posted = self._http.post(address, content=body, headers=headers, timeout=left)
                return read_answer(method, await asyncio.wait_for(posted, left), answer)
            except (httpx.TransportError, asyncio.TimeoutError) as error:
                wait = attempts.wait_after(no_answer(method, error))
            except SideroomError as error:
                wait = attempts.wait_after(error)
            await asyncio.sleep(wait)


def no_answer(method: str, error: Exception) -> NoAnswer:
    made = NoAnswer(f"no answer: {str(error) or type(error).__name__}", code="UNAVAILABLE")
    made.method = method
    made.__cause__ = error
    return made


def refusal(method: str, status: int, content: bytes) -> SideroomError:
    """The error that an answer says."""
    made = error_from(status, _parsed(content))
    made.method = method
    return made


def read_answer(method: str, response: httpx.Response, answer: type[A]) -> A:
    if response.status_code != 200:
        raise refusal(method, response.status_code, response.content)
    try:
        return from_json(answer, _parsed(response.content))
    except (ValueError, TypeError) as error:
        made = BadAnswer(f"the answer cannot be read: {error}", status=response.status_code)
        made.method = method
        raise made from error


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
