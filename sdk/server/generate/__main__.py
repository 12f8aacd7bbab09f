"""Writes what is made from the proto: `generate [--check]`. With `--check` it writes nothing and fails if a
file is not as it would be written. The results are committed: readers and the Go module proxy see them as they
are, nobody who installs an SDK from a clone needs a generator, and a change of the API shows in the diff."""

import sys

import go
import openapi
import python
import reference
import typescript
from model import ROOT, load

HERE = "sdk/server"


def results() -> dict[str, str]:
    model = load()
    made = {}
    for name, text in python.files(model).items():
        made[f"{HERE}/python/src/sideroom/{name}"] = text
    for name, text in typescript.files(model).items():
        made[f"{HERE}/node/src/{name}"] = text
    for name, text in go.files(model).items():
        made[f"{HERE}/go/{name}"] = text
    for name, text in openapi.files(model).items():
        made[f"crates/rpc/openapi/{name}"] = text
    made["crates/rpc/openapi/reference.html"] = reference.page(model)
    return made


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, text in results().items():
        path = ROOT / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and stale:
        print(f"not as generated: {', '.join(stale)}. Run `make generate` and commit the result.", file=sys.stderr)
        return 1
    print("\n".join(stale) if stale else "generated files are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
