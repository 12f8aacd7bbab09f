"""JSON blocks. The words after `json` say what one is: `gateway` for messages of the WebSocket, `api-token`
and `client-token` for the two parts of a token, `error SERVICE/METHOD` for what such a call fails with,
`SERVICE/METHOD` for a body that is posted."""

import base64
import hashlib
import hmac
import json
import re
import time

from blocks import ROOT, Block, Wrong
from server import Server
from websocket import WebSocket

PROTO = ROOT / "crates/rpc/proto/sideroom/v1"
FROM_CLIENT = {"join", "resume", "command", "reoffer", "leave", "ping"}


def values(block: Block) -> list:
    """A block may hold several values, one after another."""
    decoder, text, found = json.JSONDecoder(), block.text.strip(), []
    while text:
        try:
            value, end = decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            raise Wrong(f"{block.where}: not JSON: {error}") from None
        found.append(value)
        text = text[end:].lstrip()
    return found


def known_keys() -> set[str]:
    """Every field of the protocol in its JSON spelling."""
    text = "".join(path.read_text() for path in PROTO.glob("*.proto"))
    names = re.findall(r"^\s+(?:repeated |optional )?[\w.]+ (\w+) = \d+;", text, re.M)
    return {re.sub(r"_(\w)", lambda m: m[1].upper(), name) for name in names}


def sign(server: Server, head: dict, claims: dict) -> str:
    """As a signaling server does it, with the development server's key."""
    secret = server.said["key"].partition(":")[2]
    encode = lambda part: base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    text = ".".join(encode(json.dumps(part).encode()) for part in (head, claims))
    return f"{text}.{encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def offer(kinds: list[str]) -> tuple[str, list[dict]]:
    """An offer that sends these kinds and has three slots, made of the example's sections."""
    text = (ROOT / "docs/examples/offer.sdp").read_text().replace("\r\n", "\n")
    session, *sections = re.split(r"^(?=m=)", text, flags=re.M)
    send, receive = dict(zip(("audio", "video"), sections[:2])), dict(zip(("audio", "video"), sections[2:4]))
    media = ["audio" if kind == "TRACK_KIND_AUDIO" else "video" for kind in kinds]
    parts = [send[each] for each in media] + [receive[each] for each in ("audio", "audio", "video")]
    for mid, part in enumerate(parts):
        part = re.sub(r"^a=mid:.*$", f"a=mid:{mid}", part, flags=re.M)
        parts[mid] = re.sub(r"(ssrc(?:-group:FID)?:? ?)(\d+)( \d+)?", lambda m: _renumbered(m, mid), part)
    mids = " ".join(str(mid) for mid in range(len(parts)))
    session = re.sub(r"^a=group:BUNDLE .*$", f"a=group:BUNDLE {mids}", session, flags=re.M)
    tracks = [{"mid": str(mid), "kind": kind} for mid, kind in enumerate(kinds)]
    return (session + "".join(parts)).replace("\n", "\r\n"), tracks


def _renumbered(found: re.Match, mid: int) -> str:
    second = f" {int(found[3]) + 10 * mid}" if found[3] else ""
    return f"{found[1]}{int(found[2]) + 10 * mid}{second}"


def join(server: Server, token: str, kinds: list[str] = ("TRACK_KIND_AUDIO",)) -> tuple[WebSocket, dict]:
    sdp, tracks = offer(list(kinds))
    socket = WebSocket(server.ports["http"], "/v1/ws")
    joined = socket.ask({"type": "join", "requestId": "join", "token": token, "offer": sdp, "tracks": tracks})
    if joined["type"] != "joined":
        raise Wrong(f"a join failed: {joined}")
    return socket, joined


def dev_token(server: Server, room: str, name: str, role: str = "participant") -> str:
    return server.get(f"/dev/token?room={room}&name={name}&identity={name.lower()}&role={role}&plain").strip()


class Messages:
    """The JSON blocks of one page, in order."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.gateway: list[tuple[Block, dict]] = []

    def run(self, block: Block) -> None:
        self.server.ensure()
        match block.words:
            case ["gateway"]:
                self.gateway += [(block, value) for value in values(block)]
            case ["api-token"]:
                head, claims = values(block)
                self._api_token(block, head, claims)
            case ["client-token"]:
                (claims,) = values(block)
                self._client_token(block, claims)
            case ["error", method]:
                (body,) = values(block)
                self._error(block, method, body["error"])
            case [method] if "/" in method:
                for body in values(block):
                    status, answer = self.server.call(method, body)
                    if status != 200:
                        raise Wrong(f"{block.where}: {method} fails: {answer}")
            case _:
                raise Wrong(f"{block.where}: say after `json` what this is: see docs/check/messages.py")

    def _api_token(self, block: Block, head: dict, claims: dict) -> None:
        claims = claims | {"exp": int(time.time()) + 600}
        token = sign(self.server, head | {"kid": "dev"}, claims)
        for method, scope in (("RoomService/ListRooms", "rooms"), ("NodeService/GetStats", "node")):
            status, answer = self.server.call(method, {}, token)
            allowed = scope in claims.get("scopes", [scope])
            if (status == 200) != allowed:
                raise Wrong(f"{block.where}: {method} with this token: {status} {answer}")

    def _client_token(self, block: Block, claims: dict) -> None:
        self.server.call("RoomService/CreateRoom", {"room": claims["room"]})
        claims = claims | {"exp": int(time.time()) + 600}
        token = sign(self.server, {"alg": "HS256", "typ": "JWT", "kid": "dev"}, claims)
        socket, joined = join(self.server, token)
        socket.close()
        me = next(one for one in joined["room"]["participants"] if one["id"] == joined["participantId"])
        if me["displayName"] != claims["name"] or me["identity"] != claims["sub"]:
            raise Wrong(f"{block.where}: joined as {me}")
        named = {name for name, value in claims.get("grants", {}).items() if value}
        if named != set(me.get("grants", {})):
            raise Wrong(f"{block.where}: the page names the grants {named}, the room {me['grants']}")

    def _error(self, block: Block, method: str, shown: dict) -> None:
        """Two people in a breakout of two, and a closed one: what a third is told."""
        server = self.server
        room = f"errors-{block.line}"
        server.call("RoomService/CreateRoom", {"room": room})
        media = {"audio": True}
        server.call("BreakoutService/CreateBreakouts", {"room": room, "definition": {"maxRooms": 2, "participants": 2, "media": media}})
        server.call("BreakoutService/CloseBreakouts", {"room": room, "breakoutIds": ["b2"]})
        tokens = [dev_token(server, room, name) for name in ("Ada", "Bob", "Cleo")]
        people = [join(server, token) for token in tokens]
        ids = [joined["participantId"] for _, joined in people]
        server.call("BreakoutService/MoveParticipants", {"room": room, "moves": [{"participantId": each, "toGroupId": "b1"} for each in ids[:2]]})
        breakout = "b1" if shown["reason"] == "BreakoutFull" else "b2"
        server.call("BreakoutService/Assign", {"room": room, "breakoutId": breakout, "identities": ["cleo"]})
        status, answer = server.call(method, {"room": room, "breakoutId": breakout}, tokens[2])
        for socket, _ in people:
            socket.close()
        if answer.get("error") != shown:
            raise Wrong(f"{block.where}: the server answers {status} {json.dumps(answer)}")

    def finish(self) -> None:
        if self.gateway:
            from gateway import walk

            walk(self.server, self.gateway)
