#!/usr/bin/env python3
"""Checks what is in this directory with the tools that will read it: the unit with systemd-analyze, the
Prometheus files with promtool, and every query of the board and of the alerts in a real Prometheus that
scrapes a real server. `deploy/check.py SERVER [DIRECTORY WITH prometheus AND promtool]`; `make e2e` runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent
# Queries that may be empty on a healthy server without any media, without webhooks and without other nodes.
SILENT_WHEN_WELL = (
    "sideroom_refused_total",
    "sideroom_transports_lost_total",
    "sideroom_connect_seconds",
    "sideroom_relayed_packets_total",
    "sideroom_packets_dropped_total",
    "sideroom_turn_refused_total",
    "sideroom_turn_dropped_total",
    "sideroom_webhook_",
    "sideroom_outbox_",
    "sideroom_cluster_",
)
PATIENCE_S = 60


def tool(name, directory):
    found = directory and shutil.which(name, path=directory) or shutil.which(name)
    if not found:
        sys.exit(f"{name} is missing; `deploy/dev/setup.sh deploy` fetches it")
    return found


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def check_unit(server, scratch):
    """The unit names a program that an installation has; here it is the one that was built."""
    text = (DEPLOY / "sideroom.service").read_text()
    if "/usr/local/bin/sideroom" not in text:
        sys.exit("the unit starts another program than the docs install")
    unit = scratch / "sideroom.service"
    unit.write_text(text.replace("/usr/local/bin/sideroom", str(server)))
    said = run("systemd-analyze", "verify", "--man=no", str(unit))
    if str(unit) in said or "sideroom.service:" in said:
        sys.exit(f"systemd-analyze complains:\n{said}")
    print("the unit: ok")


def check_files(promtool, scratch):
    prometheus = DEPLOY / "prometheus"
    run(promtool, "check", "config", str(prometheus / "prometheus.yaml"))
    run(promtool, "check", "rules", str(prometheus / "alerts.yaml"))
    for path in DEPLOY.glob("grafana/**/*.json"):
        json.loads(path.read_text())
    print("Prometheus' files: ok")


def queries():
    """Each with the panel or the alert that asks it."""
    board = json.loads((DEPLOY / "grafana/boards/sideroom.json").read_text())
    panels = list(board["panels"])
    for panel in panels:
        panels.extend(panel.get("panels", []))
        for target in panel.get("targets", []):
            asked = target["expr"].replace("$instance", ".*")
            for interval in ("$__rate_interval", "$__interval"):
                asked = asked.replace(interval, "10s")
            yield panel.get("title", "a panel"), asked
    for line in (DEPLOY / "prometheus/alerts.yaml").read_text().splitlines():
        if line.strip().startswith("expr:"):
            # An alert that is silent is well; the metrics it compares must exist.
            compared = line.split("expr:", 1)[1].rsplit(" > ", 1)[0].rsplit(" == ", 1)[0]
            yield "an alert", compared.strip()
    yield "the autoscaler", adapted()


def adapted():
    """What prometheus-adapter asks on behalf of the chart's autoscaler, for one server."""
    text = (DEPLOY / "helm/prometheus-adapter.yaml").read_text()
    rule = dict(line.strip().removeprefix("- ").split(": ", 1) for line in text.splitlines() if "ery: " in line)
    asked = rule["metricsQuery"].replace("<<.Series>>", rule["seriesQuery"].split("{")[0])
    return asked.replace("<<.LabelMatchers>>", 'job="sideroom"').replace("<<.GroupBy>>", "instance")


class Running:
    """A program that ends with the check."""

    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def start_server(server, scratch):
    env = dict(os.environ, SIDEROOM_STORE_PATH=str(scratch / "rooms.redb"))
    for port in ("HTTP", "GRPC", "ADMIN"):
        env[f"SIDEROOM_{port}_LISTEN"] = "127.0.0.1:0"
    env["SIDEROOM_MEDIA_FIRST_PORT"] = "0"
    running = Running(str(server), "serve", "--dev", env=env)
    said = {}
    while "store" not in said:
        line = running.process.stdout.readline()
        if not line:
            sys.exit("the server did not start")
        key, _, value = line.strip().partition(" ")
        said[key] = value.strip()
    return running, said


def call(said, method, body):
    """With a token of the development server's own."""
    request = urllib.request.Request(
        f"http://{said['http']}/dev/operator", data=b"{}", headers={"content-type": "application/json"}
    )
    token = json.load(urllib.request.urlopen(request))["token"]
    request = urllib.request.Request(
        f"http://{said['http']}/sideroom.v1.{method}",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    return json.load(urllib.request.urlopen(request))


def meet(said, turn):
    """A small meeting, so that there is something to show."""
    room = f"checked-{turn}"
    call(said, "RoomService/CreateRoom", {"room": room})
    definition = {"maxRooms": 2, "participants": "3", "media": {"audio": True}}
    call(said, "BreakoutService/CreateBreakouts", {"room": room, "definition": definition})
    token = call(
        said, "ParticipantService/CreateToken", {"room": room, "identity": "ann", "displayName": "Ann"}
    )["token"]
    offer = (DEPLOY.parent / "docs/examples/offer.sdp").read_text().replace("\r\n", "\n")
    body = {"room": room, "clientToken": token, "offer": offer.replace("\n", "\r\n")}
    ann = call(said, "ParticipantService/Join", body)["participantId"]
    speak = {"room": room, "participantId": ann, "kinds": ["TRACK_KIND_AUDIO"]}
    call(said, "ParticipantService/Publish", speak)
    moves = [{"participantId": ann, "toGroupId": "b1"}]
    call(said, "BreakoutService/MoveParticipants", {"room": room, "moves": moves})


def ask(prometheus, query):
    url = f"http://{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        answer = json.load(urllib.request.urlopen(url))
    except urllib.error.HTTPError as error:
        return f"refused: {error.read().decode()}"
    except urllib.error.URLError:
        return "not up yet"
    return "" if answer["data"]["result"] else "no answer"


def free_port():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def check_queries(server, prometheus, scratch):
    running, said = start_server(server, scratch)
    with running:
        config = (DEPLOY / "prometheus/prometheus.yaml").read_text()
        config = config.replace("127.0.0.1:7902", said["admin"])
        config = config.replace("scrape_interval: 5s", "scrape_interval: 1s")
        (scratch / "prometheus.yaml").write_text(config)
        shutil.copy(DEPLOY / "prometheus/alerts.yaml", scratch)
        address = f"127.0.0.1:{free_port()}"
        with Running(
            prometheus,
            f"--config.file={scratch}/prometheus.yaml",
            f"--storage.tsdb.path={scratch}/data",
            f"--web.listen-address={address}",
            "--log.level=error",
        ):
            left = dict.fromkeys(query for _, query in queries())
            count, deadline, turn = len(left), time.monotonic() + PATIENCE_S, 0
            while left and time.monotonic() < deadline:
                turn += 1
                meet(said, turn)
                time.sleep(1)
                left = {query: trouble for query in left if (trouble := ask(address, query))}
                refused = [trouble for trouble in left.values() if trouble.startswith("refused")]
                if refused:
                    sys.exit("\n".join(refused))
                if all(any(name in query for name in SILENT_WHEN_WELL) for query in left):
                    break
            unanswered = [
                query for query in left if not any(name in query for name in SILENT_WHEN_WELL)
            ]
            if unanswered:
                sys.exit("Prometheus has nothing to say to\n" + "\n".join(unanswered))
            print(f"the board and the alerts: {count} queries, {count - len(left)} with an answer")


def main():
    server = Path(sys.argv[1]).resolve()
    directory = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        check_unit(server, scratch)
        check_files(tool("promtool", directory), scratch)
        check_queries(server, tool("prometheus", directory), scratch)


if __name__ == "__main__":
    main()
