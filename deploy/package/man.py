#!/usr/bin/env python3
"""Writes the manual page from the program's own help: `man.py BINARY INTO`."""

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

NAME = "sideroom \\- media server with breakout rooms"
FILES = (
    ("/etc/sideroom/sideroom.toml", "The configuration. Every key stands there with its default."),
    ("/etc/sideroom/secrets", "Secrets, one to a file; systemd hands the server a copy."),
    ("/var/lib/sideroom/rooms.redb", "Rooms, and the journal of what happened in them."),
)


def help_of(binary, *command):
    done = subprocess.run([binary, *command, "--help"], check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    return done.stdout


def commands(text):
    """The names below `Commands:`."""
    part = re.search(r"^Commands:\n((?: +\S.*\n)+)", text, re.M)
    names = re.findall(r"^  (\S+)", part[1], re.M) if part else []
    return [name for name in names if name != "help"]


def escaped(text):
    plain = text.rstrip().replace("\\", "\\e").replace("-", "\\-")
    lines = re.sub(r"[^\x00-\x7f]", lambda character: f"\\[u{ord(character[0]):04X}]", plain).splitlines()
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def verbatim(text):
    return f".nf\n{escaped(text)}\n.fi\n"


def subcommands(binary, path):
    text = help_of(binary, *path)
    about, _, rest = text.partition("\n\n")
    page = f".SS sideroom {escaped(' '.join(path))}\n{escaped(about)}\n.PP\n{verbatim(rest)}"
    return page + "".join(subcommands(binary, (*path, name)) for name in commands(text))


def page(binary):
    version = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    day = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%d")
    text = help_of(binary)
    about, _, rest = text.partition("\n\n")
    made = f'.TH SIDEROOM 1 "{day}" "sideroom {version}" "User Commands"\n.SH NAME\n{NAME}\n.SH SYNOPSIS\n.B sideroom\n.I command\n[options]\n'
    made += f".SH DESCRIPTION\n{escaped(about)}\n.PP\n{verbatim(rest)}.SH COMMANDS\n"
    made += "".join(subcommands(binary, (name,)) for name in commands(text))
    made += ".SH FILES\n" + "".join(f".TP\n.I {escaped(path)}\n{escaped(is_for)}\n" for path, is_for in FILES)
    made += ".SH ENVIRONMENT\nEach key \\fIsection.key\\fR of the configuration is the variable \\fBSIDEROOM_SECTION_KEY\\fR.\n"
    made += ".SH SIGNALS\nSIGTERM drains: nothing new is taken, meetings end or are ended at the deadline. SIGHUP reads keys and certificates again.\n"
    return made


def main():
    Path(sys.argv[2]).write_text(page(sys.argv[1]))


if __name__ == "__main__":
    main()
