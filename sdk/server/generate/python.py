"""Python: dataclasses, enums, and the methods of each service, sync and async."""

import keyword

from errors_table import reasons
from model import Enum, Field, Message, Method, Model, Service
from text import HEADER, pascal, snake

_SCALARS = {"string": "str", "bool": "bool", "uint32": "int", "uint64": "int", "int64": "int", "double": "float"}
_DEFAULTS = {"str": '""', "bool": "False", "int": "0", "float": "0.0"}
# Names that the generated code itself calls or takes as types.
_BUILT_IN = {"bool", "bytes", "dict", "float", "int", "list", "str"}


def files(model: Model) -> dict[str, str]:
    return {
        "types.py": _types(model),
        "services.py": _services(model, asynchronous=False),
        "aio_services.py": _services(model, asynchronous=True),
        "reasons.py": _reasons(),
    }


def _doc(text: str, indent: str) -> list[str]:
    if not text:
        return []
    lines = text.splitlines()
    if len(lines) == 1 and len(indent + lines[0]) < 110:
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}".rstrip() for line in lines[1:]), f'{indent}"""']


def _comment(text: str) -> list[str]:
    return [f"    # {line}".rstrip() for line in text.splitlines()]


def _module(title: str, imports: list[str]) -> list[str]:
    return [f'"""{title}', "", HEADER, '"""', "", "from __future__ import annotations", "", *imports]


def _types(model: Model) -> str:
    imports = ["from dataclasses import dataclass, field", "from typing import ClassVar, Union, cast", ""]
    imports += ["from .wire import Field, Message, WireEnum"]
    lines = _module("The messages and enums of the API.", imports)
    for enum in model.enums.values():
        lines += _enum(enum)
    for message in model.in_order():
        lines += _message(message)
    return "\n".join(lines) + "\n"


def _enum(enum: Enum) -> list[str]:
    lines = ["", "", f"class {enum.name}(WireEnum):", *_doc(enum.doc, "    ")]
    lines += [""] if enum.doc else []
    for name, doc in enum.values:
        lines += _comment(doc)
        lines.append(f'    {name.removeprefix(enum.prefix)} = "{name}"')
    return lines


def _safe(each: Field) -> str:
    """`from` is a word of the language, `list` one of its types."""
    taken = keyword.iskeyword(each.name) or each.name in _BUILT_IN
    return f"{each.name}_" if taken else each.name


def _item_type(each: Field) -> str:
    return _SCALARS.get(each.kind) or each.type_name


def _may_be_absent(each: Field) -> bool:
    return each.optional or bool(each.oneof) or (each.kind == "message" and not each.repeated)


def _field(each: Field) -> str:
    kind = _item_type(each)
    if each.repeated:
        return f"    {_safe(each)}: list[{kind}] = field(default_factory=list)"
    if _may_be_absent(each):
        return f"    {_safe(each)}: {kind} | None = None"
    default = f"{kind}.UNSPECIFIED" if each.kind == "enum" else _DEFAULTS[kind]
    return f"    {_safe(each)}: {kind} = {default}"


def _message(message: Message) -> list[str]:
    lines = ["", "", "@dataclass(kw_only=True)", f"class {message.name}(Message):"]
    lines += _doc(message.doc, "    ")
    lines += [""] if message.doc and message.fields else []
    for each in message.fields:
        lines += _comment(each.doc)
        lines.append(_field(each))
    for oneof in message.oneofs:
        kind = f"{message.name}{pascal(oneof)}"
        lines += ["", "    @property", f"    def {oneof}(self) -> {kind} | None:"]
        lines += ['        """The field that is set; of its alternatives at most one is."""']
        lines += [f'        return cast("{kind} | None", self.one_of("{oneof}"))']
    if lines[-1].endswith("(Message):"):
        lines.append("    pass")
    lines += [""] if message.fields or message.doc else []
    if message.fields:
        lines.append("    FIELDS: ClassVar[tuple[Field, ...]] = (")
        lines += [f"        {_table_row(each)}," for each in message.fields]
        lines.append("    )")
    elif lines[-1] == "":
        lines.pop()
    for oneof in message.oneofs:
        members = [_item_type(each) for each in message.fields if each.oneof == oneof]
        lines += ["", "", f"{message.name}{pascal(oneof)} = Union["]
        lines += [f"    {member}," for member in members] + ["]"]
    return lines


def _table_row(each: Field) -> str:
    kind = each.type_name if each.kind in ("enum", "message") else f'"{"int64" if each.is_long else each.kind}"'
    flags = (", repeated=True" if each.repeated else "") + (", optional=True" if _may_be_absent(each) else "")
    flags += f', oneof="{each.oneof}"' if each.oneof else ""
    return f'Field("{_safe(each)}", "{each.json_name}", {kind}{flags})'


def _reasons() -> str:
    lines = [f'"""The reasons of errors, from docs/rpc.md.', "", HEADER, '"""', "", "from __future__ import annotations", ""]
    lines += ["from .wire import WireEnum", "", "", "class Reason(WireEnum):"]
    lines += ['    """Why a call failed. Programs look at this."""', ""]
    lines += [f'    {snake(each.name).upper()} = "{each.name}"' for each in reasons()]
    return "\n".join(lines) + "\n"


def _services(model: Model, asynchronous: bool) -> str:
    base = "AsyncService" if asynchronous else "Service"
    imports = ["from collections.abc import Sequence", "", "from . import types", f"from .calls import {base}"]
    lines = _module(f"The methods of the API{', asynchronous' if asynchronous else ''}.", imports)
    for service in model.services:
        unary = [method for method in service.methods if not method.streams]
        if unary:
            lines += _service(service, unary, asynchronous, base)
    return "\n".join(lines) + "\n"


def _service(service: Service, methods: list[Method], asynchronous: bool, base: str) -> list[str]:
    name = f"Async{service.name}" if asynchronous else service.name
    lines = ["", "", f"class {name}({base}):", *_doc(service.doc, "    ")]
    for method in methods:
        lines += ["", *_method(method, asynchronous)]
    return lines


def _argument(each: Field) -> str:
    kind = _item_type(each)
    typed = f"types.{kind}" if each.kind in ("enum", "message") else kind
    if each.repeated:
        return f"{_safe(each)}: Sequence[{typed}] = ()"
    if _may_be_absent(each):
        return f"{_safe(each)}: {typed} | None = None"
    default = f"{typed}.UNSPECIFIED" if each.kind == "enum" else _DEFAULTS[kind]
    return f"{_safe(each)}: {typed} = {default}"


def _method(method: Method, asynchronous: bool) -> list[str]:
    fields = method.request.fields
    first = [each for each in fields if each.name == "room"]
    # The method's own arguments come before the ones that every method takes.
    common = ("request_id", "expected_epoch", "as_participant_id")
    own = [each for each in fields if each.name not in (*common, "room")]
    rest = [each for each in fields if each.name in common]
    arguments = ["self", *map(_argument, first), "*", *map(_argument, own + rest), "timeout: float | None = None"]
    define, wait = ("async def", "await ") if asynchronous else ("def", "")
    lines = [f"    {define} {snake(method.name)}(", *(f"        {each}," for each in arguments)]
    lines += [f"    ) -> types.{method.response.name}:"]
    lines += _doc(method.doc, "        ")
    lines += [f"        request = types.{method.request.name}("]
    lines += [f"            {_safe(each)}={f'list({_safe(each)})' if each.repeated else _safe(each)}," for each in fields]
    lines += ["        )"] if fields else []
    if not fields:
        lines[-1] += ")"
    lines += [f'        return {wait}self.call("{method.path}", request, types.{method.response.name}, timeout)']
    return lines


