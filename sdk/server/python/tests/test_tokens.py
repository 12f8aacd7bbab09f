"""Tokens that are signed here open what they say, and nothing else."""

from __future__ import annotations

import pytest

from sideroom import Client, Key, errors
from sideroom.types import Grants, Role, TrackHint, TrackKind

from conftest import OFFER, SECRET, Server

HINTS = [TrackHint(mid="0", kind=TrackKind.AUDIO), TrackHint(mid="1", kind=TrackKind.SCREEN)]


def test_a_client_token_says_who_joins(client: Client) -> None:
    client.rooms.create_room("tokens")
    grants = Grants(publish=[TrackKind.AUDIO], create_breakouts=True)
    token = client.key.client_token("tokens", "user-ä", name="Ada ♥", role=Role.MODERATOR, grants=grants)
    joined = client.participants.join(client_token=token, offer=OFFER, tracks=HINTS)
    assert joined.room is not None
    ada = next(one for one in joined.room.participants if one.id == joined.participant_id)
    assert (ada.identity, ada.display_name, ada.role) == ("user-ä", "Ada ♥", Role.MODERATOR)
    assert ada.grants == grants
    as_ada = client.with_token(token)
    with pytest.raises(errors.PermissionDenied):
        as_ada.participants.publish(kinds=[TrackKind.SCREEN])
    as_ada.participants.publish(kinds=[TrackKind.AUDIO])
    with pytest.raises(ValueError, match="no key"):
        as_ada.key


def test_scopes_narrow_the_key(server: Server) -> None:
    with Client(server.url, key="app", secret=SECRET, scopes=["watch"]) as client:
        with pytest.raises(errors.PermissionDenied):
            client.rooms.list_rooms()


def test_another_secret_opens_nothing(server: Server) -> None:
    with Client(server.url, key="app", secret="x" * 32) as client, pytest.raises(errors.Unauthenticated):
        client.rooms.list_rooms()


def test_a_token_is_signed_anew_in_time(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    source = client._settings.tokens
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    source._renew_at = 0.0
    first = source.bearer()
    now += 479
    assert source.bearer() == first
    now += 2
    assert source.bearer() != first


def test_mistakes_are_told_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="shorter than 32"):
        Key("app", "short")
    monkeypatch.delenv("SIDEROOM_SECRET", raising=False)
    with pytest.raises(ValueError, match="SIDEROOM_SECRET"):
        Client("http://127.0.0.1:1")
    with pytest.raises(ValueError, match="neither"):
        Client("127.0.0.1:7900", secret=SECRET)


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Key("app", SECRET))
