"""Where the server is and how its caller signs in: given as arguments or by the environment."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from typing import Any

from .tokens import Key, TokenSource
from .wire import Message

DEFAULT_URL = "http://127.0.0.1:7900"
# For a whole call, all of its tries together.
TIMEOUT_S = 30.0


class Settings:
    """What both clients are made with."""

    def __init__(
        self,
        url: str | None,
        key: str | None,
        secret: str | None,
        token: str | None,
        scopes: Sequence[str] | None,
        timeout: float,
    ) -> None:
        self.url = (url or os.environ.get("SIDEROOM_URL") or DEFAULT_URL).rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"the URL {self.url!r} begins with neither http:// nor https://")
        if timeout <= 0:
            raise ValueError("the timeout is not positive")
        self.timeout = timeout
        self.key: Key | None = None
        if token is None:
            key = key or os.environ.get("SIDEROOM_KEY") or "dev"
            secret = secret or os.environ.get("SIDEROOM_SECRET")
            if not secret:
                raise ValueError("give `secret` (or set SIDEROOM_SECRET), or give `token`")
            self.key = Key(key, secret)
        self.tokens = TokenSource(self.key, token, scopes)

    def signing_key(self) -> Key:
        if self.key is None:
            raise ValueError("this client has a token and no key: use participants.create_token, or make a Key")
        return self.key

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.bearer()}", "content-type": "application/json"}

    def address(self, method: str) -> str:
        return f"{self.url}/sideroom.v1.{method}"


def body_of(request: Message) -> dict[str, Any]:
    """The JSON of a request. One that changes something gets an id of its own, so that it can be repeated."""
    made = request.to_json()
    if not made.get("requestId") and any(field.name == "request_id" for field in request.FIELDS):
        made["requestId"] = uuid.uuid4().hex
    return made
