"""The whole breakout story of a signaling server, in Python over gRPC."""

import base64
import hashlib
import hmac
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

import grpc

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "crates/rpc/proto"))
V1 = "sideroom/v1/"
types = grpc.protos(V1 + "types.proto")
rooms, room_stubs = grpc.protos_and_services(V1 + "room_service.proto")
people, people_stubs = grpc.protos_and_services(V1 + "participant_service.proto")
breakouts, breakout_stubs = grpc.protos_and_services(V1 + "breakout_service.proto")
events, event_stubs = grpc.protos_and_services(V1 + "event_service.proto")

TARGET = os.environ.get("SIDEROOM_GRPC", "127.0.0.1:7901")
KEY = os.environ.get("SIDEROOM_KEY", "dev")
SECRET = os.environ["SIDEROOM_SECRET"]
ROOM = f"python-{os.getpid()}-{time.time_ns()}"
EXPIRES = int(time.time()) + 600
AUDIO, SCREEN = types.TRACK_KIND_AUDIO, types.TRACK_KIND_SCREEN


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: dict) -> str:
    """A token: HS256 over two parts in base64url."""
    head = {"alg": "HS256", "typ": "JWT", "kid": KEY}
    text = ".".join(encode(json.dumps(part).encode()) for part in (head, claims))
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{encode(digest)}"


def client_token(identity: str, role: str) -> str:
    return sign(
        {"aud": "sideroom-client", "exp": EXPIRES, "room": ROOM, "sub": identity, "name": identity, "role": role}
    )


def bearing(token: str):
    return [("authorization", f"Bearer {token}")]


OPERATOR = bearing(sign({"aud": "sideroom-api", "exp": EXPIRES}))
channel = grpc.insecure_channel(TARGET)
room_service = room_stubs.RoomServiceStub(channel)
participant_service = people_stubs.ParticipantServiceStub(channel)
breakout_service = breakout_stubs.BreakoutServiceStub(channel)
event_service = event_stubs.EventServiceStub(channel)


def call(method, request, who=OPERATOR):
    request.room = ROOM
    return method(request, metadata=who, timeout=10)


class Watch:
    """The events of the room, as they come."""

    def __init__(self):
        self.items = queue.Queue()
        self.call = event_service.Watch(events.WatchRequest(room=ROOM), metadata=OPERATOR)
        threading.Thread(target=self.read, daemon=True).start()
        assert self.items.get(timeout=10).snapshot.name == ROOM

    def read(self):
        try:
            for item in self.call:
                self.items.put(item)
        except grpc.RpcError as error:
            self.items.put(error)

    def expect(self, kind: str, **fields):
        """The payload of the next event of this type in which `fields` have these values."""
        while True:
            try:
                item = self.items.get(timeout=10)
            except queue.Empty:
                sys.exit(f"the event {kind} {fields} did not come")
            if isinstance(item, grpc.RpcError):
                sys.exit(f"the stream ended before {kind}: {item}")
            if item.event.WhichOneof("payload") != kind:
                continue
            payload = getattr(item.event, kind)
            if all(getattr(payload, name) == wanted for name, wanted in fields.items()):
                print(f"  event {kind} {fields}")
                return payload


def reason_of(error: grpc.RpcError) -> str:
    """The stable name, from the ErrorInfo in the details of the status."""
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    return next((name for name in (b"ParticipantCountMissing", b"NotModerator") if name in details), b"").decode()


OFFER = (HERE / "offer.sdp").read_bytes().decode()


def join(identity: str, role: str):
    token = client_token(identity, role)
    request = people.JoinRequest(
        request_id=f"join-{identity}",
        client_token=token,
        offer=OFFER,
        tracks=[people.TrackHint(mid="0", kind=AUDIO), people.TrackHint(mid="1", kind=SCREEN)],
    )
    joined = call(participant_service.Join, request)
    assert joined.sdp.startswith("v=0")
    return joined.participant_id, bearing(token)


print(f"room {ROOM}")
call(room_service.CreateRoom, rooms.CreateRoomRequest(request_id="create"))
watch = Watch()
teacher, as_teacher = join("teacher", "moderator")
ann, as_ann = join("ann", "participant")
bob, as_bob = join("bob", "participant")
call(participant_service.Publish, people.PublishRequest(kinds=[AUDIO]), as_ann)
watch.expect("track_published", participant_id=ann)

print("create, twice with one request id")


def create():
    definition = breakouts.BreakoutDefinition(
        max_rooms=2, participants=4, media=types.MediaFlags(audio=True, screen=True), names=["Red", "Blue"]
    )
    request = breakouts.CreateBreakoutsRequest(request_id="breakouts", definition=definition)
    return call(breakout_service.CreateBreakouts, request, as_teacher)


red, blue = (breakout.id for breakout in create().breakouts)
watch.expect("breakouts_created")
assert create().answer.replayed
try:
    wrong = breakouts.CreateBreakoutsRequest(definition=breakouts.BreakoutDefinition(max_rooms=1))
    call(breakout_service.CreateBreakouts, wrong)
    sys.exit("a definition without participants was accepted")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    assert reason_of(error) == "ParticipantCountMissing", error

print("invite, decline, invite, join")
call(breakout_service.Invite, breakouts.InviteRequest(breakout_id=red, participant_ids=[ann, bob]))
watch.expect("invitation_received", participant_id=bob)
call(breakout_service.RejectInvite, breakouts.RejectInviteRequest(breakout_id=red), as_bob)
watch.expect("invitation_rejected", participant_id=bob, breakout_id=red)
call(breakout_service.JoinBreakout, breakouts.JoinBreakoutRequest(stream_info=types.MediaFlags(audio=True)), as_ann)
watch.expect("participant_moved", participant_id=ann, to_group_id=red, reason=types.MOVE_REASON_JOINED)
call(breakout_service.Invite, breakouts.InviteRequest(breakout_id=red, participant_ids=[bob], force_join=True))
watch.expect("participant_moved", participant_id=bob, reason=types.MOVE_REASON_FORCED)

print("pause, resume and mute the parent")
call(participant_service.SetParentGate, people.SetParentGateRequest(paused=True), as_ann)
call(participant_service.SetParentGate, people.SetParentGateRequest(paused=False), as_ann)
watch.expect("parent_gate_changed", participant_id=ann)
call(participant_service.SetRoomGate, people.SetRoomGateRequest(audio_muted=True, video_muted=True))
watch.expect("room_gate_changed")
call(participant_service.Mute, people.MuteRequest(participant_id=ann, kinds=[AUDIO]))
watch.expect("mute_changed", participant_id=ann, by_moderator=[AUDIO])

print("move, message, help")
moves = [breakouts.MoveTarget(participant_id=one, to_group_id=blue) for one in (ann, bob)]
assert len(call(breakout_service.MoveParticipants, breakouts.MoveParticipantsRequest(moves=moves)).moved) == 2
watch.expect("participant_moved", participant_id=bob, from_group_id=red, to_group_id=blue)
call(room_service.SendMessage, rooms.SendMessageRequest(all_groups=True, text="two minutes left"))
watch.expect("message_sent", text="two minutes left")
call(breakout_service.RaiseHelp, breakouts.RaiseHelpRequest(text="we are stuck"), as_ann)
watch.expect("help_changed", participant_id=ann, raised=True)
call(breakout_service.AnswerHelp, breakouts.AnswerHelpRequest(participant_id=ann, text="coming"), as_teacher)
watch.expect("help_changed", participant_id=ann, answered_by=teacher)

print("clear")
call(breakout_service.ClearBreakouts, breakouts.ClearBreakoutsRequest())
watch.expect("participant_moved", reason=types.MOVE_REASON_CLEARED)
watch.expect("participant_moved", reason=types.MOVE_REASON_CLEARED)

print("the timer")
target = breakouts.MoveTarget(participant_id=ann, to_group_id=red)
call(breakout_service.MoveParticipants, breakouts.MoveParticipantsRequest(moves=[target]))
if not os.environ.get("SIDEROOM_SKIP_TIMER"):
    settings = types.BreakoutSettingsPatch(ends_at_ms=time.time_ns() // 1_000_000 + 1500, end_grace_ms=300)
    call(breakout_service.UpdateSettings, breakouts.UpdateSettingsRequest(settings=settings))
    watch.expect("settings_changed")
    watch.expect("timer_ticked", in_grace=True)
    watch.expect("participant_moved", participant_id=ann, reason=types.MOVE_REASON_TIME_UP)

print("destroy")
call(breakout_service.DestroyBreakouts, breakouts.DestroyBreakoutsRequest())
watch.expect("breakouts_destroyed", breakout_ids=[red, blue])
journal = call(room_service.ListMoves, rooms.ListMovesRequest())
assert any(stay.reason == types.MOVE_REASON_FORCED for stay in journal.moves)
call(room_service.DeleteRoom, rooms.DeleteRoomRequest())
watch.expect("room_closed")
print("ok")
