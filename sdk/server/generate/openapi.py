"""OpenAPI 3.1 of the JSON form of every method."""

import json
import re

from errors_table import Reason, reasons
from limits import MESSAGE_BYTES, limits
from model import ROOT, Field, Message, Method, Model

_INTRODUCTION = """The control plane of Sideroom as JSON over HTTP, for signaling servers. Each method is a POST with \
a JSON body; an empty body is `{}`. Values that are not set, or are the default (`0`, `""`, `false`, an empty list, the \
`…_UNSPECIFIED` of an enum), are left out of answers. An unknown field of a request is refused. 64-bit numbers are \
strings; requests may have them as numbers. A body has at most %d KiB.""" % (MESSAGE_BYTES // 1024)
# Not in the proto: the body of every error.
_ERROR_FIELDS = {
    "message": ("string", "What to do next, for a person."),
    "enablexCode": ("integer", "The code of EnableX."),
    "acsCode": ("integer", "The code of ACS."),
    "acsSubcode": ("integer", "The subcode of ACS."),
    "currentEpoch": ("string", "Where the room is by now, with `EpochMismatch`."),
    "line": ("integer", "The line of the offer, with `BadOffer`."),
    "retryAfterMs": ("integer", "When to try again, with `RateLimited`."),
}


def document(model: Model) -> dict:
    requests = _reachable(model, [method.request for method in model.methods()])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sideroom", "version": _version(), "description": _INTRODUCTION, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": service.name, "description": service.doc} for service in model.services],
        "paths": {f"/sideroom.v1.{method.path}": {"post": _operation(method)} for method in model.methods()},
        "components": {
            "securitySchemes": {"bearer": _BEARER},
            "responses": {f"Error{status}": _response(status) for status in _statuses()},
            "schemas": {**_enums(model), **_messages(model, requests), "Error": _error()},
        },
    }


_LICENSE = {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Signed with HS256 and the secret of an API key: of audience `sideroom-api` for a signaling server, "
    "of audience `sideroom-client` for one who joins.",
}


def files(model: Model) -> dict[str, str]:
    return {"openapi.json": json.dumps(document(model), indent=1, ensure_ascii=False) + "\n"}


def _version() -> str:
    return re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]


def _reachable(model: Model, roots: list[Message]) -> set[str]:
    found: set[str] = set()
    waiting = [message.name for message in roots]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each.type_name for each in model.messages[name].fields if each.kind == "message"]
    return found


def _operation(method: Method) -> dict:
    first, _, _ = method.doc.replace("\n", " ").partition(". ")
    body = {"application/json": {"schema": _ref(method.request.name)}}
    kind = "application/x-ndjson" if method.streams else "application/json"
    answer = "One object a line, for as long as the caller reads; an empty line every 15 seconds." if method.streams else "Done."
    return {
        "operationId": f"{method.service}_{method.name}",
        "tags": [method.service],
        "summary": first.rstrip("."),
        "description": method.doc,
        "requestBody": {"content": body},
        "responses": {
            "200": {"description": answer, "content": {kind: {"schema": _ref(method.response.name)}}},
            **{str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _statuses()},
        },
    }


def _ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def _by_status() -> dict[int, list[Reason]]:
    found: dict[int, list[Reason]] = {}
    for reason in sorted(reasons(), key=lambda each: each.status):
        found.setdefault(reason.status, []).append(reason)
    return found


def _statuses() -> list[int]:
    return list(_by_status())


def _response(status: int) -> dict:
    possible = _by_status()[status]
    narrowed = {"properties": {"code": {"enum": sorted({each.code for each in possible})}}}
    narrowed["properties"]["reason"] = {"enum": [each.name for each in possible]}
    schema = {"type": "object", "required": ["error"], "properties": {"error": {"allOf": [_ref("Error"), narrowed]}}}
    made = {
        "description": "Refused: " + ", ".join(f"`{each.name}`" for each in possible) + ".",
        "content": {"application/json": {"schema": schema}},
    }
    if status == 429:
        made["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds, with `RateLimited`."}}
    return made


def _error() -> dict:
    properties: dict = {
        "code": {"enum": sorted({each.code for each in reasons()}), "description": "The gRPC code by name."},
        "reason": {"enum": [each.name for each in reasons()], "description": "The stable name: programs look at this."},
    }
    for name, (kind, doc) in _ERROR_FIELDS.items():
        properties[name] = {"type": kind, "description": doc}
    return {"type": "object", "required": ["code", "reason", "message"], "properties": properties}


def _enums(model: Model) -> dict:
    made = {}
    for enum in model.enums.values():
        values = [f"- `{name}`: {doc}" for name, doc in enum.values if doc]
        text = "\n".join([enum.doc, *([""] + values if values else [])])
        made[enum.name] = {"type": "string", "description": text, "enum": [name for name, _ in enum.values]}
    return made


def _messages(model: Model, requests: set[str]) -> dict:
    made = {}
    for message in model.messages.values():
        in_request = message.name in requests
        schema: dict = {"type": "object"}
        if message.doc:
            schema["description"] = message.doc
        schema["properties"] = {each.json_name: _field(message, each, in_request) for each in message.fields}
        if in_request:
            schema["additionalProperties"] = False
        made[message.name] = schema
    return made


def _field(message: Message, each: Field, in_request: bool) -> dict:
    schema = _kind(each)
    bounds = limits(message.name, each.name, in_request)
    if each.repeated:
        schema = {"type": "array", "items": schema}
    schema |= bounds
    if each.doc:
        schema["description"] = each.doc
    return schema


def _kind(each: Field) -> dict:
    match each.kind:
        case "message" | "enum":
            return _ref(each.type_name)
        case "uint64" | "int64":
            sign = "-?" if each.kind == "int64" else ""
            return {"type": "string", "format": each.kind, "pattern": f"^{sign}[0-9]{{1,20}}$"}
        case "uint32":
            return {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
        case "double":
            return {"type": "number"}
        case "bool":
            return {"type": "boolean"}
    return {"type": "string"}
