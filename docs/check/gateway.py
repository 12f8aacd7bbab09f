"""The messages of docs/gateway.md over a real WebSocket. Those of the client are sent, in order, as they
stand there, but for tokens and offers; each must be answered without an error, unless the page shows one.
Those of the server are compared with what came: every key that the page shows must have come in a message of
that kind, with a value of that type. What needs media to come (speakers, layers) has its keys looked up in
the protocol."""

import json

from blocks import Block, Wrong
from messages import FROM_CLIENT, dev_token, join, known_keys, offer
from server import Server
from websocket import WebSocket

KINDS = ["TRACK_KIND_AUDIO", "TRACK_KIND_CAMERA", "TRACK_KIND_SCREEN", "TRACK_KIND_CANVAS"]
# These come only where media flows.
NEED_MEDIA = {"slotAssigned", "slotPaused", "speakers", "layersWanted"}
ENVELOPE = {"type", "requestId", "code", "reason", "message", "enablexCode", "media", "index", "mid", "open"}


def kind_of(message: dict) -> str:
    """Messages of one kind have one shape."""
    kind = message["type"]
    if kind == "event":
        return f"event {message['event']['type']}"
    if kind == "result":
        return f"result {message['method']}"
    return kind


def missing(shown, seen: list, at: str = "") -> list[str]:
    """What the page shows and no message had."""
    if isinstance(shown, dict):
        found = []
        for key, value in shown.items():
            there = [each[key] for each in seen if isinstance(each, dict) and key in each]
            found += missing(value, there, f"{at}.{key}") if there else [f"{at}.{key}"]
        return found
    if isinstance(shown, list):
        inside = [item for each in seen if isinstance(each, list) for item in each]
        if not any(isinstance(each, list) for each in seen):
            return [f"{at} as a list"]
        return [wrong for value in shown if inside for wrong in missing(value, inside, f"{at}[]")]
    if not any(type(each) is type(shown) for each in seen):
        return [f"{at} as {json.dumps(shown)}"]
    return []


def keys_of(value) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys_of(each)}
    if isinstance(value, list):
        return {key for each in value for key in keys_of(each)}
    return set()


class Walk:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.socket = WebSocket(server.ports["http"], "/v1/ws")
        self.seen: list[dict] = []
        self.joined: dict = {}
        self.others: list[WebSocket] = []

    def send(self, block: Block, message: dict, refusal_shown: bool) -> None:
        message = dict(message)
        if message["type"] == "resume":
            # The socket dropped before.
            self.seen += self.socket.received
            self.socket.close()
            self.socket = WebSocket(self.server.ports["http"], "/v1/ws")
            message["resumeToken"] = self.joined["resumeToken"]
        if message["type"] == "join":
            message["token"] = dev_token(self.server, "math", "Ada", "moderator")
            message["offer"], ours = offer(KINDS)
            if message.get("tracks", ours) != ours:
                raise Wrong(f"{block.where}: the tracks are not those that the page's words say")
        if message["type"] == "reoffer":
            message["offer"], message["tracks"] = offer(KINDS)
        answer = self.socket.ask(message)
        if answer["type"] == "error" and not refusal_shown:
            raise Wrong(f"{block.where}: {json.dumps(message)[:200]} is answered with {answer}")
        if answer["type"] == "joined":
            self.joined = answer
            self._others_join()

    def _others_join(self) -> None:
        for name in ("Bob", "Cleo"):
            socket, joined = join(self.server, dev_token(self.server, "math", name))
            publish = {"type": "command", "requestId": "p", "method": "ParticipantService/Publish", "body": {"kinds": ["TRACK_KIND_AUDIO"]}}
            socket.ask(publish)
            self.others.append(socket)

    def finish(self) -> list[dict]:
        for socket in [self.socket, *self.others]:
            self.seen += socket.received
            socket.close()
        return self.seen


def walk(server: Server, shown: list[tuple[Block, dict]]) -> None:
    server.call("RoomService/CreateRoom", {"room": "math"})
    one = Walk(server)
    refused = {message.get("requestId") for _, message in shown if message["type"] == "error"}
    # The page goes on after it has told how to leave; the connection does not.
    for block, message in sorted(shown, key=lambda one: one[1]["type"] == "leave"):
        if message["type"] in FROM_CLIENT:
            one.send(block, message, message.get("requestId") in refused)
    seen = one.finish()
    protocol = known_keys() | ENVELOPE
    for block, message in shown:
        if message["type"] in FROM_CLIENT:
            continue
        same = [each for each in seen if kind_of(each) == kind_of(message)]
        if message["type"] == "error" and message not in same:
            raise Wrong(f"{block.where}: the server says {json.dumps(same)}")
        if same:
            wrong = missing(message, same)
        elif message["type"] in NEED_MEDIA:
            wrong = sorted(keys_of(message) - protocol)
        else:
            raise Wrong(f"{block.where}: no message of kind {kind_of(message)} came")
        if wrong and message["type"] not in NEED_MEDIA:
            raise Wrong(f"{block.where}: {kind_of(message)} came without {', '.join(wrong)}")
        if wrong and set(keys_of(message)) - protocol:
            raise Wrong(f"{block.where}: the protocol does not know {wrong}")
