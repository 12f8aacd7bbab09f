#!/usr/bin/env python3
"""CPU time of a first build, by crate: `benches/build_cost.py [COMMIT …]`.

Each commit (without one: the tree as it stands) is built with an empty target directory, as `make build` builds
the server. CPU time and not the clock: it hardly depends on the number of processors. Compare commits within
one run only. `--top N` lists more crates."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOG = "SIDEROOM_BUILD_COST_LOG"
BUILD = ["cargo", "build", "--release", "--locked", "-p", "sideroom"]


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compile_and_note(command: list[str]) -> int:
    """Stands in for rustc (RUSTC_WRAPPER): runs it, and notes what it took."""
    status = subprocess.run(command, close_fds=False).returncode
    names = [value for flag, value in zip(command, command[1:]) if flag == "--crate-name"]
    if names and names[0] != "___":
        with open(os.environ[LOG], "a") as log:
            log.write(json.dumps([names[0], children_s()]) + "\n")
    return status


def measure(tree: Path, jobs: int) -> tuple[float, float, dict[str, float]]:
    """CPU seconds of everything, seconds by the clock, and CPU seconds of each crate."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "log")
        log.touch()
        env = dict(os.environ, CARGO_TARGET_DIR=f"{scratch}/target", RUSTC_WRAPPER=__file__, **{LOG: str(log)})
        env["CARGO_INCREMENTAL"] = "0"
        before, begun = children_s(), time.monotonic()
        subprocess.run([*BUILD, "-q", "-j", str(jobs)], cwd=tree, env=env, check=True)
        crates: dict[str, float] = {}
        for name, seconds in map(json.loads, log.read_text().splitlines()):
            crates[name] = crates.get(name, 0) + seconds
        return children_s() - before, time.monotonic() - begun, crates


def report(name: str, tree: Path, arguments: argparse.Namespace) -> float:
    total, wall, crates = measure(tree, arguments.jobs)
    # Build scripts run on their own: mostly the C of aws-lc-sys.
    crates["(build scripts)"] = total - sum(crates.values())
    print(f"{name}: {total:.0f} s CPU, {wall:.0f} s by the clock, {len(crates)} crates", flush=True)
    for crate, seconds in sorted(crates.items(), key=lambda one: -one[1])[: arguments.top]:
        print(f"  {seconds:7.1f} s  {crate}", flush=True)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="*")
    parser.add_argument("--top", type=int, default=15)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if not arguments.commits:
        report("the tree", ROOT, arguments)
        return
    totals = []
    for commit in arguments.commits:
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch, "tree")
            subprocess.run(["git", "worktree", "add", "-q", "--detach", tree, commit], cwd=ROOT, check=True)
            try:
                # The pages are in the binary.
                (tree / "sdk/node_modules").symlink_to(ROOT / "sdk/node_modules")
                subprocess.run(["npm", "run", "--silent", "build"], cwd=tree / "sdk", check=True)
                totals.append(report(commit, tree, arguments))
            finally:
                subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    for commit, total in zip(arguments.commits[1:], totals[1:]):
        print(f"{commit} takes {total / totals[0]:.2f} of {arguments.commits[0]}")


if __name__ == "__main__":
    if LOG in os.environ:
        sys.exit(compile_and_note(sys.argv[1:]))
    main()
