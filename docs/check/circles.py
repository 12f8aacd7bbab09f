"""Finds modules of a crate that import each other in a loop, over `use` lines and paths in the code.

usage: python3 docs/check/circles.py            every circle
       python3 docs/check/circles.py --list     the imports of each circle too
       python3 docs/check/circles.py --strict   exit code 1 if a circle has no explanation, or the reverse

A module is a file. Tests are left out, and so are names that a parent only re-exports from its own
children. A circle that has to stay is listed in EXPLAINED with its reason; it may grow by further modules.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The modules of a circle, as printed, and why it stays.
IMPLS = "one struct with its methods in several files, each a part of its work"
EXPLAINED: dict[str, str] = {
    "benches: load::receive, load::swarm": IMPLS,
    "control: old::events_and_answers, old::state": "types of one frozen layout, in the files that its day had",
    "control: audience, ceiling, command_run, event, person, state": "an audience is judged by the state, and the state keeps events",
    "room: connection, request": "a request names the connection that it makes",
    "room: cycle, load, machine, reaction": IMPLS,
    "server: app, front, serve": "`serve` starts the parts, which take their configuration from it",
    "server: config::read, config::validate": "reading ends with validation, whose complaints are an error of reading",
    "server: media::bandwidth, media::egress, media::handshakes, media::peers, media::worker": IMPLS,
    "server: rooms::delivery, rooms::directory, rooms::messages": "an undelivered answer is a request to the room again",
    "server: rooms::task, rooms::watching": IMPLS,
    "sim: cluster::callers, cluster::host, cluster::oracles, cluster::world": "the world keeps its parts, which take its events",
    "sim: faults::act, faults::world": IMPLS,
    "sim: plane, transport": "transports are named by the plane that holds them",
}

USE = re.compile(r"^\s*(?P<pub>pub(?:\([^)]*\))?\s+)?use\s+(?P<tree>[^;]+);", re.M)
PATH = re.compile(r"\b(?:crate|super)(?:::[a-z_][a-z0-9_]*)*(?:::[A-Za-z_][A-Za-z0-9_]*)")


def modules(source):
    """The modules below a source folder: path of names -> file."""
    found = {}
    for file in sorted(source.rglob("*.rs")):
        names = list(file.relative_to(source).with_suffix("").parts)
        if names[0] in ("bin", "main"):
            continue
        if names[-1] in ("mod", "lib"):
            names.pop()
        found[tuple(names)] = file
    return found


def without_tests(text):
    """The code of a file before its test module, without comments."""
    text = re.split(r"^#\[cfg\(test\)\]\s*\nmod tests", text, maxsplit=1, flags=re.M)[0]
    return re.sub(r"//[^\n]*", "", text)


def expand(tree):
    """The paths of a use tree: `a::{b, c::d}` -> a::b, a::c::d."""
    tree = re.sub(r"\s+", " ", tree).strip()
    opened = tree.find("{")
    if opened < 0:
        return [tree.split(" as ")[0].strip()]
    head, body, depth, part, paths = tree[:opened], tree[opened + 1 : tree.rindex("}")], 0, "", []
    for char in body + ",":
        if char == "," and depth == 0:
            if part.strip():
                paths += [head + path for path in expand(part)]
            part = ""
            continue
        depth += (char == "{") - (char == "}")
        part += char
    return paths


def resolve(path, here, known):
    """The module that a path of `here` leads to; None if it leads out of the crate."""
    names = path.split("::")
    at = list(here)
    if names[0] == "crate":
        at, names = [], names[1:]
    elif names[0] in ("self", "super"):
        while names and names[0] in ("self", "super"):
            if names.pop(0) == "super":
                at = at[:-1]
    elif tuple(at + names[:1]) not in known:
        return None
    for name in names:
        if tuple(at + [name]) not in known:
            break
        at.append(name)
    return tuple(at) if tuple(at) in known else None


def imports(known):
    """Module -> modules whose names it uses, each with an example."""
    edges = {}
    origin = {}
    # Names that a parent takes from its children, so that `parent::Name` counts as the child's.
    for here, file in known.items():
        code = without_tests(file.read_text(encoding="utf-8"))
        for match in USE.finditer(code):
            for path in expand(match["tree"]):
                to = resolve(path, here, known)
                if to and to != here:
                    origin[(here, path.split("::")[-1])] = to
    for here, file in known.items():
        code = without_tests(file.read_text(encoding="utf-8"))
        paths = [(path, match["pub"]) for match in USE.finditer(code) for path in expand(match["tree"])]
        body = USE.sub("", code)
        paths += [(path, None) for path in PATH.findall(body)]
        for path, public in paths:
            to = resolve(path, here, known)
            name = path.split("::")[-1]
            seen = set()
            while to is not None and (to, name) in origin and (to, name) not in seen:
                seen.add((to, name))
                to = origin[(to, name)]
            is_reexport = public and to is not None and to[: len(here)] == here
            if to is None or to == here or is_reexport:
                continue
            edges.setdefault(here, {}).setdefault(to, path)
    return edges


def circles(edges):
    """The strongly connected components of more than one module."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        work = [(node, iter(edges.get(node, {})))]
        index[node] = low[node] = len(index)
        stack.append(node)
        while work:
            at, rest = work[-1]
            for to in rest:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    work.append((to, iter(edges.get(to, {}))))
                    break
                if to in stack:
                    low[at] = min(low[at], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == index[at]:
                    group = set()
                    while True:
                        one = stack.pop()
                        group.add(one)
                        if one == at:
                            break
                    if len(group) > 1:
                        found.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def covers(entry, crate, names):
    """True if an entry of EXPLAINED is about this circle."""
    its_crate, modules = entry.split(": ")
    return its_crate == crate and set(modules.split(", ")) <= set(names)


def main(argv):
    bad, seen, met = 0, set(), set()
    for source in sorted(ROOT.glob("crates/*/src")) + [ROOT / "benches/src"]:
        known = modules(source)
        edges = imports(known)
        for group in circles(edges):
            crate = source.parent.name
            names = ["::".join(module) or "lib" for module in group]
            title = f"{crate}: {', '.join(names)}"
            entry = next((entry for entry in EXPLAINED if covers(entry, crate, names)), None)
            seen.add(title)
            met.add(entry)
            reason = EXPLAINED.get(entry)
            bad += reason is None
            print(title + (f"\n    stays: {reason}" if reason else ""))
            if "--list" in argv:
                for here in group:
                    for to, path in sorted(edges.get(here, {}).items()):
                        if to in group:
                            print(f"    {'::'.join(here) or 'lib'} -> {'::'.join(to) or 'lib'}  ({path})")
    for title in EXPLAINED.keys() - met:
        print(f"explained, but not there any more: {title}")
        bad += 1
    print(f"{len(seen)} circles, {bad} to look at")
    return 1 if bad and "--strict" in argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
