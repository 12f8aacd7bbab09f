"""Every value is in values.yaml, in the schema and, with its default, in the README."""

import json
import re
import tomllib

import yaml

from charts import CHART
from wrong import insist

ROOT = CHART.parents[2]


def leaves(part, path=""):
    """Paths with their defaults. What the schema leaves open, such as labels, is one value."""
    for key, value in part.items():
        whole = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and not whole.startswith(("probes.", "resources")):
            yield from leaves(value, whole)
        else:
            yield whole, value


def in_schema(schema, path):
    for key in path.split("."):
        schema = schema.get("properties", {}).get(key)
        if schema is None:
            return False
    return True


def schema_leaves(schema, path=""):
    for key, part in schema.get("properties", {}).items():
        whole = f"{path}.{key}" if path else key
        if "properties" in part and not whole.startswith(("probes.", "resources")):
            yield from schema_leaves(part, whole)
        else:
            yield whole


def check():
    defaults = dict(leaves(yaml.safe_load((CHART / "values.yaml").read_text())))
    schema = json.loads((CHART / "values.schema.json").read_text())
    described = dict(re.findall(r"^\| `([\w.]+)` \| `(.*?)` \| \S", (CHART / "README.md").read_text(), re.M))
    for path, default in defaults.items():
        insist(in_schema(schema, path), f"values.schema.json: there is no {path}")
        insist(path in described, f"README.md: {path} is not described")
        insist(described[path] == json.dumps(default), f"README.md: the default of {path} is {json.dumps(default)}")
    gone = set(described) - set(defaults)
    insist(not gone, f"README.md: there is no value {', '.join(sorted(gone))}")
    # Helm passes `global` to every chart.
    more = set(schema_leaves(schema)) - set(defaults) - {"global"}
    insist(not more, f"values.schema.json: values.yaml has no {', '.join(sorted(more))}")
    check_versions()
    return len(defaults)


def check_versions():
    """The chart is released with the server, and its image is the server's."""
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    for key in ("version", "appVersion"):
        insist(chart[key] == version, f"Chart.yaml: {key} is {chart[key]}, and the server is {version}")
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    insist(alerts == yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text()), "files/alerts.yaml: other alerts")
