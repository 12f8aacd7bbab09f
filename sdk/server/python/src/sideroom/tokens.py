"""Tokens: HS256 JWTs, signed with the secret of an API key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

from .types import Grants, Role, TrackKind

API_TOKEN_S = 600
# A fresh token is signed when the last one has this long to go.
RENEW_BEFORE_S = 120
MIN_SECRET_BYTES = 32


class Key:
    """An API key. Its secret shows in no log: not in `repr`, and in no error."""

    def __init__(self, key_id: str, secret: str) -> None:
        if not key_id:
            raise ValueError("the API key has no id")
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret of API key {key_id} is shorter than {MIN_SECRET_BYTES} bytes")
        self.id = key_id
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    def sign(self, claims: dict[str, Any]) -> str:
        """A token with these claims."""
        header = {"alg": "HS256", "typ": "JWT", "kid": self.id}
        text = f"{_part(header)}.{_part(claims)}"
        return f"{text}.{_encode(hmac.digest(self._secret, text.encode(), hashlib.sha256))}"

    def api_token(self, *, scopes: Sequence[str] | None = None, valid_for_s: int = API_TOKEN_S) -> str:
        """A token for signaling servers: all scopes of the key, or those that are named."""
        claims: dict[str, Any] = {"aud": "sideroom-api", "exp": int(time.time()) + valid_for_s}
        if scopes is not None:
            claims["scopes"] = list(scopes)
        return self.sign(claims)

    def client_token(
        self,
        room: str,
        identity: str,
        *,
        name: str = "",
        role: Role = Role.PARTICIPANT,
        grants: Grants | None = None,
        valid_for_s: int = 3600,
    ) -> str:
        """A token that lets one person into one room. Without `grants` it grants all that the role may; `name`
        is the identity unless one is given."""
        claims: dict[str, Any] = {
            "aud": "sideroom-client",
            "exp": int(time.time()) + valid_for_s,
            "room": room,
            "sub": identity,
            "name": name or identity,
            "role": "moderator" if role == Role.MODERATOR else "participant",
        }
        if grants is not None:
            claims["grants"] = _grant_claims(grants)
        return self.sign(claims)


def _grant_claims(grants: Grants) -> dict[str, Any]:
    """As tokens spell them: kinds in small letters."""
    made = grants.to_json()
    made["publish"] = [_kind_claim(kind) for kind in grants.publish]
    return made


def _kind_claim(kind: TrackKind) -> str:
    return str(kind.value).removeprefix("TRACK_KIND_").lower()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


class TokenSource:
    """The bearer of each call: a token that was given, or one that is signed anew in time."""

    def __init__(self, key: Key | None, token: str | None, scopes: Sequence[str] | None) -> None:
        self._key = key
        self._scopes = scopes
        self._token = token or ""
        self._renew_at = float("inf") if token else 0.0

    def bearer(self) -> str:
        if time.time() >= self._renew_at and self._key is not None:
            self._token = self._key.api_token(scopes=self._scopes)
            self._renew_at = time.time() + API_TOKEN_S - RENEW_BEFORE_S
        return self._token
