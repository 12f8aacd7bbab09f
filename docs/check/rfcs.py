"""Counts the RFC sections that the code cites, and refuses every other form of citing one.

usage: python3 docs/check/rfcs.py            citations by RFC
       python3 docs/check/rfcs.py --list     every section with the files that cite it

The form is `RFC 4585 section 6.2.1` (appendix A, sections 4.4 and 4.5), at the rule that it justifies.
"""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = (".rs", ".ts", ".proto", ".py")

RFC = re.compile(r"RFC (\d{3,5})(?: (?:sections?|appendix) ([0-9A-Z]+(?:\.\d+)*))?")
OTHER = [
    (re.compile(r"RFC\d"), "write `RFC 3550` with a space"),
    (re.compile(r"RFC \d{3,5}(?:, | §| s\. ?| sec\. ?)\d+(?:\.\d+)*\b(?! \d)"), "write `RFC 3550 section 6.4`"),
]


def main(argv):
    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    counts, sections, bad = collections.Counter(), collections.defaultdict(set), 0
    for name in files:
        if not name.endswith(KINDS) or name.startswith("docs/check/"):
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        # A citation may go over the end of a comment line.
        joined = re.sub(r"\n\s*(?://[/!]?|\*|#)\s?", " ", text)
        for match in RFC.finditer(joined):
            counts[match[1]] += 1
            if match[2]:
                sections[(int(match[1]), match[2].rstrip("."))].add(name)
        for pattern, rule in OTHER:
            for match in pattern.finditer(joined):
                print(f"{name}: {match[0]!r}: {rule}")
                bad += 1
    if "--list" in argv:
        for (number, section), where in sorted(sections.items()):
            print(f"RFC {number} section {section}: {', '.join(sorted(where))}")
    else:
        print(", ".join(f"RFC {number} {count}" for number, count in counts.most_common()))
    print(f"{sum(counts.values())} citations of {len(counts)} RFCs, {len(sections)} sections, {bad} in another form")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
