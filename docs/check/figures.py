"""What pages quote: `text` blocks that walk through files, links to other pages, and figures that the code,
the protocol or a running server knows."""

import re
import subprocess
import tomllib
from pathlib import Path

from blocks import ROOT, Block, Wrong, pages
from server import Server, binary


# The beginning of a line that a reader is meant to type. Such lines belong into a block that is run.
TYPED = re.compile(r"^\s*(\$ |(sudo )?(curl|sideroom|make|cargo|npm|npx|node|python3|docker|git|export|cd) \S)")


def check_text(block: Block) -> None:
    """A figure may begin its lines with a file and what is found there, or say which crate uses which, as
    docs/ARCHITECTURE.md does. It is for looking at: commands belong into `sh`."""
    for line in block.text.splitlines():
        if TYPED.match(line):
            raise Wrong(f"{block.where}: {line.strip()!r} is to be typed, so the block is `sh`")
        check_arrows(block, line)
        found = re.match(r"^([a-z_]+)/([\w/]+\.rs)\s+(.*)$", line)
        if not found:
            continue
        crate, file, names = found.groups()
        path = ROOT / "crates" / crate / "src" / file
        if not path.exists():
            raise Wrong(f"{block.where}: there is no {path.relative_to(ROOT)}")
        said = re.split(r"\s{2,}", names)[0]
        for name in re.findall(r"\b(?:[A-Z]\w+::)?([a-z]\w+)\b", said):
            if not re.search(rf"\bfn {name}\b", path.read_text()):
                raise Wrong(f"{block.where}: {path.relative_to(ROOT)} has no function {name}")


def check_arrows(block: Block, line: str) -> None:
    """`room → control, route`: it is built on these crates of the workspace and no others."""
    for name, said in re.findall(r"\b([a-z]+) +→ ([a-z]+(?:, [a-z]+)*)", line):
        manifest = ROOT / "crates" / name / "Cargo.toml"
        if not manifest.exists():
            continue
        tables = tomllib.loads(manifest.read_text())
        kind = "dev-dependencies" if "tests only" in line else "dependencies"
        used = {each.removeprefix("sideroom-").replace("sideroom", "server") for each in tables.get(kind, {}) if each.startswith("sideroom")}
        if more := used - set(said.split(", ")):
            raise Wrong(f"{block.where}: {name} → {said}, but its Cargo.toml also names {', '.join(sorted(more))}")


def check_every_crate() -> None:
    """docs/ARCHITECTURE.md has a row for each crate, and an arrow for each that is built on others."""
    page = (ROOT / "docs/ARCHITECTURE.md").read_text()
    for manifest in sorted((ROOT / "crates").glob("*/Cargo.toml")):
        name = manifest.parent.name
        if f"| `{name}` |" not in page:
            raise Wrong(f"docs/ARCHITECTURE.md: the table of crates has no row for {name}")
        uses = any(each.startswith("sideroom") for each in tomllib.loads(manifest.read_text()).get("dependencies", {}))
        if uses and not re.search(rf"\b{name} +→ ", page):
            raise Wrong(f"docs/ARCHITECTURE.md: no arrow begins at {name}")


def anchor(heading: str) -> str:
    text = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return text.replace(" ", "-")


def check_links(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"^[a-z]+:", target):
            continue
        name, _, part = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if not other.exists():
            raise Wrong(f"{page.relative_to(ROOT)}: the link {target} leads nowhere")
        if part and other.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", other.read_text(), re.M)
            if part not in {anchor(each.replace("`", "")) for each in headings}:
                raise Wrong(f"{page.relative_to(ROOT)}: {other.name} has no heading #{part}")


def check_images() -> None:
    """Every picture is shown by a page: the others go out of date without anybody seeing it."""
    shown = {name for page in pages() for name in re.findall(r"images/([\w-]+\.png)", page.read_text())}
    if unseen := sorted({path.name for path in (ROOT / "docs/images").iterdir()} - shown):
        raise Wrong(f"docs/images: no page shows {', '.join(unseen)}")


def check_toml(block: Block, scratch: Path) -> None:
    file = scratch / "block.toml"
    file.write_text(block.text)
    done = subprocess.run([binary(), "check-config", "--quiet", "--config", file], capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{block.where}: {done.stderr}")


# A page, a sentence with the figure left out, a source file, and the constant or default that holds it.
CONSTANTS = [
    ("docs/rpc.md", r"256 KiB, (\d+) m-lines", "crates/session/src/sdp", "MAX_MEDIA_SECTIONS"),
    ("docs/gateway.md", r"offer 256 KiB and (\d+) m-lines", "crates/session/src/sdp", "MAX_MEDIA_SECTIONS"),
    ("docs/gateway.md", r"(\d+) commands may be open at once", "crates/rpc/src/gateway", "MAX_OPEN"),
    ("docs/gateway.md", r"or out of order, (\d+) times", "crates/rpc/src/gateway", "MAX_STRIKES"),
    ("docs/gateway.md", r"come within (\d+) seconds", "crates/rpc/src/config.rs", "join_within"),
    ("docs/gateway.md", r"WebSocket pings every (\d+) seconds", "crates/rpc/src/gateway", "PING_EVERY"),
    ("docs/gateway.md", r"heard nothing\nfor (\d+)", "crates/rpc/src/gateway", "SILENT_FOR"),
    ("docs/rpc.md", r"an empty line every (\d+) seconds", "crates/rpc/src/http.rs", "IDLE_LINE_EVERY"),
    ("docs/rpc.md", r"with the secret of an API key, at least (\d+) bytes", "crates/rpc/src/auth.rs", "MIN_SECRET_BYTES"),
    ("docs/security.md", r"keys of at least (\d+) bytes", "crates/rpc/src/auth.rs", "MIN_SECRET_BYTES"),
]
NUMBERS = {"ten": 10}


def constant(place: str, name: str) -> str:
    """The first number of the constant's value: `Duration::from_secs(10)` is 10."""
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.rs"))
    for file in files:
        found = re.search(rf"\b{name}: (?:[^=\n]+= )?(?:Duration::from_secs\()?([\d_]+)", file.read_text())
        if found:
            return found[1].replace("_", "")
    raise Wrong(f"{place} has no constant {name} any more; correct docs/check/figures.py")


def check_constants() -> None:
    for page, sentence, place, name in CONSTANTS:
        found = re.search(sentence, (ROOT / page).read_text())
        if not found:
            raise Wrong(f"{page} no longer says {sentence!r}; correct docs/check/figures.py")
        if found[1] != constant(place, name):
            raise Wrong(f"{page}: {found[0]!r}, but {name} is {constant(place, name)}")


def check_rules() -> None:
    """Rules by number: those that code cites are on the page, and each rule of the page has a test."""
    page = set(re.findall(r"^\*\*Rule (\d+)\.", (ROOT / "docs/breakouts.md").read_text(), re.M))
    sources = {path: path.read_text() for path in (ROOT / "crates").rglob("*.rs")}
    for path, text in sources.items():
        for rule in re.findall(r"\b[Rr]ules? (\d+)\b", text):
            if rule not in page:
                raise Wrong(f"{path.relative_to(ROOT)} cites rule {rule}, which docs/breakouts.md does not have")
    tests = "".join(text for path, text in sources.items() if "tests" in path.parts)
    tested = set(re.findall(r"fn rule_(\d+)_", tests)) | set(re.findall(r"^//! Rule (\d+):", tests, re.M))
    if untested := sorted(page - tested, key=int):
        raise Wrong(f"docs/breakouts.md: no test is called after rule {', '.join(untested)}")


def check_defaults(server: Server) -> None:
    """The defaults that docs/breakouts.md names are those of a room whose creator says nothing."""
    server.ensure()
    _, answer = server.call("RoomService/CreateRoom", {"room": "defaults"})
    settings = answer["room"]["settings"]
    values = settings | settings["breakouts"]
    text = (ROOT / "docs/breakouts.md").read_text()
    for key, shown in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.M):
        have = values.get(key, "false" if shown == "false" else "0")
        have = {True: "true", False: "false"}.get(have, have) if isinstance(have, bool) else have
        if str(have).replace(" ", "") != shown.replace(" ", ""):
            raise Wrong(f"docs/breakouts.md: `{key}` is {shown}, but a new room has {have}")
