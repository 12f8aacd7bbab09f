#!/usr/bin/env python3
"""Writes the software bill of materials of the server: CycloneDX 1.6, from Cargo.lock and cargo itself, so that it names
what is built and nothing else. `sbom.py INTO`; the time in it is SOURCE_DATE_EPOCH.

The pages in the binary are made of this repository only: sdk/ has no dependencies at run time."""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = "x86_64-unknown-linux-gnu"
PACKAGE = "sideroom"


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked", "--manifest-path", str(ROOT / "Cargo.toml")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def built():
    """Name and version of every crate that is compiled for the server, with what runs while it is built."""
    tree = cargo("tree", "--package", PACKAGE, "--edges", "normal,build", "--target", TARGET, "--prefix", "none", "--format", "{p}")
    found = set()
    for line in filter(None, tree.splitlines()):
        name, version = line.split()[:2]
        found.add((name, version.removeprefix("v")))
    return found


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums):
    """One crate. Those of this repository have no checksum and no place to download from."""
    made = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package.get("description"):
        made["description"] = " ".join(package["description"].split())
    if package.get("license"):
        # Crates from before SPDX expressions separate licences by a slash.
        made["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if (package.get("repository") or "").startswith("https://"):
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def bill():
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", TARGET))
    wanted = built()
    packages = {one["id"]: one for one in metadata["packages"] if (one["name"], one["version"]) in wanted}
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    server = next(one for one in packages.values() if one["name"] == PACKAGE)
    edges = {}
    for node in metadata["resolve"]["nodes"]:
        if node["id"] in packages:
            needed = (one for one in node["deps"] if any(kind["kind"] != "dev" for kind in one["dep_kinds"]))
            edges[node["id"]] = sorted({reference(packages[one["pkg"]]) for one in needed if one["pkg"] in packages})
    components = sorted((component(one, checksums) for one in packages.values()), key=lambda one: one["bom-ref"])
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    moment = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = reference(server)
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": moment,
            "component": {**component(server, checksums), "type": "application"},
        },
        "components": [one for one in components if one["bom-ref"] != own],
        "dependencies": sorted(
            ({"ref": reference(packages[id]), "dependsOn": needed} for id, needed in edges.items()), key=lambda one: one["ref"]
        ),
    }
    # A name of its own for each content, the same wherever it is made.
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}", **made}


def main():
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
