#!/usr/bin/env python3
"""Checks what build.sh made: `check.py DIRECTORY [--static] [--again BINARY]`, with a Python that has
deploy/dev/requirements-deploy.txt. As root, with overlay file systems: the Debian package is installed, upgraded,
removed and purged in a copy of this machine that is thrown away.

`--static` insists on a binary that needs no library; `--again` packs BINARY a second time, under another directory,
umask, time zone and clock, and compares."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
IN_TARBALL = {
    "sideroom", "sideroom.toml", "sideroom.service", "60-sideroom.conf", "operating.md", "sideroom.1", "CHANGELOG.md",
    "LICENSE-APACHE", "LICENSE-MIT",
}


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def insist(holds, otherwise):
    if not holds:
        sys.exit(otherwise)


def sums(directory):
    files = sorted(path for path in directory.iterdir() if path.name != "SHA256SUMS")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check_sums(directory):
    said = dict(reversed(line.split()) for line in (directory / "SHA256SUMS").read_text().splitlines())
    insist(said == sums(directory), "SHA256SUMS is not what is there")
    insist(len(said) == 3, f"there are {len(said)} files instead of a tarball, a package and a bill")
    print("checksums: ok")


def check_bill(directory):
    text = (directory / f"sideroom-{VERSION}.cdx.json").read_text()
    trouble = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    # The rest of the error repeats schema and bill.
    said = str(trouble).partition("\n")[0]
    insist(trouble is None, f"the bill of materials is not CycloneDX 1.6: {said}")
    bill = json.loads(text)
    named = {(one["name"], one["version"]) for one in bill["components"]}
    insist(("tokio", next(version for name, version in named if name == "tokio")) in named, "tokio is missing")
    locked = {(one["name"], one["version"]) for one in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    insist(named <= locked, f"the bill names crates that are not locked: {sorted(named - locked)[:3]}")
    references = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    linked = {one["ref"] for one in bill["dependencies"]}
    linked |= {needed for one in bill["dependencies"] for needed in one["dependsOn"]}
    insist(linked == references, "the graph of dependencies is of other crates than the list")
    for one in bill["components"]:
        ours = one["name"].startswith("sideroom")
        insist(ours or one.get("hashes"), f"{one['name']} has no checksum")
        insist(one.get("licenses"), f"{one['name']} has no licence")
    print(f"bill of materials: {len(named)} crates")


def check_tarball(directory, static, scratch):
    path = directory / f"sideroom-{VERSION}-x86_64-linux.tar.gz"
    with tarfile.open(path) as tar:
        names = {Path(one.name).name for one in tar if one.isfile()}
        tar.extractall(scratch, filter="data")
    insist(names == IN_TARBALL, f"the tarball has {sorted(names ^ IN_TARBALL)} too much or too little")
    binary = scratch / path.name.removesuffix(".tar.gz") / "sideroom"
    insist(run(binary, "--version").split() == ["sideroom", VERSION], "the binary is of another version")
    if static:
        header = run("readelf", "--program-headers", "--dynamic", "--wide", binary)
        insist("NEEDED" not in header and "INTERP" not in header, "the binary needs libraries")
    check_names(binary, static)
    page = binary.with_name("sideroom.1")
    said = run("groff", "-man", "-ww", "-z", "-Tutf8", page)
    insist(not said, f"groff complains of the manual page:\n{said}")
    for command in ("serve", "check-config", "token", "journal verify", "top"):
        insist(f".SS sideroom {command}".replace("-", "\\-") in page.read_text(), f"the manual page does not have {command}")
    print("tarball: ok")


def check_names(binary, static):
    """No path of the machine that built it, if build.sh did."""
    home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    data = binary.read_bytes()
    insist(not static or not (str(ROOT).encode() in data or home.encode() in data), "the binary names directories of this machine")


# Runs in the copy of this machine. The package that is upgraded to differs by its version only.
STORY = r"""
set -eu
# The machine below goes on meanwhile: only what names us is ours.
list() { find /etc /lib /opt /srv /usr /var -xdev | sort; }
say() { echo "sideroom.deb: $*" >&2; exit 1; }
dpkg --purge sideroom >/dev/null 2>&1 || true
list >/tmp/before
dpkg -i "$1" || say "it is not installed"
[ "$(sideroom --version)" = "sideroom $3" ] || say "another version is installed"
dpkg --verify sideroom || say "files differ from their checksums"
[ "$(stat -c '%a %U' /etc/sideroom/secrets)" = "700 root" ] || say "others may read the secrets"
[ "$(stat -c '%a %s' /etc/sideroom/secrets/app)" = "600 64" ] || say "the first secret is not made"
mkdir -p /run/credentials/sideroom.service
cp /etc/sideroom/secrets/app /run/credentials/sideroom.service/secrets_app
sideroom check-config --config /etc/sideroom/sideroom.toml --quiet || say "the server refuses its configuration"
systemd-analyze verify --man=no sideroom.service 2>&1 | grep sideroom && say "systemd-analyze complains"
[ -L /etc/systemd/system/multi-user.target.wants/sideroom.service ] || say "the service does not start with the machine"
man -w sideroom >/dev/null || say "there is no manual page"
secret=$(cat /etc/sideroom/secrets/app)
echo '# of the operator' >>/etc/sideroom/sideroom.toml
dpkg -i --force-confold "$2" || say "it is not upgraded"
[ "$(cat /etc/sideroom/secrets/app)" = "$secret" ] || say "an upgrade changes the secret"
tail -1 /etc/sideroom/sideroom.toml | grep -q operator || say "an upgrade overwrites the configuration"
mkdir -p /var/lib/private/sideroom && echo rooms >/var/lib/private/sideroom/rooms.redb
dpkg -r sideroom || say "it is not removed"
[ -e /var/lib/private/sideroom/rooms.redb ] && [ -e /etc/sideroom/sideroom.toml ] || say "removing loses rooms or configuration"
[ ! -e /usr/bin/sideroom ] || say "removing leaves the program"
dpkg -P sideroom || say "it is not purged"
list >/tmp/after
left=$(diff /tmp/before /tmp/after | grep '^>.*sideroom' || true)
[ -z "$left" ] || say "a purge leaves something: $left"
"""


def check_package(directory, scratch):
    insist(os.geteuid() == 0, "the Debian package is tried in an overlay of this machine, which needs root")
    package = directory / f"sideroom_{VERSION}_amd64.deb"
    newer = upgraded(package, scratch)
    base, root = scratch / "base", scratch / "root"
    base.mkdir()
    root.mkdir()
    # A file system of its own: an overlay cannot lie on another one.
    script = f"""
set -eu
mount -t tmpfs tmpfs {base}
mkdir {base}/upper {base}/work
mount -t overlay overlay -o lowerdir=/,upperdir={base}/upper,workdir={base}/work {root}
mount -t proc proc {root}/proc
mount --bind /dev {root}/dev
mount -t tmpfs tmpfs {root}/run
mount -t tmpfs tmpfs {root}/tmp
chmod 1777 {root}/tmp
cp {package} {root}/tmp/one.deb
cp {newer} {root}/tmp/two.deb
cp {scratch}/story {root}/tmp/story
chroot {root} /bin/sh /tmp/story /tmp/one.deb /tmp/two.deb {VERSION}
"""
    (scratch / "story").write_text(STORY)
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    run("unshare", "--mount", "--pid", "--fork", "sh", "-c", script, env=env)
    print("Debian package: installed, upgraded, removed, purged")


def upgraded(package, scratch):
    """The same package as the version after it."""
    tree = scratch / "newer"
    run("dpkg-deb", "--raw-extract", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}", f"Version: {VERSION}+1"))
    # A changed default, so that dpkg has to decide between it and the operator's file.
    with (tree / "etc/sideroom/sideroom.toml").open("a") as config:
        config.write("# of the next version\n")
    newer = scratch / "newer.deb"
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, newer)
    return newer


def check_again(directory, binary, scratch):
    """Packs a second time in a copy of the repository, as another machine would."""
    copy = scratch / "another directory"
    copy.mkdir()
    files = run("git", "-C", ROOT, "ls-files", "-z", "deploy", "docs/operating.md", "CHANGELOG.md", "LICENSE-*", "Cargo.*", "crates", "benches")
    for name in filter(None, files.split("\0")):
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target, follow_symlinks=True)
    epoch = run("git", "-C", ROOT, "log", "-1", "--format=%ct").strip()
    env = {**os.environ, "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": epoch}
    script = f"umask 077; exec '{copy}/deploy/package/build.sh' '{Path(binary).resolve()}' '{copy}/target/again'"
    run("bash", "-c", script, env=env)
    first, second = sums(directory), sums(copy / "target/again")
    differ = [name for name in first if first[name] != second.get(name)]
    insist(first == second, f"packed twice, these differ: {', '.join(differ)}")
    print("packed twice: the same")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--again")
    asked = parser.parse_args()
    directory = asked.directory.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        check_sums(directory)
        check_bill(directory)
        check_tarball(directory, asked.static, scratch)
        check_package(directory, scratch)
        if asked.again:
            check_again(directory, asked.again, scratch)


if __name__ == "__main__":
    main()
