"""A real server for the tests: killed as by a power cut, and started again on the same port and store."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sideroom import Client

ROOT = Path(__file__).resolve().parents[4]
SECRET = "0123456789abcdef0123456789abcdef"
OFFER = (ROOT / "docs/examples/offer.sdp").read_bytes().decode()
# Long enough for a machine that is many times slower.
PATIENCE_S = 120.0


class Server:
    def __init__(self, folder: Path, **settings: str) -> None:
        self._store = folder / "rooms.redb"
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, timeout: float = PATIENCE_S) -> Client:
        return Client(self.url, key="app", secret=SECRET, timeout=timeout)

    def start(self) -> None:
        """Waits until it serves. Its port may be somebody's else for a moment: then it is tried again."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._started():
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)

    def _started(self) -> bool:
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        listen = {"HTTP": self.port, "GRPC": 0, "ADMIN": 0}
        env = {f"SIDEROOM_{name}_LISTEN": f"127.0.0.1:{port}" for name, port in listen.items()}
        env |= {"SIDEROOM_AUTH_KEYS": f"app:{SECRET}", "SIDEROOM_MEDIA_FIRST_PORT": "0", "SIDEROOM_LOG_LEVEL": "error"}
        self._process = subprocess.Popen(
            [ROOT / target / "release/sideroom", "serve", "--dev", "--workers", "1", "--store", self._store],
            env=env | self._settings,
            text=True,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, value = line.strip().partition(" ")
            if name == "http":
                self.port = int(value.rsplit(":", 1)[1])
            if name == "store":
                return True
        self.kill()
        return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that do not kill it."""
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """One that a test may kill."""
    running = Server(tmp_path)
    yield running
    running.kill()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as made:
        yield made
