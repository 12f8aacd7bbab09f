"""The medians of two sets of lines of `cargo bench --bench throughput`, and their ratios: BEFORE AFTER."""

import re
import statistics
import sys

LINE = re.compile(
    r"^(?P<what>\S.*?)\s+(?P<rate>[\d.]+)/s  p50\s+(?P<p50>[\d.]+) ms  p99\s+(?P<p99>[\d.]+) ms"
    r"  max\s+[\d.]+ ms\s+(?P<cpu>[\d.]+)/s per CPU"
)
FIGURES = {"rate": "commands/s", "cpu": "commands per CPU s", "p50": "p50 ms", "p99": "p99 ms"}


def read(path):
    """The figures of each measurement, by name."""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for match in filter(None, map(LINE.match, lines)):
            each = found.setdefault(match["what"], {name: [] for name in FIGURES})
            for name in FIGURES:
                each[name].append(float(match[name]))
    return found


def main():
    before, after = (read(path) for path in sys.argv[1:3])
    print(f"\n{'medians':<44} {'':<20} {'before':>10} {'after':>10} {'ratio':>7}")
    for what, figures in after.items():
        if what not in before or what.startswith("the disk alone"):
            continue
        for name, title in FIGURES.items():
            old, new = (statistics.median(one[name]) for one in (before[what], figures))
            ratio = f"{new / old:7.2f}" if old else "      –"
            print(f"{what:<44} {title:<20} {old:>10.2f} {new:>10.2f} {ratio}")


if __name__ == "__main__":
    main()
