"""A fault that the check reports, and how every part of it runs programs."""

import subprocess


class Wrong(Exception):
    """The chart is wrong; the text says where and how."""


def run(*command, **more):
    """Its output; a failure is the chart's fault."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise Wrong(f"{' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def insist(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)
