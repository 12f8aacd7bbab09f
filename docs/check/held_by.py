"""Each threat in docs/security.md names the tests that hold it, and these tests exist: `python3
docs/check/held_by.py`. `make lint` runs it.

The last column of the table has them as `crate: name_of_the_test` (`benches` counts as one), or, of a browser test,
`sdk/e2e/file.test.ts: the name of the test`."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/security.md"
TABLE = "## Threats, and where each is met"
# A property test has its `#[test]` as well, inside `proptest!`; a fuzz target is a file.
TEST = r"#\[(?:test|tokio::test)[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn {name}\b"


def rows(page: str) -> list[list[str]]:
    if TABLE not in page:
        sys.exit(f"{PAGE.name} has no heading {TABLE!r}")
    section = page.split(TABLE, 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def exists(place: str, name: str, root: Path = ROOT) -> bool:
    if place.endswith(".ts"):
        file = root / place
        return file.exists() and f"test('{name}'" in file.read_text()
    if place == "fuzz":
        return (root / "fuzz/fuzz_targets" / f"{name}.rs").exists()
    if not re.fullmatch(r"\w+", name):
        return False
    pattern = re.compile(TEST.replace("{name}", name))
    crate = root / ("benches" if place == "benches" else f"crates/{place}")
    files = crate.rglob("*.rs")
    return any(pattern.search(file.read_text()) for file in files if "target" not in file.parts)


def complaints(page: str) -> list[str]:
    all_rows = rows(page)
    if not all_rows:
        return ["the table of threats is empty"]
    found = []
    for row in all_rows:
        held = re.findall(r"`([\w/.-]+): ([^`]+)`", row[-1]) if len(row) == 4 else []
        if not held:
            found.append(f"{row[0]!r} names no test that holds it")
        for place, name in held:
            if not exists(place, name):
                found.append(f"{row[0]!r}: {place} has no test `{name}`")
    return found


def main() -> None:
    page = PAGE.read_text()
    # The check can fail: a row without a test, and one whose test does not exist.
    broken = f"{TABLE}\n| a | b | c | d |\n| - | - | - | - |\n| x | y | z | |\n| x | y | z | `rpc: no_such_test` |\n"
    if len(complaints(broken)) != 2:
        sys.exit("the check of docs/security.md finds nothing any more")
    wrong = complaints(page)
    if wrong:
        sys.exit("docs/security.md:\n" + "\n".join(f"  {each}" for each in wrong))
    print(f"docs/security.md: {len(rows(page))} threats, each with a test that exists")


if __name__ == "__main__":
    main()
