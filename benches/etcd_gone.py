#!/usr/bin/env python3
"""Takes all of etcd away from a running cluster, and gives it back: `benches/etcd_gone.py [SECONDS]`, 420 if left out.

Three members of etcd and three nodes on this machine. Clients of sideroom-load talk in a room of the first node all
the time; callers at each node send commands and look at rooms. It prints what clients have lost, how fast commands were
refused, and when they were answered again. Needs `target/release/sideroom` and `sideroom-load`, and etcd."""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
SECRET = "0123456789abcdef0123456789abcdef"
HOST = "127.7.7.1"
SETTLE_S, AFTER_S = 8, 15


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return one.getsockname()[1]


class Cluster:
    def __init__(self, here: Path) -> None:
        self.here = here
        etcd = shutil.which("etcd", path=f"{os.environ['PATH']}:{ROOT}/.cache/etcd/usr/bin")
        if not etcd:
            sys.exit("etcd is missing: run `deploy/dev/setup.sh etcd`")
        peers = [f"http://{HOST}:{free_port()}" for _ in range(3)]
        self.urls = [f"http://{HOST}:{free_port()}" for _ in range(3)]
        members = ",".join(f"m{at}={peer}" for at, peer in enumerate(peers))
        self.members = [
            [etcd, f"--name=m{at}", f"--data-dir={here}/m{at}", f"--initial-cluster={members}", "--logger=zap",
             "--log-level=error", f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
             f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
            for at, (url, peer) in enumerate(zip(self.urls, peers))
        ]
        self.etcd: list[subprocess.Popen] = []
        self.nodes: list[subprocess.Popen] = []
        self.http: list[str] = []

    def start_etcd(self) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.etcd = [subprocess.Popen(command, **quiet) for command in self.members]

    def kill_etcd(self) -> None:
        for member in self.etcd:
            member.kill()
        for member in self.etcd:
            member.wait()

    def start_nodes(self) -> None:
        names = ["media-1", "media-2", "media-3"]
        certificates = self.here / "certificates"
        subprocess.run([BIN / "sideroom", "cluster", "init", *names, "--directory", certificates], check=True,
                       stdout=subprocess.DEVNULL)
        for name in names:
            settings = {
                "AUTH_KEYS": f"app:{SECRET}", "NODE_NAME": name, "NODE_WORKERS": "1", "LOG_LEVEL": "error",
                "HTTP_LISTEN": f"{HOST}:0", "GRPC_LISTEN": f"{HOST}:0", "ADMIN_LISTEN": f"{HOST}:0",
                "MEDIA_BIND": HOST, "MEDIA_FIRST_PORT": "0", "CLUSTER_ETCD": ",".join(self.urls),
                "CLUSTER_LISTEN": f"{HOST}:{free_port()}",
                "CLUSTER_AUTHORITY_FILE": f"{certificates}/authority.pem",
                "CLUSTER_CERTIFICATE_FILE": f"{certificates}/{name}.pem",
                "CLUSTER_KEY_FILE": f"{certificates}/{name}-key.pem",
            }
            env = {f"SIDEROOM_{key}": value for key, value in settings.items()}
            node = subprocess.Popen([BIN / "sideroom", "serve"], env=env, stdout=subprocess.PIPE, text=True)
            self.nodes.append(node)
            for line in node.stdout:
                if line.startswith("http"):
                    self.http.append(line.split()[1].removeprefix("http://").rstrip("/"))
                if line.startswith("admin"):
                    break

    def end(self) -> None:
        for process in self.nodes + self.etcd:
            if process.poll() is None:
                process.kill()
                process.wait()


def ask(http: str, token: str, method: str, body: dict) -> tuple[int, str, float]:
    """The status, the body, and how long it took. Status 0: nobody has answered."""
    request = urllib.request.Request(
        f"http://{http}/sideroom.v1.{method}", json.dumps(body).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    except OSError as error:
        status, text = 0, str(error)
    return status, text, time.monotonic() - begun


def rename(room: str, number: int) -> dict:
    return {"room": room, "requestId": f"r{number}", "breakoutId": "b1", "displayName": f"name {number}"}


def at_once(took: list[float]) -> str:
    took.sort()
    p99 = took[min(len(took) - 1, len(took) * 99 // 100)]
    return f"{len(took)}, p50 {statistics.median(took) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, most {took[-1] * 1e3:.0f} ms"


def found(value: object, key: str) -> dict | None:
    """The first object under this key, however deep."""
    if isinstance(value, dict):
        return value.get(key) or next((it for it in (found(one, key) for one in value.values()) if it), None)
    if isinstance(value, list):
        return next((it for it in (found(one, key) for one in value) if it), None)
    return None


def main() -> None:
    gone_s = float(sys.argv[1]) if len(sys.argv) > 1 else 420.0
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="sideroom-etcd-gone-")))
    try:
        run(cluster, gone_s)
    finally:
        cluster.end()
        shutil.rmtree(cluster.here, ignore_errors=True)


def run(cluster: Cluster, gone_s: float) -> None:
    cluster.start_etcd()
    cluster.start_nodes()
    env = {"SIDEROOM_AUTH_KEYS": f"app:{SECRET}"}
    token = subprocess.run([BIN / "sideroom", "token", "--api"], env=env, capture_output=True, text=True, check=True)
    token = token.stdout.strip()
    rooms = [f"room-{at}" for at in range(3)]
    for http, room in zip(cluster.http, rooms):
        for method, more in [
            ("RoomService/CreateRoom", {}),
            ("BreakoutService/CreateBreakouts",
             {"definition": {"maxRooms": 2, "participants": "4", "media": {"audio": True}}}),
        ]:
            status, text, _ = ask(http, token, method, {"room": room, "requestId": method, **more})
            assert status == 200, (method, status, text)
    length = SETTLE_S + gone_s + AFTER_S
    load = subprocess.Popen(
        [BIN / "sideroom-load", "fanout", "--publishers", "3", "--subscribers", "9", "--audio-bps", "32000",
         "--video-bps", "300000", "--url", f"http://{cluster.http[0]}", "--server-pid", str(cluster.nodes[0].pid),
         "--api-key", "app", "--api-secret", SECRET, "--warm-up", "2", "--duration", str(length), "--json",
         "--allow-invalid"],
        stdout=subprocess.PIPE, text=True,
    )
    time.sleep(SETTLE_S)

    cluster.kill_etcd()
    gone = time.monotonic()
    refused, reads, others, number = [], [], [], 0
    first_refusal = None
    while time.monotonic() - gone < gone_s:
        number += 1
        for at, http in enumerate(cluster.http):
            # Each node is asked for a room of its own, and for one of another node.
            room = rooms[(at + number) % 3]
            status, text, took = ask(http, token, "BreakoutService/UpdateBreakout", rename(room, 10 * number + at))
            if status == 503 and "StoreFailed" in text:
                first_refusal = first_refusal or time.monotonic() - gone
                refused.append(took)
            else:
                others.append((status, text[:120], round(took, 2)))
            # The room that the load is in has had no command, so it is read as before.
            status, text, took = ask(http, token, "RoomService/GetRoom", {"room": "load-fanout"})
            reads.append(took) if status == 200 else others.append((status, text[:120], round(took, 2)))
        time.sleep(1)
    print(f"etcd was gone for {time.monotonic() - gone:.0f} s")
    print(f"commands refused with StoreFailed: {at_once(refused)}; the first {first_refusal:.1f} s after etcd went")
    print(f"reads answered: {at_once(reads)}" if reads else "reads answered: none")
    print(f"other answers: {len(others)} {others[:3]}")

    cluster.start_etcd()
    back = time.monotonic()
    for at, http in enumerate(cluster.http):
        for room in rooms:
            while True:
                number += 1
                status, _, _ = ask(http, token, "BreakoutService/UpdateBreakout", rename(room, 10 * number + at))
                if status == 200:
                    break
                assert time.monotonic() - back < 60, (http, room, status)
                time.sleep(0.02)
    took = time.monotonic() - back
    print(f"every room answered at every node {took:.1f} s after etcd was started again")
    for node in cluster.nodes:
        assert node.poll() is None, "a node has ended"
    output, _ = load.communicate(timeout=length + 60)
    traffic = found(json.loads(output), "traffic") or sys.exit(f"no report of traffic: {output[:300]}")
    print(f"12 clients of sideroom-load (exit {load.returncode}), media over {traffic['seconds']:.0f} s: "
          f"{traffic['received']} of {traffic['expected']} packets received, {traffic['lost']} lost")
    wrong = [
        what
        for what, is_wrong in [
            ("sideroom-load ended with an error", load.returncode != 0),
            ("more than one packet in 10,000 was lost", traffic["lost"] * 10_000 > traffic["expected"]),
            ("more than one answer in 20 was another than StoreFailed, or no read", len(others) * 20 > len(refused)),
            ("it took more than 10 s until everything was back", took > 10),
        ]
        if is_wrong
    ]
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
