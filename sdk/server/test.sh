#!/usr/bin/env bash
# The tests of the server SDKs: generated files are up to date, then each language.
set -euo pipefail
cd "$(dirname "$0")"
../../.cache/sdks/bin/python generate --check
for sdk in python node go; do
  begun=$SECONDS
  echo "== SDK for $sdk"
  "$sdk/test.sh"
  echo "== SDK for $sdk: $((SECONDS - begun)) s"
done
