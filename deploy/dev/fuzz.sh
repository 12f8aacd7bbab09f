#!/usr/bin/env bash
# Every fuzz target for two minutes (SECONDS_EACH=… for another time). Findings lie in fuzz/artifacts. None of
# the code has unsafe parts (except a prefetch hint) for a sanitizer to look at, and without one it runs
# several times as often.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo +nightly fuzz --version >/dev/null 2>&1 || {
  echo "please install: rustup toolchain install nightly && cargo install cargo-fuzz --locked" >&2
  exit 1
}
for file in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$file" .rs)
  found=$(mktemp -d)
  echo "== $target"
  cargo +nightly fuzz run --sanitizer none "$target" "$found" "fuzz/corpus/$target" -- -max_total_time="${SECONDS_EACH:-120}"
  rm -rf "$found"
done
