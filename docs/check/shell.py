"""Shell blocks, as one session of bash for each page.

Three commands are not what they seem there. `make TARGET` checks that the target exists, but for `make run`,
which starts the server that the Makefile starts. `cargo …` checks that the packages and tests which it names
exist: the tests that would run here run already. `sideroom serve` goes to the background when it is ready."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from blocks import ROOT, Block, Wrong
from server import PATIENCE_S, Server, binary

DONE = "docs-check-done"
# For one block: installing packages is the slowest that blocks do.
TIMEOUT_S = 600

PRELUDE = r"""
set -euo pipefail
ask() { printf '%s\n' "docs-check-ask $(command python3 -c 'import json,os,sys; print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))' "$@")"
  local answer; IFS= read -r answer <&3; [ "$answer" = ok ] || { echo "$answer" >&2; return 1; }; }
make() { ask make "$@" >&4; }
cargo() { ask cargo "$@" >&4; }
sideroom() { if [ "${1:-}" = serve ] && [ "${2:-}" != --help ]; then ask sideroom "$@" >&4; else command sideroom "$@"; fi; }
python3() { case " $* " in *" http.server "*) ask background python3 "$@" >&4 ;; *) command python3 "$@" ;; esac; }
npx() { case " $* " in *" --servedir"*) ask background npx "$@" >&4 ;; *) command npx "$@" ;; esac; }
"""


def check_make(arguments: list[str], server: Server, cwd: Path) -> None:
    for target in arguments:
        if target.startswith("-") or "=" in target:
            continue
        # Under `make e2e` it would say where it is.
        dry = subprocess.run(
            ["make", "--no-print-directory", "-n", target],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
            capture_output=True,
            text=True,
        )
        if dry.returncode:
            raise Wrong(f"make {target}: {dry.stderr}")
        if target == "run":
            # The server as the Makefile starts it.
            program, *rest = dry.stdout.strip().splitlines()[-1].split()
            if not program.endswith("release/sideroom"):
                raise Wrong(f"make run ends with {program}")
            server.start(rest, cwd)


def check_cargo(arguments: list[str]) -> None:
    known = {
        re.search(r'^name = "(.+)"', manifest.read_text(), re.M)[1]: manifest.parent
        for manifest in [*ROOT.glob("crates/*/Cargo.toml"), ROOT / "benches/Cargo.toml"]
    }
    for flag, package in zip(arguments, arguments[1:]):
        if flag == "-p" and package not in known:
            raise Wrong(f"cargo: there is no package {package}")
    names = [package for flag, package in zip(arguments, arguments[1:]) if flag == "-p"]
    directories = [known[name] for name in names] or [ROOT / "crates"]
    for flag, target in zip(arguments, arguments[1:]):
        if flag in ("--test", "--bench", "--example"):
            folder = {"--test": "tests", "--bench": "benches", "--example": "examples"}[flag]
            places = [d / folder for d in directories] + [d / "src" / folder for d in directories]
            manifests = "".join((d / "Cargo.toml").read_text() for d in directories if (d / "Cargo.toml").exists())
            there = any((p / f"{target}.rs").exists() or (p / target).is_dir() for p in places)
            if not there and f'name = "{target}"' not in manifests:
                raise Wrong(f"cargo: there is no {flag[2:]} {target}")
    if "test" in arguments and not arguments[-1].startswith("-") and arguments[-1] != "test":
        wanted = arguments[-1]
        if arguments[-2] in ("-p", "--test"):
            return
        sources = "".join(path.read_text() for d in directories for path in d.rglob("*.rs"))
        if not re.search(rf"\bfn \w*{re.escape(wanted.split('::')[-1])}", sources):
            raise Wrong(f"cargo: no test of {', '.join(names)} is called {wanted}")


def kill_group(process: subprocess.Popen, with_signal: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, with_signal)


def _listens(port: int) -> bool:
    with socket.socket() as stream:
        return stream.connect_ex(("127.0.0.1", port)) == 0


class Shell:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.scratch = tempfile.TemporaryDirectory()
        self.background: list[subprocess.Popen] = []
        self.root = Path(self.scratch.name) / "sideroom"
        self.root.mkdir()
        # A clone of the repository, as far as a reader can tell.
        for entry in ROOT.iterdir():
            if entry.name not in ("target", ".git"):
                (self.root / entry.name).symlink_to(entry)
        (self.root / "target").symlink_to(binary().parents[1])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIDEROOM_")}
        replies, self.replies = os.pipe()
        inherited["PATH"] = f"{binary().parent}:{inherited['PATH']}"
        inherited["HOME"] = self.scratch.name
        inherited["npm_config_cache"] = str(Path.home() / ".npm")
        inherited.setdefault("GOCACHE", str(Path.home() / ".cache/go-build"))
        self.bash = subprocess.Popen(
            ["bash", "-c", f"exec 3<&{replies} 4>&1 </dev/null; {PRELUDE}\nwhile IFS= read -r file <&3; do source $file; echo; echo {DONE}; done"],
            cwd=self.root,
            env=inherited,
            text=True,
            pass_fds=(replies,),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(replies)

    def run(self, block: Block) -> str:
        """What the block prints. A line that fails ends it, and the check."""
        file = Path(self.scratch.name) / f"block-{block.line}.sh"
        file.write_text(self.server.own(block.text))
        overdue = threading.Timer(TIMEOUT_S, self._kill)
        overdue.start()
        try:
            return self._read(block, str(file), overdue)
        finally:
            overdue.cancel()

    def _read(self, block: Block, file: str, overdue: threading.Timer) -> str:
        self._reply(file)
        said: list[str] = []
        for line in self.bash.stdout:
            line = line.rstrip("\n")
            if line == DONE:
                return "\n".join(said)
            if line.startswith("docs-check-ask "):
                self._answer(*json.loads(line.partition(" ")[2]))
            else:
                said.append(line)
        end = f"the shell ended with {self.bash.wait()}"
        if not overdue.is_alive():
            end = f"not done after {TIMEOUT_S} s"
        raise Wrong(f"{block.where}: {end}\n" + "\n".join(said[-20:]))

    def _kill(self) -> None:
        kill_group(self.bash, signal.SIGKILL)

    def _reply(self, text: str) -> None:
        os.write(self.replies, (text + "\n").encode())

    def _answer(self, words: list[str], cwd: str, environment: dict[str, str]) -> None:
        command, *arguments = words
        try:
            if command == "make":
                check_make(arguments, self.server, Path(cwd))
            elif command == "cargo":
                check_cargo(arguments)
            elif command == "background":
                self._start(arguments, cwd)
            else:
                self.server.start(arguments, Path(cwd), environment)
        except Wrong as wrong:
            return self._reply(str(wrong).replace("\n", " "))
        self._reply("ok")

    def _start(self, words: list[str], cwd: str) -> None:
        """A program that serves an app's pages until the end of this page. It ends with its input."""
        log = tempfile.TemporaryFile("w+")
        started = subprocess.Popen(words, cwd=cwd, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        self.background.append(started)
        deadline = time.monotonic() + PATIENCE_S
        while not _listens(self.server.ports["app"]):
            if started.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise Wrong(f"{' '.join(words)} does not serve: {log.read()}")
            time.sleep(0.1)

    def close(self) -> None:
        os.close(self.replies)
        self._kill()
        self.bash.wait()
        for started in self.background:
            kill_group(started, signal.SIGTERM)
            started.stdin.close()
            started.wait()
        self.scratch.cleanup()
