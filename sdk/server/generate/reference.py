"""The reference page: the same as openapi.json for people, without scripts."""

import re
from html import escape

from errors_table import reasons
from limits import limits
from model import Enum, Field, Message, Method, Model

_STYLE = """
 body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
 code { font-size: .92em; } h2 { margin-top: 3rem; } h3 { margin: 2rem 0 .3rem; }
 table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
 tr { border-top: 1px solid #8884; } summary { cursor: pointer; } :target { background: #fd06; }
 @media (prefers-color-scheme: dark) { body { background: #161616; color: #e6e6e6; } a { color: #8ab4ff; } }
"""


def page(model: Model) -> str:
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Sideroom: reference of the JSON API</title><style>{_STYLE}</style>",
        "<h1>Reference of the JSON API</h1>",
        "<p>Each method is a <code>POST</code> with a bearer token and a JSON body. ",
        'For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
    ]
    for service in model.services:
        parts.append(f"<h2 id={service.name}>{service.name}</h2><p>{_text(service.doc)}</p>")
        parts += [_method(method) for method in service.methods]
    inside = {method.request.name for method in model.methods()} | {method.response.name for method in model.methods()}
    parts.append("<h2 id=messages>Messages</h2>")
    parts += [_message(message) for message in model.messages.values() if message.name not in inside]
    parts.append("<h2 id=enums>Enums</h2>")
    parts += [_enum(enum) for enum in model.enums.values()]
    parts.append("<h2 id=errors>Errors</h2><table><tr><th>reason<th>code<th>HTTP")
    parts += [f"<tr><td><code>{each.name}</code><td><code>{each.code}</code><td>{each.status}" for each in reasons()]
    return "\n".join([*parts, "</table>", "</html>"]) + "\n"


def _text(doc: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(doc, quote=False))


def _method(method: Method) -> str:
    answer = "a line for each" if method.streams else "answer"
    return (
        f"<h3 id={method.name}>{method.name}</h3><p>{_text(method.doc)}</p><code>POST /sideroom.v1.{method.path}</code>"
        f"{_fields(method.request, True)}<details><summary>{answer}</summary>{_fields(method.response, False)}</details>"
    )


def _message(message: Message) -> str:
    return f"<h3 id={message.name}>{message.name}</h3><p>{_text(message.doc)}</p>{_fields(message, False)}"


def _fields(message: Message, in_request: bool) -> str:
    rows = [
        f"<tr><td><code>{each.json_name}</code><td>{_kind(each)}<td>{_text(each.doc)}{_limits(message, each, in_request)}"
        for each in message.fields
    ]
    return f"<table>{''.join(rows)}</table>" if rows else "<p>No fields.</p>"


def _kind(each: Field) -> str:
    name = f"<a href=#{each.type_name}>{each.type_name}</a>" if each.type_name else each.kind
    return f"list of {name}" if each.repeated else name


def _limits(message: Message, each: Field, in_request: bool) -> str:
    words = {"maxLength": "at most {} characters", "maximum": "at most {}", "maxItems": "at most {} of them"}
    said = [words[name].format(f"{value:,}") for name, value in limits(message.name, each.name, in_request).items()]
    return f" <i>({'; '.join(said)})</i>" if said else ""


def _enum(enum: Enum) -> str:
    rows = [f"<tr><td><code>{name}</code><td>{_text(doc)}" for name, doc in enum.values]
    return f"<h3 id={enum.name}>{enum.name}</h3><p>{_text(enum.doc)}</p><table>{''.join(rows)}</table>"
