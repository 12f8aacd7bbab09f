"""Renders the chart with helm and holds the result against the schemas of Kubernetes."""

import json
import shutil
from pathlib import Path

import yaml

from schemas import VERSIONS
from wrong import Wrong, insist, run

CHART = Path(__file__).resolve().parent.parent / "sideroom"
OPERATOR = ("--api-versions", "monitoring.coreos.com/v1")


class Tools:
    """Where helm, kubeconform and the schemas are."""

    def __init__(self, directory):
        self.helm = tool(directory, "helm")
        self.kubeconform = tool(directory, "kubeconform")
        self.schemas = directory / "schemas"


def tool(directory, name):
    found = shutil.which(name, path=directory / "bin") or shutil.which(name)
    insist(found, f"{name} is missing; `deploy/dev/setup.sh charts` installs it")
    return found


def values_files():
    return sorted((CHART / "ci").glob("*-values.yaml"))


def lint(tools, chart, values):
    run(tools.helm, "lint", "--strict", "--quiet", "--kube-version", VERSIONS[0], chart, "--values", values)


def render(tools, chart, values, version=VERSIONS[-1], *more):
    """The manifests as text."""
    at = ("--namespace", "media", "--kube-version", version)
    return run(tools.helm, "template", "sideroom", chart, "--values", values, *at, *OPERATOR, *more)


def objects(text):
    return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]


def conforms(tools, text, version):
    """Every object has a schema, and keeps to it."""
    places = (
        f"{tools.schemas}/{{{{.NormalizedKubernetesVersion}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        f"{tools.schemas}/operator/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
    )
    asked = [part for place in places for part in ("-schema-location", place)]
    options = ("-strict", "-summary", "-output", "json", "-kubernetes-version", version)
    try:
        said = run(tools.kubeconform, *options, *asked, input=text)
    except Wrong as wrong:
        raise Wrong(f"kubeconform, Kubernetes {version}: {wrong}") from None
    summary = json.loads(said)["summary"]
    count = len(objects(text))
    expected = {"valid": count, "invalid": 0, "errors": 0, "skipped": 0}
    insist(summary == expected, f"kubeconform, Kubernetes {version}: {summary} of {count} objects")
    return count
