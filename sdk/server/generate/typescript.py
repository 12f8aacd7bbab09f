"""TypeScript: interfaces, the table that reads and writes their JSON, and the methods of each service."""

from errors_table import reasons
from model import Enum, Field, Method, Model, Service
from text import HEADER, camel

_SCALARS = {"string": "string", "bool": "boolean", "uint32": "number", "double": "number"}
# Numbers that use all of their 64 bits. All others count or are times, and fit a `number`.
_BIG = {"seed"}


def files(model: Model) -> dict[str, str]:
    return {"types.ts": _types(model), "schema.ts": _schema(model), "services.ts": _services(model)}


def _doc(text: str, indent: str = "") -> list[str]:
    if not text:
        return []
    lines = text.splitlines()
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _module(title: str) -> list[str]:
    return ["/**", f" * {title}", " *", f" * {HEADER}", " */"]


def _kind(each: Field) -> str:
    if each.is_long:
        return "bigint" if each.name in _BIG else "number"
    return _SCALARS.get(each.kind) or each.type_name


def _may_be_absent(each: Field) -> bool:
    return not each.repeated and (each.optional or bool(each.oneof) or each.kind == "message")


def _types(model: Model) -> str:
    lines = _module("The messages and enums of the API.")
    for enum in model.enums.values():
        lines += ["", *_doc(enum.doc), f"export type {enum.name} =", *_enum(enum)]
    for message in model.in_order():
        lines += ["", *_doc(message.doc), f"export interface {message.name} {{"]
        for each in message.fields:
            lines += _doc(each.doc, "  ")
            mark = "?" if _may_be_absent(each) else ""
            kind = f"readonly {_kind(each)}[]" if each.repeated else _kind(each)
            lines.append(f"  readonly {each.json_name}{mark}: {kind};")
        lines.append("}")
    names = [f"  | '{each.name}'" for each in reasons()]
    lines += ["", "/** Why a call failed. Programs look at this. */", "export type Reason =", *names]
    lines[-1] += ";"
    return "\n".join(lines) + "\n"


def _enum(enum: Enum) -> list[str]:
    lines = []
    for name, doc in enum.values:
        lines += _doc(doc, "  ")
        lines.append(f"  | '{name}'")
    lines[-1] += ";"
    return lines


def _schema(model: Model) -> str:
    lines = _module("How the fields of each message are written in JSON.")
    lines += ["import type { Schema } from './wire.js';", ""]
    lines += ["/** Name, kind, `?` if it may be absent, `*` if it is a list, and the message or enum. */"]
    lines += ["export const SCHEMA: Schema = {"]
    for message in model.messages.values():
        lines.append(f"  {message.name}: [")
        lines += [f"    {_row(model, each)}," for each in message.fields]
        lines.append("  ],")
    return "\n".join([*lines, "};"]) + "\n"


def _row(model: Model, each: Field) -> str:
    kind = ("bigint" if each.name in _BIG else "long") if each.is_long else each.kind
    flag = "*" if each.repeated else "?" if _may_be_absent(each) else ""
    if each.kind == "message":
        of = f", '{each.type_name}'"
    elif each.kind == "enum":
        of = f", '{model.enums[each.type_name].values[0][0]}'"
    else:
        of = ""
    return f"['{each.json_name}', '{kind}', '{flag}'{of}]"


def _services(model: Model) -> str:
    unary = [(service, [method for method in service.methods if not method.streams]) for service in model.services]
    unary = [(service, methods) for service, methods in unary if methods]
    lines = _module("The methods of the API.")
    lines += ["import { type CallOptions, type Input, Service } from './calls.js';", "import type * as types from './types.js';"]
    for service, methods in unary:
        lines += ["", *_service(service, methods)]
    return "\n".join(lines) + "\n"


def _service(service: Service, methods: list[Method]) -> list[str]:
    lines = [*_doc(service.doc), f"export class {service.name} extends Service {{"]
    for index, method in enumerate(methods):
        lines += [""] if index else []
        lines += _doc(method.doc, "  ")
        lines.append(f"  {camel(method.name)}(")
        lines.append(f"    request: Input<types.{method.request.name}> = {{}},")
        lines.append("    options: CallOptions = {},")
        lines.append(f"  ): Promise<types.{method.response.name}> {{")
        lines.append(
            f"    return this.call('{method.path}', '{method.request.name}', request, '{method.response.name}', options);"
        )
        lines.append("  }")
    return [*lines, "}"]
