"""Shell blocks, as one session of bash for each page.

Three commands are not what they seem there. `make TARGET` checks that the target exists, but for `make run`,
which starts the server that the Makefile starts. `cargo …` checks that the packages and tests which it names
exist: the tests that would run here run already. `sideroom serve` goes to the background when it is ready."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from blocks import ROOT, Block, Wrong
from server import Server, binary

DONE = "docs-check-done"
TIMEOUT_S = 240

PRELUDE = r"""
set -euo pipefail
ask() { printf '%s\n' "docs-check-ask $(python3 -c 'import json,os,sys; print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))' "$@")"
  local answer; IFS= read -r answer <&3; [ "$answer" = ok ] || { echo "$answer" >&2; return 1; }; }
make() { ask make "$@" >&4; }
cargo() { ask cargo "$@" >&4; }
sideroom() { if [ "${1:-}" = serve ] && [ "${2:-}" != --help ]; then ask sideroom "$@" >&4; else command sideroom "$@"; fi; }
npx() { case " $* " in *" --servedir"*) ask background npx "$@" >&4 ;; *) command npx "$@" ;; esac; }
"""


def check_make(arguments: list[str], server: Server, cwd: Path) -> None:
    for target in arguments:
        if target.startswith("-") or "=" in target:
            continue
        dry = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        if dry.returncode:
            raise Wrong(f"make {target}: {dry.stderr}")
        if target == "run":
            # What it starts, as the Makefile has it.
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
        self.bash = subprocess.Popen(
            ["bash", "-c", f"exec 3<&{replies} 4>&1 </dev/null; {PRELUDE}\nwhile IFS= read -r file <&3; do source $file; echo; echo {DONE}; done"],
            cwd=self.root,
            env=inherited,
            text=True,
            pass_fds=(replies,),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(replies)

    def run(self, block: Block) -> str:
        """What the block prints. A line that fails ends it, and the check."""
        file = Path(self.scratch.name) / f"block-{block.line}.sh"
        file.write_text(self.server.own(block.text))
        self._reply(str(file))
        said: list[str] = []
        for line in self.bash.stdout:
            line = line.rstrip("\n")
            if line == DONE:
                return "\n".join(said)
            if line.startswith("docs-check-ask "):
                self._answer(*json.loads(line.partition(" ")[2]))
            else:
                said.append(line)
        raise Wrong(f"{block.where}: the shell ended with {self.bash.wait()}\n" + "\n".join(said[-20:]))

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
        """A program that serves pages until the end of this page: it is there when it has said something."""
        started = subprocess.Popen(words, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.background.append(started)
        if not started.stdout.readline():
            raise Wrong(f"{' '.join(words)} ended at once")

    def close(self) -> None:
        import signal

        os.close(self.replies)
        self.bash.kill()
        self.bash.wait()
        for started in self.background:
            os.killpg(started.pid, signal.SIGTERM)
            started.wait()
        self.scratch.cleanup()
