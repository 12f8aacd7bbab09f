#!/usr/bin/env bash
# The tests of the server SDKs: generated files are up to date, each language, and the server against its description.
set -euo pipefail
cd "$(dirname "$0")"
../../.cache/sdks/bin/python generate --check
for sdk in python node go; do
  begun=$SECONDS
  echo "== SDK for $sdk"
  "$sdk/test.sh"
  echo "== SDK for $sdk: $((SECONDS - begun)) s"
done
echo "== OpenAPI"
timeout 600 ../../.cache/sdks/bin/python openapi/check.py
