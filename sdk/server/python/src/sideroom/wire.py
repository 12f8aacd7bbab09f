"""Messages to JSON and back: the proto3 JSON mapping, as far as the API uses it.

What a newer server adds is kept out of the way: unknown fields are skipped, unknown enum values are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, TypeVar, Union


class WireEnum(str, Enum):
    """A value is the name that JSON carries. One that this version does not know keeps its name."""

    @classmethod
    def _missing_(cls, value: object) -> WireEnum | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Field:
    """How one field of a message is written in JSON."""

    name: str
    json_name: str
    kind: Union[str, type[WireEnum], type[Message]]
    repeated: bool = False
    optional: bool = False
    oneof: str = ""


class Message:
    """The base of all messages."""

    FIELDS: ClassVar[tuple[Field, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """As an object for `json.dumps`. Default values are left out, as the mapping says."""
        made: dict[str, Any] = {}
        for field in self.FIELDS:
            value = getattr(self, field.name)
            if field.repeated:
                if value:
                    made[field.json_name] = [_item_to_json(field, item) for item in value]
            elif value is not None and (field.optional or not _is_default(field, value)):
                made[field.json_name] = _item_to_json(field, value)
        return made

    def one_of(self, oneof: str) -> object | None:
        """The field of this `oneof` that is set."""
        values = (getattr(self, field.name) for field in self.FIELDS if field.oneof == oneof)
        return next((value for value in values if value is not None), None)


M = TypeVar("M", bound=Message)


def from_json(kind: type[M], made: Mapping[str, Any]) -> M:
    """The message that this JSON object says."""
    if not isinstance(made, Mapping):
        raise ValueError(f"{kind.__name__} is not an object")
    values: dict[str, Any] = {}
    for field in kind.FIELDS:
        value = made.get(field.json_name)
        if value is None:
            continue
        if not field.repeated:
            values[field.name] = _item_from_json(field, value)
        elif isinstance(value, list):
            values[field.name] = [_item_from_json(field, item) for item in value]
        else:
            raise ValueError(f"{field.json_name} is not a list")
    return kind(**values)


def _is_default(field: Field, value: Any) -> bool:
    if isinstance(value, WireEnum):
        return str(value.value).endswith("_UNSPECIFIED")
    return not value and not isinstance(value, Message)


def _item_to_json(field: Field, item: Any) -> Any:
    if isinstance(item, Message):
        return item.to_json()
    if isinstance(item, WireEnum):
        return item.value
    return str(item) if field.kind == "int64" else item


_SCALARS: dict[str, tuple[type, ...]] = {"string": (str,), "bool": (bool,), "double": (int, float)}


def _item_from_json(field: Field, item: Any) -> Any:
    kind = field.kind
    if isinstance(kind, str):
        if kind in ("int64", "uint32"):
            return int(item)
        if not isinstance(item, _SCALARS[kind]):
            raise ValueError(f"{field.json_name} is not a {kind}")
        return item
    if issubclass(kind, Message):
        return from_json(kind, item)
    return kind(item)
