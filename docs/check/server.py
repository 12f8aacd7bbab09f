"""A real server for one page, on ports of its own: the page's addresses are written over with its."""

import json
import os
import queue
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from blocks import ROOT, Wrong

# Long enough for a machine that is many times slower and does other things too.
PATIENCE_S = 120
# The addresses that pages use: those of a server with default ports, and of an app's own pages.
SHOWN = {"http": 7900, "grpc": 7901, "admin": 7902, "app": 8000}
LISTENERS = ("http", "grpc", "admin")
# Where pages put the configuration of a machine, and the file that stands in for it.
SAMPLE = ("/etc/sideroom/sideroom.toml", ROOT / "deploy/sideroom.toml")


def binary() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = ROOT / target / "release/sideroom"
    if not path.exists():
        raise Wrong(f"there is no {path}; run `make build` first")
    return path


def free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in opened]
    for each in opened:
        each.close()
    return ports


class Server:
    """Started when first asked for; a page that starts one itself gets that one."""

    def __init__(self) -> None:
        self.ports = dict(zip(SHOWN, free_ports(len(SHOWN))))
        self.process: subprocess.Popen | None = None
        self.scratch = tempfile.TemporaryDirectory()
        self.said: dict[str, str] = {}
        # Connections of clients that stay in their rooms until the server ends.
        self.clients: list = []

    def own(self, text: str) -> str:
        """The text with this server's addresses in the place of the shown ones."""
        for name, port in SHOWN.items():
            for host in ("127.0.0.1", "localhost"):
                text = text.replace(f"{host}:{port}", f"127.0.0.1:{self.ports[name]}")
        text = text.replace(f"http.server {SHOWN['app']} ", f"http.server {self.ports['app']} ")
        text = text.replace(SAMPLE[0], str(SAMPLE[1]))
        return text.replace("https://sfu.example.org", self.url)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    def environment(self) -> dict[str, str]:
        listen = {f"SIDEROOM_{name.upper()}_LISTEN": f"127.0.0.1:{self.ports[name]}" for name in LISTENERS}
        return listen | {"SIDEROOM_MEDIA_FIRST_PORT": "0", "SIDEROOM_NODE_WORKERS": "1", "SIDEROOM_LOG_LEVEL": "warn"}

    def start(self, arguments: list[str], cwd: Path, environment: dict[str, str] | None = None) -> None:
        self.stop()
        env = dict(os.environ if environment is None else environment, **self.environment())
        if str(SAMPLE[1]) in arguments:
            # The unit takes the key from its environment file.
            env["SIDEROOM_AUTH_KEYS"] = f"main:{'0' * 64}"
            env["SIDEROOM_STORE_PATH"] = f"{self.scratch.name}/rooms.redb"
        self.process = subprocess.Popen(
            [binary(), *arguments], cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=self._read, args=(self.process, lines), daemon=True)
        reader.start()
        self.said = {}
        while "store" not in self.said:
            try:
                line = lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise Wrong("the server did not start in time") from None
            if not line:
                raise Wrong(f"the server did not start: {self.process.stderr.read()}")
            key, _, value = line.strip().partition(" ")
            self.said[key] = value.strip()

    @staticmethod
    def _read(process: subprocess.Popen, lines: queue.Queue) -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    def ensure(self) -> None:
        if self.process is None:
            self.start(["serve", "--dev"], ROOT)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def call(self, method: str, body: dict | str, token: str = "") -> tuple[int, dict]:
        token = token or self.get("/dev/operator?plain").strip()
        data = body if isinstance(body, str) else json.dumps(body)
        request = urllib.request.Request(
            f"{self.url}/sideroom.v1.{method}",
            data=data.encode(),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.clients.clear()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()
            self.process = None

    def close(self) -> None:
        self.stop()
        self.scratch.cleanup()
