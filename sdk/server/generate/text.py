"""Names and comments, as the languages spell them."""

import re

# The attribute of the client that holds a service's methods.
SERVICE_ATTRIBUTES = {
    "RoomService": "rooms",
    "ParticipantService": "participants",
    "BreakoutService": "breakouts",
    "NodeService": "node",
    "EventService": "events",
}
HEADER = "Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew."


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    return name[0].lower() + name[1:]


def pascal(name: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in name.split("_") if part)


def attribute(service: str) -> str:
    """A service that is new here gets its own name: `FooService` is `foo`."""
    return SERVICE_ATTRIBUTES.get(service, snake(service.removesuffix("Service")))


def comment(text: str, indent: str, mark: str) -> list[str]:
    return [f"{indent}{mark} {line}".rstrip() for line in text.splitlines()]
