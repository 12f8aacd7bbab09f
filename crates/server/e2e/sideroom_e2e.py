"""What the tests with native clients share: a server of their own, and its JSON calls."""
import asyncio
import contextlib
import json
import os
import pathlib
import re
import subprocess
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SERVER = os.environ.get("E2E_SERVER", str(TARGET / "release" / "sideroom"))


class Server:
    """A development server on ports that the system chose."""

    def __init__(self, env=None, prefix=()):
        ports = {
            "SIDEROOM_HTTP_LISTEN": "127.0.0.1:0",
            "SIDEROOM_GRPC_LISTEN": "127.0.0.1:0",
            "SIDEROOM_ADMIN_LISTEN": "127.0.0.1:0",
            "SIDEROOM_MEDIA_FIRST_PORT": "0",
            "SIDEROOM_MEDIA_ANNOUNCE": os.environ.get("E2E_MEDIA", ""),
        }
        if not ports["SIDEROOM_MEDIA_ANNOUNCE"]:
            del ports["SIDEROOM_MEDIA_ANNOUNCE"]
        self.process = subprocess.Popen(
            [*prefix, SERVER, "serve", "--dev"],
            env={**os.environ, **ports, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = {}
        for line in self.process.stdout:
            words = line.split()
            if len(words) == 2:
                said[words[0]] = words[1]
            if "store" in said:
                break
        assert "http" in said, "the server did not start"
        self.http = "http://" + said["http"]
        self.grpc = said["grpc"]
        self.admin = "http://" + said["admin"]
        self.key = said["key"].removeprefix("SIDEROOM_AUTH_KEYS=")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        self.process.kill()
        self.process.wait()

    def post(self, path, body, token=None):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = "Bearer " + token
        request = urllib.request.Request(self.http + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def drops(self):
        """Packets that were not forwarded, by reason."""
        with urllib.request.urlopen(self.admin + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return [line for line in lines if "dropped" in line and not line.endswith(" 0")]

    def token(self, room, name, role="participant"):
        return self.post("/dev/token", {"room": room, "name": name, "role": role})["token"]


class Member:
    """A participant by JSON calls alone; media are its owner's business."""

    def __init__(self, server, room, name, role="participant"):
        self.server, self.room = server, room
        self.bearer = server.token(room, name, role)

    def call(self, method, **body):
        body = {"room": self.room, "requestId": uuid.uuid4().hex, **body}
        return self.server.post("/sideroom.v1." + method, body, self.bearer)

    def join(self, offer, tracks):
        hints = [{"mid": mid, "kind": "TRACK_KIND_" + kind} for mid, kind in tracks]
        answer = self.call("ParticipantService/Join", offer=offer, tracks=hints)
        self.id = answer["participantId"]
        return answer["sdp"]

    def publish(self, *kinds):
        for kind in kinds:
            self.call("ParticipantService/Publish", kinds=["TRACK_KIND_" + kind])


async def eventually(what, probe, seconds=15):
    """Waits until `probe` gives something true; fails with what it gave last."""
    last = None
    for _ in range(int(seconds / 0.1)):
        last = probe()
        if asyncio.iscoroutine(last):
            last = await last
        if last:
            return last
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what} (last: {last!r})")


def mids(offer):
    """The mid and direction of every section of an offer."""
    sections = re.split(r"(?m)^m=", offer)[1:]
    found = []
    for section in sections:
        mid = re.search(r"(?m)^a=mid:(\S+)", section)
        direction = re.search(r"(?m)^a=(sendrecv|sendonly|recvonly|inactive)", section)
        media = section.split(" ", 1)[0]
        found.append((mid and mid[1], media, direction and direction[1]))
    return found
