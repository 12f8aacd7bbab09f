"""Checks the chart: `deploy/helm/check SERVER DIRECTORY`, the directory being what `deploy/dev/setup.sh charts` fills;
`make e2e` runs it. Needs a Python with deploy/dev/requirements-deploy.txt."""

import sys
import time
from pathlib import Path

import breakages
import lookup
import refusals
import schemas
import values
from charts import CHART, Tools, values_files
from wrong import Wrong


def main():
    server, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    begun = time.monotonic()

    def done(sentence):
        print(f"{sentence} ({time.monotonic() - begun:.1f} s)", flush=True)

    tools = Tools(directory)
    schemas.make(tools.schemas, sorted((directory / "crds").glob("*.yaml")))
    done(f"values.yaml, schema and README: {values.check()} values")
    for path in values_files():
        count = breakages.check_chart(tools, server, CHART, path)
        done(f"{path.name}: {count} objects, Kubernetes {' and '.join(schemas.VERSIONS)}, and the server starts")
    done(f"values that are refused: {refusals.check(tools)}")
    done(f"announced addresses: {lookup.check()} look-ups")
    done(f"faults that are found: {breakages.check(tools, server)}")


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"the chart: {wrong}")
