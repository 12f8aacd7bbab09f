#!/usr/bin/env bash
# Every native client against the real server, each in a network of its own. Needs root for that; without
# it these tests are skipped, and it says so.
set -uo pipefail
cd "$(dirname "$0")/../../.."
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null; then
  echo "skipped: clients that need a network of their own (run as root, with iproute2)"
  exit 0
fi
failed=0
for test in crates/server/e2e/interop_*.py; do
  E2E_MEDIA=10.77.0.1 timeout 120 deploy/dev/netns.sh .venv/bin/python "$test" || {
    echo "failed: $test" >&2
    failed=1
  }
done
exit $failed
