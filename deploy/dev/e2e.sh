#!/usr/bin/env bash
# Real browsers and native clients against the real server, one kind after another. All of them are run;
# fails if any failed, naming it.
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=()

run() { # run NAME COMMAND …
  local name=$1 begun=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "== $name: $((SECONDS - begun)) s"
  else
    failed+=("$name")
  fi
}

browsers() { (cd sdk && npm run --silent e2e); }

deploy_files() {
  deploy/dev/setup.sh deploy &&
    python3 deploy/check.py "${CARGO_TARGET_DIR:-target}/release/sideroom" .cache/prometheus/usr/bin
}

chart() {
  deploy/dev/setup.sh charts &&
    .cache/charts/bin/python deploy/helm/check "${CARGO_TARGET_DIR:-target}/release/sideroom" .cache/charts
}

packages() {
  deploy/dev/setup.sh package &&
    deploy/package/build.sh "${CARGO_TARGET_DIR:-target}/release/sideroom" .cache/dist &&
    .cache/charts/bin/python deploy/package/check.py .cache/dist
}

run "browsers" browsers
run "native clients" crates/server/e2e/run.sh
run "examples, WHIP and WHEP" deploy/dev/examples.sh
run "docs" python3 docs/check
run "deploy files" deploy_files
run "chart" chart
run "packages" packages

if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
