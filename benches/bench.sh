#!/bin/sh
# The floor, the micro benches and a set of scenarios: about a quarter of an hour. Results go to
# target/bench, the page with pictures to docs/benchmarks. On a machine with two processors or more the
# server and the load tool each have their own.
set -eu
cd "$(dirname "$0")/.."
out=target/bench
page=docs/benchmarks
bin=${CARGO_TARGET_DIR:-target}/release
cargo build --release --locked -p sideroom -p sideroom-bench
rm -rf "$out"
mkdir -p "$out"
cpus=
if [ "$(nproc)" -ge 2 ]; then
    cpus="--server-cpus 0 --load-cpus 1"
fi

# A broken bound is reported, and the other measurements still run.
load() {
    name=$1
    shift
    echo "== $name: sideroom-load $*"
    # shellcheck disable=SC2086
    "$bin/sideroom-load" "$@" $cpus --json >"$out/$name.json" || echo "   (bounds broken, see above)"
}

"$bin/floor" --json >"$out/floor.json"
for audience in 20 50 100 200; do
    load "fanout-$audience" fanout --subscribers "$audience" --against bare --rounds 3 --duration 5 --max-loss 0
done
load fanout-audio fanout --preset audio --against bare --rounds 3 --duration 5 --max-loss 0
load fanout-half fanout --preset meeting --subscribers 36 --against bare --rounds 3 --duration 5 --max-loss 0
load fanout-paced fanout --publishers 8 --subscribers 100 --video-bps 200000 --fps 4 --path delay=20ms --remb 3m \
    --warm-up 10 --against bare --rounds 3 --duration 5 --min-paced 0.05 --max-ratio 1.6
load fanout-cm80 fanout --profile cm80 --against bare --duration 5 --max-loss 0
load saturate saturate --step 2 --from-mbps 8
# Answers are measured as a server is deployed: control and media on whichever processor is free.
pinned=$cpus
cpus=
load breakouts breakouts --participants 500 --moves 1000 --group-moves 20 --max-leaks 0
cpus=$pinned
load gates gates --duration 5 --away 500 --max-leaks 0
load join join --participants 500 --duration 5
load scaling scaling --rounds 3 --duration 4 --min-scaling 1.8
load churn churn --joins 4000 --warm-joins 4000 --store "$out/churn.redb" --max-growth 0.03
load soak soak --duration 60 --max-leaks 0 --max-growth 0.02
cargo bench --locked -p sideroom-bench -- --quick >"$out/micro.txt" 2>&1 || echo "   (micro benches failed, see $out/micro.txt)"
"$bin/bench-report" "$out" "$page"
