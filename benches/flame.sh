#!/bin/sh
# Where the CPU of a forwarded packet goes: a flame graph of the server while one person shows video to 200,
# as docs/benchmarks/flame.svg. Needs perf (Debian's linux-perf), its rights (root, or
# kernel.perf_event_paranoid=1) and inferno (cargo install inferno).
set -eu
cd "$(dirname "$0")/.."
bin=${CARGO_TARGET_DIR:-target}/release
for tool in perf inferno-collapse-perf inferno-flamegraph; do
    command -v "$tool" >/dev/null || {
        echo "flame.sh: $tool is missing; see the head of this script" >&2
        exit 1
    }
done
cargo build --release --locked -p sideroom -p sideroom-bench
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$bin/sideroom-load" fanout --subscribers 200 --duration 15 --server-cpus 0 --load-cpus 1 --json \
    >"$out/load.json" &
load=$!
# The server is the tool's child. Everybody has joined after some seconds.
sleep 6
server=$(pgrep -P "$load" -x sideroom)
perf record -q -e cpu-clock -F 997 --call-graph dwarf,4096 -p "$server" -o "$out/perf" -- sleep 6
wait "$load"
perf script -i "$out/perf" 2>/dev/null | inferno-collapse-perf --all >"$out/stacks"
inferno-flamegraph --title "Sideroom, one sends video and audio to 200" --subtitle "CPU samples" \
    --hash --minwidth 0.4 <"$out/stacks" >docs/benchmarks/flame.svg
echo "docs/benchmarks/flame.svg"
