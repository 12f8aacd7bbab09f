"""The errors of docs/rpc.md: a test of crates/rpc compares that table with the code."""

import re
from dataclasses import dataclass

from model import ROOT

_ROW = re.compile(r"^\| `(?P<reason>\w+)` \| `(?P<code>[A-Z_]+)`(?: \(HTTP (?P<status>\d+)\))? \|", re.M)
# As `google.rpc.Code` maps them to HTTP.
_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}


@dataclass
class Reason:
    name: str
    code: str
    status: int


def reasons() -> list[Reason]:
    text = (ROOT / "docs/rpc.md").read_text()
    found = [
        Reason(row["reason"], row["code"], int(row["status"] or _STATUS[row["code"]])) for row in _ROW.finditer(text)
    ]
    if not found:
        raise SystemExit("docs/rpc.md has no table of errors any more")
    return found
