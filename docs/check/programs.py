"""TypeScript blocks, and what a reader does by hand in a browser. A block that begins with an import begins a
program; blocks that follow without one go on with it. Each program is compiled strictly and run in Chromium
against the page's server. A block that is saved as a file is the page's own shell's to compile."""

import json
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from blocks import Block, Wrong
from messages import dev_token, join
from server import Server

# Beyond what each step of browser.mjs waits for by itself.
TIMEOUT_S = 400
HERE = Path(__file__).resolve().parent


class Browser:
    """One node process for the whole check; it starts Chromium when it is first needed."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def do(self, operation: str, **arguments) -> None:
        if self.process is None:
            self.process = subprocess.Popen(
                ["node", HERE / "browser.mjs"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        self.process.stdin.write(json.dumps({"operation": operation, **arguments}) + "\n")
        self.process.stdin.flush()
        overdue = threading.Timer(TIMEOUT_S, self.process.kill)
        overdue.start()
        answer = self.process.stdout.readline()
        overdue.cancel()
        if not answer:
            raise Wrong("the browser's process ended, or did not answer in time")
        if wrong := json.loads(answer).get("wrong"):
            raise Wrong(wrong)

    def close_pages(self) -> None:
        if self.process is not None:
            self.do("close")

    def close(self) -> None:
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


class Programs:
    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.programs: list[list[Block]] = []

    def add(self, block: Block) -> None:
        begins = re.search(r"^import ", block.text, re.M)
        if begins or not self.programs:
            self.programs.append([])
        self.programs[-1].append(block)

    def finish(self) -> None:
        if not self.programs:
            return
        self.server.ensure()
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for blocks in self.programs:
                file = Path(folder) / f"line-{blocks[0].line}.ts"
                file.write_text(self.server.own("".join(block.text for block in blocks)))
                files.append(str(file))
            self._at(self.programs[0][0], "compile", folder=folder, files=files)
            for blocks, file in zip(self.programs, files):
                if any(block.not_run for block in blocks):
                    continue
                room = f"docs-{blocks[0].line}"
                globals = {"token": dev_token(self.server, room, "Ada", "moderator")}
                self._at(blocks[0], "run", file=file, globals=globals)

    def _at(self, block: Block, operation: str, **arguments) -> None:
        try:
            self.browser.do(operation, **arguments)
        except Wrong as wrong:
            raise Wrong(f"{block.where}: {operation}: {wrong}") from None


def by_hand(step: str, server: Server, browser: Browser) -> None:
    """`open ADDRESS … until "TEXT"`: windows that stay open; `press "BUTTON" until "TEXT"` in the first of
    them, `see "TEXT"` in all; `join ROOM IDENTITY …`: clients without a browser; `stop`: the server ends."""
    text = server.own(step)
    quoted = dict(re.findall(r'(press|until|see) "([^"]+)"', text))
    match text.split():
        case ["stop"]:
            server.stop()
        case ["join", room, *names]:
            server.ensure()
            server.clients += [join(server, dev_token(server, room, name))[0] for name in names]
        case ["open", *words]:
            server.ensure()
            urls = [word for word in words if word.startswith("http")]
            browser.do("open", urls=urls, until=quoted["until"])
        case ["press", *_]:
            browser.do("press", button=quoted["press"], until=quoted["until"])
        case ["see", *_]:
            browser.do("see", text=quoted["see"])
        case _:
            raise Wrong(f"the check does not know how to {step}")
