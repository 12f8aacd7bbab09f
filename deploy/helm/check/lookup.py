"""Runs the script that finds the announced addresses, against an API server of our own over TLS."""

import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from charts import CHART
from server import certificate
from wrong import Wrong, insist

TOKEN = "the-token-of-the-pod"


def node(*addresses):
    listed = [{"type": kind, "address": address} for kind, address in addresses]
    return {"kind": "Node", "metadata": {"name": "m1"}, "status": {"addresses": listed}}


def service(*ingress):
    kept = {"kubectl.kubernetes.io/last-applied-configuration": '{"ip":"198.51.100.66"}'}
    status = {"loadBalancer": {"ingress": list(ingress)} if ingress else {}}
    return {"kind": "Service", "metadata": {"annotations": kept}, "spec": {"clusterIP": "10.0.0.9"}, "status": status}


# Environment of the script, the API's answers in order (the last one repeats), and the addresses to expect.
CASES = {
    "the machine's external addresses": (
        {"FROM": "nodeExternalIP"},
        {"nodes/m1": [node(("InternalIP", "10.0.0.5"), ("ExternalIP", "203.0.113.5"), ("ExternalIP", "203.0.113.6"))]},
        "203.0.113.5,203.0.113.6",
    ),
    "only the family that the server listens on": (
        {"FROM": "nodeExternalIP"},
        {"nodes/m1": [node(("ExternalIP", "2001:db8::5"), ("ExternalIP", "203.0.113.5"))]},
        "203.0.113.5",
    ),
    "both families": (
        {"FROM": "nodeExternalIP", "FAMILIES": "4 6"},
        {"nodes/m1": [node(("ExternalIP", "2001:db8::5"), ("ExternalIP", "203.0.113.5"))]},
        "2001:db8::5,203.0.113.5",
    ),
    "more addresses, and none twice": (
        {"FROM": "nodeExternalIP", "MORE": "198.51.100.1,203.0.113.5"},
        {"nodes/m1": [node(("ExternalIP", "203.0.113.5"))]},
        "198.51.100.1,203.0.113.5",
    ),
    "a load balancer that takes its time": (
        {"FROM": "service", "SERVICES": "sideroom-media-{ordinal}", "TIMEOUT_S": "60"},
        {"namespaces/media/services/sideroom-media-1": [service(), service({"ip": "203.0.113.9", "ipMode": "VIP"})]},
        "203.0.113.9",
    ),
    "two load balancers, one with a name": (
        {"FROM": "service", "SERVICES": "sideroom-media-{ordinal} sideroom-media-{ordinal}-tcp"},
        {
            "namespaces/media/services/sideroom-media-1": [service({"ip": "203.0.113.9"})],
            "namespaces/media/services/sideroom-media-1-tcp": [service({"hostname": "localhost"})],
        },
        "127.0.0.1,203.0.113.9",
    ),
    "a machine without external addresses": (
        {"FROM": "nodeExternalIP"}, {"nodes/m1": [node(("InternalIP", "10.0.0.5"))]}, None,
    ),
    "one of two load balancers has no address": (
        {"FROM": "service", "SERVICES": "sideroom-media-{ordinal} sideroom-media-{ordinal}-tcp"},
        {
            "namespaces/media/services/sideroom-media-1": [service({"ip": "203.0.113.9"})],
            "namespaces/media/services/sideroom-media-1-tcp": [service()],
        },
        None,
    ),
    "a token that the API refuses": ({"FROM": "nodeExternalIP", "TOKEN": "another"}, {"nodes/m1": [node(("ExternalIP", "203.0.113.5"))]}, None),
}


class Api(http.server.BaseHTTPRequestHandler):
    answers = {}
    indent = None

    def do_GET(self):
        waiting = self.answers.get(self.path.removeprefix("/api/v1/"))
        status = 401 if self.headers["authorization"] != f"Bearer {TOKEN}" else 200 if waiting else 404
        body = json.dumps((waiting.pop(0) if len(waiting) > 1 else waiting[0]) if status == 200 else {}, indent=self.indent).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check():
    shells = [shell for shell in ("sh", "busybox") if shutil.which(shell)]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        certificate(scratch)
        listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(scratch / "tls.crt", scratch / "tls.key")
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        try:
            for shell in shells:
                for name, case in CASES.items():
                    for indent in (None, 2):
                        one(shell, name, case, indent, listener.server_port, scratch)
        finally:
            listener.shutdown()
    return len(CASES) * len(shells) * 2


def one(shell, name, case, indent, port, scratch):
    asked, answers, expected = case
    Api.answers, Api.indent = {path: list(waiting) for path, waiting in answers.items()}, indent
    (scratch / "token").write_text(asked.get("TOKEN", TOKEN))
    into = scratch / "announce"
    into.unlink(missing_ok=True)
    env = {
        "PATH": os.environ["PATH"], "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(port),
        "ACCOUNT_DIR": str(scratch), "NAMESPACE": "media", "NODE": "m1", "POD": "sideroom-1", "MORE": "",
        "SERVICES": "", "FAMILIES": "4", "TIMEOUT_S": "0", "INTO": str(into), **asked,
    }
    command = [shell, *(["sh"] if shell == "busybox" else []), str(CHART / "files/announce.sh")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    told = into.read_text() if into.exists() else None
    if told != expected or (done.returncode == 0) != (expected is not None):
        raise Wrong(f"announce.sh, {name}: clients are told {told}, expected {expected}\n{done.stdout}{done.stderr}")
    insist(expected or "no address for sideroom-1" in done.stderr, f"announce.sh, {name}: it does not say what is missing")
