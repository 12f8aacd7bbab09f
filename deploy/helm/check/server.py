"""The server reads the configuration that the chart renders, starts with it, and answers where the probes ask."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from wrong import insist, run

SECRET = "a-secret-of-the-checks-a-secret-of-the-checks"
PLACES = ("/etc/sideroom", "/run/sideroom", "/var/lib/sideroom")
ANNOUNCED = "192.0.2.7,192.0.2.8"


def environment(rendered):
    """The container's variables, as the kubelet sets them."""
    found = {}
    for one in rendered.server.get("env", []):
        value = one.get("value")
        if value is None:
            value = {"metadata.name": "sideroom-0", "status.hostIP": "192.0.2.1"}[one["valueFrom"]["fieldRef"]["fieldPath"]]
        found[one["name"]] = re.sub(r"\$\((\w+)\)", lambda name: found[name[1]], value)
    return found


def lay_out(rendered, root):
    """The container's files below `root`; gives a function that moves paths there."""

    def moved(text):
        for place in PLACES:
            text = text.replace(place, f"{root}{place}")
        return text

    for place in (*PLACES, "/etc/sideroom/config", "/etc/sideroom/secrets", "/etc/sideroom/tls"):
        Path(f"{root}{place}").mkdir(parents=True, exist_ok=True)
    config = Path(f"{root}/etc/sideroom/config/sideroom.toml")
    config.write_text(moved(rendered.config_text))
    for key in rendered.config["auth"]["keys"]:
        Path(f"{root}{key['secret_file']}").write_text(SECRET)
    if "tls" in rendered.config:
        certificate(Path(f"{root}/etc/sideroom/tls"))
    Path(f"{root}/run/sideroom/announce").write_text(ANNOUNCED)
    return config, moved


def certificate(folder):
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    files = ("-keyout", folder / "tls.key", "-out", folder / "tls.crt")
    run("openssl", "req", "-x509", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", *made, *files)
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())


def check_config(server, rendered):
    with tempfile.TemporaryDirectory() as root:
        config, _ = lay_out(rendered, root)
        command = (server, "check-config", "--config", config)
        run(*command, env={**plain(), **environment(rendered)})


def plain():
    """Our environment without settings of a server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIDEROOM_")}


def check_start(server, rendered):
    """Runs the container's command, asks what the probes ask, and ends it as the kubelet does."""
    with tempfile.TemporaryDirectory() as root:
        config, moved = lay_out(rendered, root)
        # Any free ports, on this machine only; the numbers are checked elsewhere.
        text = re.sub(r'"(0\.0\.0\.0|\[::\]):790\d"', '"127.0.0.1:0"', config.read_text())
        text = re.sub(r'bind = "[^"]*"', 'bind = "127.0.0.1"', text)
        config.write_text(re.sub(r"first_port = \d+", "first_port = 0", text))
        container = rendered.server
        command = [moved(part) for part in container.get("command", [str(server)]) + container.get("args", [])]
        env = {**plain(), **environment(rendered), "PATH": f"{server.parent}:{os.environ['PATH']}"}
        pipes = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, env=env, start_new_session=True, **pipes)
        try:
            said = wait_until_it_runs(process)
            for kind in ("startup", "readiness", "liveness"):
                path = container[f"{kind}Probe"]["httpGet"]["path"]
                insist(answers(said["admin"], path) == 200, f"the {kind} probe fails: {path}")
            process.send_signal(signal.SIGTERM)
            insist(process.wait(60) == 0, "the server does not end on SIGTERM")
        finally:
            # A shell that does not give its place to the server leaves it behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_runs(process):
    said = {}
    for line in process.stdout:
        key, _, value = line.strip().partition(" ")
        said[key] = value.strip()
        if key == "store":
            return said
    insist(False, "the server does not start with the chart's configuration")


def answers(admin, path):
    try:
        return urllib.request.urlopen(f"http://{admin}{path}", timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
