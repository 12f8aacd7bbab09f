#!/bin/sh
# The same clients and the same media against Janus and against Sideroom, in turns: 1 × N fan-outs, the
# server on one processor and the load tool on another, both in a network of their own as Janus ignores
# loopback. Results go to target/bench/peers, the table to docs/benchmarks/peers.md. Needs root.
#
#   benches/peers.sh [PROFILE]       gcm128 (the default) or cm80
#
# PEERS_AUDIENCES, PEERS_ROUNDS and PEERS_DURATION change how much is measured.
set -eu
cd "$(dirname "$0")/.."
profile=${1:-gcm128}
out=target/bench/peers
bin=${CARGO_TARGET_DIR:-target}/release
deploy/dev/setup.sh janus
cargo build --release --locked -p sideroom -p sideroom-bench
rm -rf "$out"
mkdir -p "$out"
cpus=
if [ "$(nproc)" -ge 2 ]; then
    cpus="--server-cpus 0 --load-cpus 1"
fi

# Clients have addresses of a network that is local by a route. It leads to the interface that Janus binds its
# sockets to, and the kernel delivers at once, as on loopback.
network() {
    deploy/dev/netns.sh sh -c 'ip route add local 10.78.0.0/16 dev sideroom0 && exec "$@"' peers "$@"
}

for audience in ${PEERS_AUDIENCES:-20 100 200}; do
    for loops in 0 1 2; do
        echo "== 1 × $audience, janus with event_loops = $loops, then sideroom"
        # Loss and lateness are told in the table; the ratio is judged there too.
        # shellcheck disable=SC2086
        network "$bin/sideroom-load" fanout --subscribers "$audience" --profile "$profile" \
            --target janus --janus-event-loops "$loops" --against sideroom \
            --server-address 10.77.0.1 --client-addresses 10.78.0.1 $cpus \
            --rounds "${PEERS_ROUNDS:-3}" --duration "${PEERS_DURATION:-4}" --warm-up 2 --json \
            >"$out/janus-$loops-$audience.json" || echo "   (see above)"
    done
done
"$bin/peers-report" "$out" target/bench/peers.json docs/benchmarks/peers.md
