"""A teacher splits a class: the worked example of docs/rpc.md with the SDK.

SIDEROOM_URL, SIDEROOM_KEY and SIDEROOM_SECRET say where the server is. It ends with `ok`."""

import os
import time
from pathlib import Path
from typing import Any

from sideroom import Client, Reason, SideroomError, Watch
from sideroom.types import BreakoutDefinition, BreakoutSettingsPatch, MediaFlags, MoveReason, MoveTarget, Role
from sideroom.types import TrackHint, TrackKind

ROOM = f"sdk-python-{os.getpid()}-{time.time_ns()}"
# As a browser would make it.
OFFER = (Path(__file__).resolve().parents[4] / "docs/examples/offer.sdp").read_bytes().decode()


def expect(watch: Watch, kind: str, **fields: object) -> Any:
    """The payload of the next event of this type in which `fields` have these values."""
    for item in watch:
        payload = item.event.payload if item.event and item.event.type == kind else None
        if payload is not None and all(getattr(payload, name) == wanted for name, wanted in fields.items()):
            print(f"  event {kind}")
            return payload
    raise SystemExit(f"the watch ended before {kind}")


def join(client: Client, identity: str, role: Role = Role.PARTICIPANT) -> tuple[str, Client]:
    """Joins for somebody, as a gateway of the app's own would. Their id, and a client that acts as they do."""
    token = client.key.client_token(ROOM, identity, role=role)
    hints = [TrackHint(mid="0", kind=TrackKind.AUDIO), TrackHint(mid="1", kind=TrackKind.SCREEN)]
    joined = client.participants.join(ROOM, client_token=token, offer=OFFER, tracks=hints)
    return joined.participant_id, client.with_token(token)


def main() -> None:
    with Client() as client:
        client.rooms.create_room(ROOM)
        with client.watch(ROOM) as watch:
            walk(client, watch)
    print("ok")


def walk(client: Client, watch: Watch) -> None:
    teacher, as_teacher = join(client, "teacher", Role.MODERATOR)
    ann, as_ann = join(client, "ann")
    bob, as_bob = join(client, "bob")
    as_ann.participants.publish(kinds=[TrackKind.AUDIO])
    expect(watch, "trackPublished", participant_id=ann)

    print("create, twice with one request id")
    media = MediaFlags(audio=True, screen=True)
    definition = BreakoutDefinition(max_rooms=2, participants=4, media=media, names=["Red", "Blue"])
    made = as_teacher.breakouts.create_breakouts(definition=definition, request_id="breakouts")
    red, blue = (breakout.id for breakout in made.breakouts)
    again = as_teacher.breakouts.create_breakouts(definition=definition, request_id="breakouts")
    assert again.answer and again.answer.replayed
    try:
        client.breakouts.create_breakouts(ROOM, definition=BreakoutDefinition(max_rooms=1))
        raise SystemExit("a definition without participants was accepted")
    except SideroomError as error:
        assert error.reason == Reason.PARTICIPANT_COUNT_MISSING

    print("invite, decline, invite, join")
    client.breakouts.invite(ROOM, breakout_id=red, participant_ids=[ann, bob])
    expect(watch, "invitationReceived", participant_id=bob)
    as_bob.breakouts.reject_invite(breakout_id=red)
    expect(watch, "invitationRejected", participant_id=bob)
    as_ann.breakouts.join_breakout(stream_info=MediaFlags(audio=True))
    expect(watch, "participantMoved", participant_id=ann, to_group_id=red, reason=MoveReason.JOINED)
    client.breakouts.invite(ROOM, breakout_id=red, participant_ids=[bob], force_join=True)
    expect(watch, "participantMoved", participant_id=bob, reason=MoveReason.FORCED)

    print("pause, resume and mute the parent")
    as_ann.participants.set_parent_gate(paused=True)
    as_ann.participants.set_parent_gate(paused=False)
    expect(watch, "parentGateChanged", participant_id=ann)
    client.participants.set_room_gate(ROOM, audio_muted=True, video_muted=True)
    expect(watch, "roomGateChanged")
    client.participants.mute(ROOM, participant_id=ann, kinds=[TrackKind.AUDIO])
    expect(watch, "muteChanged", participant_id=ann, by_moderator=[TrackKind.AUDIO])

    print("move, message, help")
    moves = [MoveTarget(participant_id=one, to_group_id=blue) for one in (ann, bob)]
    assert len(client.breakouts.move_participants(ROOM, moves=moves).moved) == 2
    expect(watch, "participantMoved", participant_id=bob, to_group_id=blue)
    client.rooms.send_message(ROOM, text="two minutes left", all_groups=True)
    expect(watch, "messageSent", text="two minutes left")
    as_ann.breakouts.raise_help(text="we are stuck")
    expect(watch, "helpChanged", participant_id=ann, raised=True)
    as_teacher.breakouts.answer_help(participant_id=ann, text="coming")
    expect(watch, "helpChanged", participant_id=ann, answered_by=teacher)

    print("the timer")
    ends_at_ms = time.time_ns() // 1_000_000 + 3000
    client.breakouts.update_settings(ROOM, settings=BreakoutSettingsPatch(ends_at_ms=ends_at_ms, end_grace_ms=300))
    expect(watch, "timerTicked", in_grace=True)
    expect(watch, "participantMoved", reason=MoveReason.TIME_UP)

    print("destroy")
    client.breakouts.destroy_breakouts(ROOM)
    expect(watch, "breakoutsDestroyed", breakout_ids=[red, blue])
    assert any(stay.reason == MoveReason.FORCED for stay in client.rooms.list_moves(ROOM).moves)
    client.rooms.delete_room(ROOM)
    expect(watch, "roomClosed")


if __name__ == "__main__":
    main()
