"""The code blocks of a page, in order, with what the page says about each."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Directories that hold other people's pages, or none.
ELSEWHERE = {"test-results", "node_modules", "target", ".venv", ".cache", ".git", "dist"}
# The visible mark of a block that the check cannot run; the reason follows.
MARK = re.compile(r"^\*Not run by the tests: (?P<reason>.+)\*$")
# A step that a reader takes by hand between two blocks: `<!-- check: open … until "…" -->`.
STEP = re.compile(r"^<!-- check: (?P<step>.+) -->$")


class Wrong(Exception):
    """Something in a page is not true."""


@dataclass
class Block:
    page: Path
    line: int
    language: str
    # The words after the language: which method a JSON body is for, which file a text is saved as.
    words: list[str]
    text: str
    # Why it is not run, if the page says so.
    not_run: str = ""
    # The steps that a reader takes before it.
    steps: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    found = [
        path
        for path in ROOT.rglob("*.md")
        if not ELSEWHERE & set(path.relative_to(ROOT).parts)
    ]
    return sorted(found)


def check_all_seen(page: Path) -> None:
    """No code is on the page in a form that `blocks` does not see: it would be skipped without a word."""
    lines = page.read_text().splitlines()
    inside = {number for block in blocks(page) for number in range(block.line, block.line + block.text.count("\n") + 2)}
    in_list = False
    for number, line in enumerate(lines, 1):
        if number in inside:
            continue
        if line and not line[0].isspace():
            in_list = bool(re.match(r"([-*+]|\d+\.) ", line))
        above = lines[number - 2] if number > 1 else ""
        begins_indented = re.match(r"( {4}|\t)\s*\S", line) and not above.strip() and not in_list
        said = re.sub(r"(?<!`)`[^`]+`(?!`)", "", line)
        if begins_indented or re.search(r"```|~~~|<pre\b|<code\b", said):
            raise Wrong(f"{page.relative_to(ROOT)}:{number}: code that is not run: put it into a block between ``` lines")


def _mark_before(lines: list[str], index: int) -> str:
    """The mark is the paragraph just above the block; it may span lines."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    paragraph: list[str] = []
    while above >= 0 and lines[above].strip():
        paragraph.insert(0, lines[above].strip())
        above -= 1
    found = MARK.match(" ".join(paragraph))
    return found["reason"] if found else ""


def blocks(page: Path) -> list[Block]:
    """Every fenced block. A block without a language is wrong: nobody can tell what it is for."""
    lines = page.read_text().splitlines()
    found, steps, index = [], [], 0
    while index < len(lines):
        line = lines[index]
        step = STEP.match(line.strip())
        if step:
            steps.append(step["step"])
        fence = re.match(r"^(?P<indent>\s*)```(?P<info>.*)$", line)
        if not fence:
            index += 1
            continue
        begin, indent = index, len(fence["indent"])
        index += 1
        while index < len(lines) and lines[index].strip() != "```":
            index += 1
        if index == len(lines):
            raise Wrong(f"{page}:{begin + 1}: the block has no end")
        text = "".join(each[indent:] + "\n" for each in lines[begin + 1 : index])
        language, *words = fence["info"].split() or [""]
        not_run = _mark_before(lines, begin)
        found.append(Block(page, begin + 1, language, words, text, not_run, steps))
        steps = []
        index += 1
    if steps:
        # Steps after the last block.
        found.append(Block(page, len(lines), "end", [], "", "", steps))
    return found
