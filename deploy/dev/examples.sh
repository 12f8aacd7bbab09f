#!/usr/bin/env bash
# The examples of docs/examples, and ffmpeg's WHIP beside a browser's WHEP, against one fresh server.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${CARGO_TARGET_DIR:-target}/release/sideroom
said=$(mktemp)
trap 'kill "$pid" 2>/dev/null || true; rm -f "$said"' EXIT

export SIDEROOM_HTTP_LISTEN=127.0.0.1:0 SIDEROOM_GRPC_LISTEN=127.0.0.1:0
export SIDEROOM_ADMIN_LISTEN=127.0.0.1:0 SIDEROOM_MEDIA_FIRST_PORT=0
"$server" serve --dev >"$said" 2>/dev/null &
pid=$!
unset SIDEROOM_HTTP_LISTEN SIDEROOM_GRPC_LISTEN SIDEROOM_ADMIN_LISTEN SIDEROOM_MEDIA_FIRST_PORT
until grep -q '^store' "$said"; do
  kill -0 "$pid" || { echo "the server did not start" >&2; exit 1; }
  sleep 0.05
done
word() { awk -v key="$1" '$1 == key { print $2 }' "$said"; }
export SIDEROOM_URL=http://$(word http) SIDEROOM_GRPC=$(word grpc) SIDEROOM_KEY=dev
SIDEROOM_SECRET=$(word key)
export SIDEROOM_SECRET=${SIDEROOM_SECRET#SIDEROOM_AUTH_KEYS=dev:}

for example in "docs/examples/curl.sh" "node docs/examples/walk.mjs" ".venv/bin/python docs/examples/walk.py"; do
  echo "$example"
  $example
done

echo "crates/rpc/e2e/whip.mjs"
FFMPEG=$(.venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
export FFMPEG CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
node crates/rpc/e2e/whip.mjs
