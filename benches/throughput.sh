#!/bin/sh
# Commands a second, and how long they take, of this tree's server and of another commit's, in turns: the bench
# and its clients are this tree's, only the server is the other one. Prints every line of every round, then the
# medians and their ratios.
#
#   benches/throughput.sh COMMIT [PART]      PART: commands, rooms (1,000 at once), moves; all without it
#
# ROUNDS (3) is how often each is measured. BEFORE_SERVER names a binary that is built already, instead of one that
# is built from COMMIT. PACKAGES (-p sideroom) is what cargo builds: `PACKAGES=--workspace` shares what is built
# with a build of everything.
set -eu

# A server as it is released at that commit: profile `shipped`, which older commits don't have (decision 34).
profile_of() {
    if grep -q '^\[profile.shipped\]' "$1/Cargo.toml"; then echo shipped; else echo release; fi
}

cd "$(dirname "$0")/.."
commit=${1:?usage: benches/throughput.sh COMMIT [PART]}
part=${2:-}
packages=${PACKAGES:--p sideroom}
out=target/bench/throughput
mkdir -p "$out"
rm -f "$out"/*.txt

before=${BEFORE_SERVER:-}
if [ -z "$before" ]; then
    source=$PWD/$out/source
    git worktree remove --force "$source" 2>/dev/null || true
    git worktree add --force --detach "$source" "$commit"
    trap 'git worktree remove --force "$source"' EXIT
    # The pages are built into the binary, and need only exist.
    # shellcheck disable=SC2086
    (cd "$source" && CARGO_TARGET_DIR="$PWD/../target" cargo build --profile "$(profile_of .)" --locked $packages --bin sideroom)
    before=$PWD/$out/target/$(profile_of "$source")/sideroom
fi
# Servers as they are released: the bench's own server would have the profile of benches.
# shellcheck disable=SC2086
cargo build --profile "$(profile_of .)" --locked $packages --bin sideroom
cp "${CARGO_TARGET_DIR:-target}/$(profile_of .)/sideroom" "$out/after-sideroom"
# shellcheck disable=SC2086
cargo bench --locked $packages --bench throughput --no-run

for round in $(seq "${ROUNDS:-3}"); do
    for which in before after; do
        echo "== round $round, $which"
        # A bound that is broken is told in its line; the ratio is judged here.
        server=$PWD/$out/after-sideroom
        [ "$which" = after ] || server=$before
        # shellcheck disable=SC2086
        { BENCHED_SERVER=$server cargo bench --quiet --locked $packages --bench throughput -- $part || true; } |
            tee -a "$out/$which.txt"
    done
done
python3 benches/throughput.py "$out/before.txt" "$out/after.txt"
