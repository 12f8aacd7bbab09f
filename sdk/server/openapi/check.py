"""Holds a running server to its OpenAPI description: `check.py [PHASES EXAMPLES]`, the examples for each method.

schemathesis calls every method with what the description allows and with what it forbids. No answer may be a 500,
have a status or type that is not described, or miss the description's schema. `Watch`, which does not end, and
`Drain`, which ends the server, are called here, after the others."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
import jsonschema_rs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "sdk/server/python/src"), str(ROOT / "sdk/server/python/tests")]

from conftest import OFFER, Server  # noqa: E402
from sideroom import Client  # noqa: E402
from sideroom.types import BreakoutDefinition, MediaFlags, Role, TrackHint, TrackKind  # noqa: E402

DESCRIPTION = ROOT / "crates/rpc/openapi/openapi.json"
CHECKS = "no_mistake_of_the_server,status_code_conformance,content_type_conformance,response_schema_conformance"
APART = ("EventService_Watch", "NodeService_Drain")
# Fewer methods that ever succeed would say that the requests do not reach the rooms.
SUCCEEDED_AT_LEAST = 5


def prepare(client: Client) -> dict[str, list[str]]:
    """Rooms with people and breakouts in them. Their ids, by the names of the fields that take them."""
    rooms, people, breakouts = ["first", "second"], set(), set()
    for room in rooms:
        client.rooms.create_room(room)
        for identity in ("teacher", "ann", "bob"):
            role = Role.MODERATOR if identity == "teacher" else Role.PARTICIPANT
            token = client.key.client_token(room, identity, role=role)
            hints = [TrackHint(mid="0", kind=TrackKind.AUDIO), TrackHint(mid="1", kind=TrackKind.SCREEN)]
            people.add(client.participants.join(client_token=token, offer=OFFER, tracks=hints).participant_id)
        definition = BreakoutDefinition(max_rooms=2, participants=4, media=MediaFlags(audio=True))
        made = client.breakouts.create_breakouts(room, definition=definition)
        breakouts |= {breakout.id for breakout in made.breakouts}
    ids = {"participantId": sorted(people), "participantIds": sorted(people), "asParticipantId": sorted(people)}
    groups = {"breakoutId": sorted(breakouts), "breakoutIds": sorted(breakouts), "groupId": ["parent", *sorted(breakouts)]}
    return {"room": rooms, **ids, **groups, "identity": ["ann", "bob"], "identities": ["ann", "bob"]}


def fuzz(server: Server, client: Client, phases: str, examples: str) -> bool:
    known = prepare(client)
    command = [Path(sys.executable).parent / "schemathesis", "run", DESCRIPTION, "--url", server.url, "--no-color"]
    command += ["--checks", CHECKS, "--phases", phases, "--max-examples", examples, "--seed", "1"]
    command += ["--workers", "1", "--warnings", "off", "--generation-database", "none", "--no-shrink"]
    command += ["--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all"]
    command += ["--header", f"authorization: Bearer {client.key.api_token(valid_for_s=7200)}"]
    for operation in APART:
        command += ["--exclude-operation-id", operation]
    with tempfile.TemporaryDirectory() as scratch:
        answers = Path(scratch) / "answers"
        env = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE))
        env |= {"SIDEROOM_KNOWN": json.dumps(known), "SIDEROOM_ANSWERS": str(answers)}
        done = subprocess.run(command, cwd=scratch, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seen = Counter(answers.read_text().splitlines())
    succeeded = sum(line.endswith(" 200") for line in seen)
    statuses = Counter[str]()
    for line, count in seen.items():
        statuses[line.rpartition(" ")[2]] += count
    print(f"answers: {dict(sorted(statuses.items()))}; {succeeded} methods succeeded")
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0 and succeeded >= SUCCEEDED_AT_LEAST


class Described:
    """Answers that are held against the description."""

    def __init__(self) -> None:
        self.document = json.loads(DESCRIPTION.read_text())

    def check(self, method: str, status: int, body: object) -> None:
        answer = self.document["paths"][f"/sideroom.v1.{method}"]["post"]["responses"][str(status)]
        answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
        (content,) = answer["content"].values()
        schema = {**content["schema"], "components": self.document["components"]}
        jsonschema_rs.validator_for(schema).validate(body)


def watch_and_drain(server: Server, client: Client) -> None:
    described = Described()
    headers = {"authorization": f"Bearer {client.key.api_token()}"}
    address = f"{server.url}/sideroom.v1."
    with httpx.stream("POST", f"{address}EventService/Watch", json={"room": "first"}, headers=headers) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/x-ndjson"
        lines = (line for line in answer.iter_lines() if line)
        described.check("EventService/Watch", 200, json.loads(next(lines)))
        client.rooms.send_message("first", text="seen", all_groups=True)
        event: dict = {}
        while event.get("type") != "messageSent":
            line = json.loads(next(lines))
            described.check("EventService/Watch", 200, line)
            event = line["event"]
    calls = [("EventService/Watch", {"room": "nowhere"}, 404), ("EventService/Watch", {"rooms": 1}, 400)]
    calls += [("NodeService/Drain", {"deadlineMs": "600000"}, 200)]
    for method, body, status in calls:
        answer = httpx.post(address + method, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {body}: {answer.status_code} {answer.text}"
        described.check(method, status, answer.json())


def main() -> int:
    phases, examples = sys.argv[1:] or ("fuzzing", "6")
    with tempfile.TemporaryDirectory() as folder:
        # No transport comes up in this test, and the participants must stay.
        server = Server(Path(folder), SIDEROOM_ROOMS_RECONNECT_GRACE_S="3600")
        try:
            with server.client() as client:
                passed = fuzz(server, client, phases, examples)
                watch_and_drain(server, client)
        finally:
            server.kill()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
