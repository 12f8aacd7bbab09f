"""JSON schemas for kubeconform, made from packages: those of Kubernetes from the package kubernetes-validate, those of
ServiceMonitor and PrometheusRule from the Go module of the Prometheus operator. No schema is read from the network."""

import json
from importlib import resources
from pathlib import Path

import yaml

# The oldest version that the chart supports (Chart.yaml says so), and the newest that is known.
VERSIONS = ("1.30.0", "1.37.0")
PREFIX = "/api/_definitions.json#/$defs/"


def of_kubernetes(version, into):
    """One file for each kind, with everything that it refers to inside."""
    folder = resources.files("kubernetes_validate") / f"kubernetes-json-schema/v{version}-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text().replace(PREFIX, "#/$defs/"))["$defs"]
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            write(into / f"v{version}", kind, {**definition, "$defs": reachable(definitions, name)})


def reachable(definitions, start):
    """The definitions that one refers to, directly or not."""
    found, left = {}, [start]
    while left:
        name = left.pop()
        if name in found:
            continue
        found[name] = definitions[name]
        left.extend(references(definitions[name]))
    return found


def references(part):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix("#/$defs/")
            else:
                yield from references(value)
    elif isinstance(part, list):
        for item in part:
            yield from references(item)


def of_operator(crds, into):
    for path in crds:
        crd = yaml.load(Path(path).read_text(), Loader=yaml.CSafeLoader)["spec"]
        for version in crd["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            kind = {"group": crd["group"], "version": version["name"], "kind": crd["names"]["kind"]}
            write(into / "operator", kind, schema)


def strict(schema):
    """Refuses properties that the schema does not name, as the API server's field validation does."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    return schema


def write(folder, kind, schema):
    """Named as kubeconform asks for it: `statefulset-apps-v1.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    group = kind["group"].split(".")[0]
    name = "-".join(filter(None, (kind["kind"].lower(), group, kind["version"].lower())))
    (folder / f"{name}.json").write_text(json.dumps(schema))


def make(into, crds):
    """Makes those that are missing."""
    stamp, wanted = into / ".made", " ".join((*VERSIONS, *map(str, crds)))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    for version in VERSIONS:
        of_kubernetes(version, into)
    of_operator(crds, into)
    stamp.write_text(wanted)
