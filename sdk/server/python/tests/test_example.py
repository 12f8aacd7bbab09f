"""The worked example runs to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import PATIENCE_S, SECRET, Server

HERE = Path(__file__).resolve().parent


def test_the_worked_example(server: Server) -> None:
    env = dict(os.environ, SIDEROOM_URL=server.url, SIDEROOM_KEY="app", SIDEROOM_SECRET=SECRET)
    env["PYTHONPATH"] = str(HERE.parent / "src")
    command = [sys.executable, str(HERE.parent / "examples/walk.py")]
    walk = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert walk.returncode == 0 and walk.stdout.endswith("ok\n"), walk.stdout + walk.stderr
