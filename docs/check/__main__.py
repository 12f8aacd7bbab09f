"""Runs every code block of every page: `python3 docs/check [--list] [PAGE …]`.

`make e2e` runs it. Shell blocks run in a session of bash, JSON is posted or sent to where the page says it
goes, TypeScript is compiled and run in Chromium, TOML is read by the server, all against a real server that
is started for the page. A block without a way to run it says so on the page, just above it:

    *Not run by the tests: it changes the machine.*

`--list` prints these, and runs nothing. Links and figures are checked too; `figures.py` says which."""

import sys
import tempfile
import time
from pathlib import Path

from blocks import ROOT, Block, Wrong, blocks, check_all_seen, pages
from figures import check_constants, check_defaults, check_every_crate, check_images, check_links, check_rules, check_text, check_toml
from messages import Messages
from programs import Browser, Programs, by_hand
from server import Server
from shell import Shell


class Page:
    """Everything that the blocks of one page share."""

    def __init__(self, path: Path, browser: Browser) -> None:
        self.path = path
        self.browser = browser
        self.server = Server()
        self.shell: Shell | None = None
        self.messages = Messages(self.server)
        self.programs = Programs(self.server, browser)
        self.scratch = tempfile.TemporaryDirectory()

    def run(self) -> int:
        check_all_seen(self.path)
        count = 0
        for block in blocks(self.path):
            for step in block.steps:
                try:
                    by_hand(step, self.server, self.browser)
                except Wrong as wrong:
                    raise Wrong(f"{block.where}: before it: {wrong}") from None
            count += block.language not in ("end", "text") and not block.not_run
            self._block(block)
        self.messages.finish()
        self.programs.finish()
        check_links(self.path)
        return count

    def _block(self, block: Block) -> None:
        match block.language:
            case "ts" if not block.words:
                # Compiled even if it is not run.
                self.programs.add(block)
            case _ if block.not_run:
                pass
            case "sh":
                self._shell(block).run(block)
            case "ts" | "html" | "js" | "toml" | "css" | "python" | "go" if block.words:
                self._save(block)
            case "json":
                self.messages.run(block)
            case "toml":
                check_toml(block, Path(self.scratch.name))
            case "text":
                check_text(block)
            case "end":
                pass
            case _:
                raise Wrong(f"{block.where}: the check cannot run {block.language or 'a block without a language'!r}")

    def _shell(self, block: Block) -> Shell:
        if self.shell is None:
            self.shell = Shell(self.server)
        starts_one = any(word in block.text for word in ("make run", "sideroom serve"))
        if not starts_one and self.server.process is None and ":79" in block.text:
            self.server.ensure()
        return self.shell

    def _save(self, block: Block) -> None:
        """In the directory where the page's shell is."""
        name, *_ = block.words
        where = self._shell(block).run(Block(block.page, block.line, "sh", [], "pwd\n")).strip()
        file = Path(where) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.server.own(block.text))
        if name.endswith(".toml"):
            check_toml(block, Path(self.scratch.name))

    def close(self) -> None:
        self.browser.close_pages()
        if self.shell is not None:
            self.shell.close()
        self.server.close()
        self.scratch.cleanup()


def marks() -> list[Block]:
    return [block for page in pages() for block in blocks(page) if block.not_run]


def check(page: Path, browser: Browser) -> bool:
    begun, one = time.monotonic(), Page(page, browser)
    try:
        count = one.run()
    except Wrong as wrong:
        print(f"WRONG {wrong}", file=sys.stderr)
        return False
    finally:
        one.close()
    if count:
        print(f"{page.relative_to(ROOT)}: {count} blocks, {time.monotonic() - begun:.1f} s")
    return True


def figures() -> bool:
    server = Server()
    try:
        check_constants()
        check_every_crate()
        check_images()
        check_rules()
        check_defaults(server)
    except Wrong as wrong:
        print(f"WRONG {wrong}", file=sys.stderr)
        return False
    finally:
        server.close()
    return True


def main() -> int:
    arguments = sys.argv[1:]
    if "--list" in arguments:
        for block in marks():
            print(f"{block.where}: {block.not_run}")
        return 0
    wanted = [Path(name).resolve() for name in arguments]
    browser = Browser()
    try:
        passed = [check(page, browser) for page in wanted or pages()]
    finally:
        browser.close()
    if not wanted:
        passed.append(figures())
        print(f"not run, as the pages say: {len(marks())}")
        for block in marks():
            print(f"  {block.where}: {block.not_run}")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
