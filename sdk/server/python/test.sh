#!/usr/bin/env bash
# Types, tests against the real server, and the packages as they would be published, installed and imported.
set -euo pipefail
cd "$(dirname "$0")"
bin=$(realpath ../../../.cache/sdks/bin)
"$bin/mypy" --no-error-summary
timeout 600 "$bin/pytest" --quiet
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$bin/python" -m build --no-isolation --outdir "$out" . >"$out/log" 2>&1 || { cat "$out/log"; exit 1; }
"$bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$out/site" "$out"/sideroom-*.whl
tar -tzf "$out"/sideroom-*.tar.gz >"$out/list"
grep -q 'src/sideroom/py.typed$' "$out/list"
cd "$out" && PYTHONPATH=site "$bin/python" -c 'import sideroom; assert sideroom.__file__.startswith("'"$out"'")'
