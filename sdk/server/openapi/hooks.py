"""What schemathesis is told beside the description: requests that reach a room, and what must never come back."""

import json
import os
import random

import schemathesis

# Made by check.py: rooms, participants and breakouts that exist.
KNOWN = json.loads(os.environ["SIDEROOM_KNOWN"])
# Fields that any method takes and that few random values fit.
OFTEN_REFUSED = ("expectedEpoch", "asParticipantId")
_choose = random.Random(0)


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Most ids are of what exists, or nearly every answer would be that there is no such room."""
    body = case.body
    if not isinstance(body, dict):
        return
    for name in OFTEN_REFUSED:
        if _choose.random() < 0.8:
            body.pop(name, None)
    if not case.operation.path.endswith(("/ListRooms", "/GetStats")) and _choose.random() < 0.9:
        body.setdefault("room", "")
    for name, known in KNOWN.items():
        if isinstance(body.get(name), str) and _choose.random() < 0.9:
            body[name] = _choose.choice(known)
        elif isinstance(body.get(name), list) and _choose.random() < 0.9:
            body[name] = _choose.sample(known, k=max(1, min(len(known), len(body[name]))))
    if case.operation.path.endswith("/DeleteRoom") and body.get("room") in KNOWN["room"]:
        body["room"] = "another"


@schemathesis.hook
def after_call(context, case, response) -> None:
    """Tells check.py what was answered."""
    with open(os.environ["SIDEROOM_ANSWERS"], "a") as answers:
        answers.write(f"{case.operation.path} {response.status_code}\n")


@schemathesis.check
def no_mistake_of_the_server(context, response, case) -> None:
    """500 is documented, as a server should say what it does when it fails. It must not fail."""
    assert response.status_code != 500, f"the server made a mistake: {response.text}"
