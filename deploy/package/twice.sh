#!/usr/bin/env bash
# Builds the release twice, each time in a clone of its own in another directory, and compares the checksums.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in one another-directory; do
  git clone --quiet --no-hardlinks . "$scratch/$name"
  (
    cd "$scratch/$name"
    unset CARGO_TARGET_DIR
    deploy/dev/setup.sh npm
    (cd sdk && npm run --silent build)
    deploy/package/build.sh >/dev/null
    mv target/dist "../$name.dist"
    # Two target directories at once would be much.
    rm -rf target sdk/node_modules
  )
done
if ! diff "$scratch/one.dist/SHA256SUMS" "$scratch/another-directory.dist/SHA256SUMS"; then
  echo "built twice, these differ" >&2
  exit 1
fi
echo "built twice: the same"
cat "$scratch/one.dist/SHA256SUMS"
