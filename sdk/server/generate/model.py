"""The protobuf package as plain objects, with the comments of the .proto files."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
PROTO = ROOT / "crates/rpc/proto"
PACKAGE = "sideroom.v1"

_Type = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    _Type.TYPE_STRING: "string",
    _Type.TYPE_BOOL: "bool",
    _Type.TYPE_UINT32: "uint32",
    _Type.TYPE_UINT64: "uint64",
    _Type.TYPE_INT64: "int64",
    _Type.TYPE_DOUBLE: "double",
}


@dataclass
class Field:
    name: str
    json_name: str
    # A scalar, "enum" or "message".
    kind: str
    # Of an enum or a message.
    type_name: str
    repeated: bool
    # It may be absent, and absent differs from the default value.
    optional: bool
    # The name of the `oneof` that it is part of.
    oneof: str
    doc: str

    @property
    def is_long(self) -> bool:
        """A 64-bit number: a string in JSON."""
        return self.kind in ("uint64", "int64")


@dataclass
class Message:
    name: str
    doc: str
    fields: list[Field] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(each.name == name for each in self.fields)

    @property
    def oneofs(self) -> list[str]:
        return list(dict.fromkeys(each.oneof for each in self.fields if each.oneof))


@dataclass
class Enum:
    name: str
    doc: str
    # The name of each value on the wire, and its comment.
    values: list[tuple[str, str]]

    @property
    def prefix(self) -> str:
        """What the names of all values begin with."""
        return self.values[0][0].removesuffix("UNSPECIFIED")


@dataclass
class Method:
    service: str
    name: str
    doc: str
    request: Message
    response: Message
    streams: bool

    @property
    def path(self) -> str:
        return f"{self.service}/{self.name}"


@dataclass
class Service:
    name: str
    doc: str
    methods: list[Method]


@dataclass
class Model:
    messages: dict[str, Message]
    enums: dict[str, Enum]
    services: list[Service]

    def in_order(self) -> list[Message]:
        """Every message after those that it holds."""
        ordered: dict[str, Message] = {}

        def visit(message: Message) -> None:
            for each in message.fields:
                if each.kind == "message" and each.type_name not in ordered:
                    visit(self.messages[each.type_name])
            ordered.setdefault(message.name, message)

        for message in self.messages.values():
            visit(message)
        return list(ordered.values())

    def methods(self) -> list[Method]:
        return [method for service in self.services for method in service.methods]


def _descriptors() -> descriptor_pb2.FileDescriptorSet:
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        includes = [f"-I{PROTO}", f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
        options = ["--include_source_info", f"--descriptor_set_out={out.name}"]
        if protoc.main(["protoc", *includes, *options, *files]):
            raise SystemExit("the .proto files cannot be compiled")
        return descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())


def _short(type_name: str) -> str:
    return type_name.removeprefix(f".{PACKAGE}.")


def load() -> Model:
    model = Model({}, {}, [])
    files = _descriptors().file
    for file in files:
        docs = {tuple(place.path): _text(place) for place in file.source_code_info.location}
        for index, enum in enumerate(file.enum_type):
            values = [(value.name, docs.get((5, index, 2, n), "")) for n, value in enumerate(enum.value)]
            model.enums[enum.name] = Enum(enum.name, docs.get((5, index), ""), values)
        for index, message in enumerate(file.message_type):
            model.messages[message.name] = _message(message, (4, index), docs)
    for file in files:
        docs = {tuple(place.path): _text(place) for place in file.source_code_info.location}
        for index, service in enumerate(file.service):
            model.services.append(_service(model, service, (6, index), docs))
    return model


def _text(place) -> str:
    return "\n".join(line.strip() for line in place.leading_comments.strip().splitlines())


def _message(message, path: tuple, docs: dict) -> Message:
    if message.nested_type or message.enum_type:
        raise SystemExit(f"{message.name}: nested types are not supported; put them beside it")
    made = Message(message.name, docs.get(path, ""))
    for index, each in enumerate(message.field):
        kind = _SCALARS.get(each.type) or {_Type.TYPE_ENUM: "enum", _Type.TYPE_MESSAGE: "message"}.get(each.type)
        if kind is None:
            raise SystemExit(f"{message.name}.{each.name}: the generator does not know this type yet")
        in_oneof = each.HasField("oneof_index") and not each.proto3_optional
        made.fields.append(
            Field(
                name=each.name,
                json_name=each.json_name,
                kind=kind,
                type_name=_short(each.type_name),
                repeated=each.label == _Type.LABEL_REPEATED,
                optional=each.proto3_optional,
                oneof=message.oneof_decl[each.oneof_index].name if in_oneof else "",
                doc=docs.get((*path, 2, index), ""),
            )
        )
    return made


def _service(model: Model, service, path: tuple, docs: dict) -> Service:
    methods = [
        Method(
            service.name,
            each.name,
            docs.get((*path, 2, index), ""),
            model.messages[_short(each.input_type)],
            model.messages[_short(each.output_type)],
            each.server_streaming,
        )
        for index, each in enumerate(service.method)
    ]
    return Service(service.name, docs.get(path, ""), methods)
