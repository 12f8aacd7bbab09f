"""Values that must be refused, with a sentence that says why; and changes that do or do not start pods anew."""

import tempfile
from pathlib import Path

from charts import CHART, objects, render
from wrong import Wrong, insist

KEY = "auth: {keys: [{id: app, secret: a-secret-of-the-checks-a-secret-of-the-checks}]}\n"
# Values beside KEY, or instead of it, and words of the error to expect.
REFUSED = (
    ("replica: 2", "additional properties 'replica' not allowed"),
    ("media: {workers: 0}", "/media/workers"),
    ("media: {firstPort: '30900'}", "/media/firstPort"),
    ("media: {firstPort: 7910}", "the ports 7910 to 7911 must lie within media.nodePortRange, 30000-32767"),
    ("media: {firstPort: 32766, workers: 4}", "the ports 32766 to 32769 must lie within"),
    ("media: {turnPort: 30901}", "media.turnPort: 30901 is a media worker's port"),
    ("media: {turnPort: 30910, tcp: false}", "clients of the relay come over TCP too"),
    ("media: {turnPort: 3478}", "media.turnPort: 3478 must lie within media.nodePortRange"),
    ("media: {firstPort: 9000, expose: podNetwork, turnPort: 7901}", "is the server's port for HTTP, gRPC or health"),
    ("config: {turn: {port: 3478}}", "use media.turnPort"),
    ("media: {firstPort: 65535, expose: podNetwork}", "must lie below 65536"),
    ("replicas: 2\nmedia: {externalTrafficPolicy: Cluster}", "each needs a machine of its own"),
    ("autoscaling: {enabled: true}\npodAntiAffinity: preferred", "each needs a machine of its own"),
    ("media: {announce: {from: list}}", "media.announce.addresses: media.announce.from is list"),
    ("media: {announce: {addresses: [media.example.org]}}", "/media/announce/addresses/0"),
    ("media: {announce: {from: service}}", "only a load balancer's Service has an address"),
    ("media: {expose: podNetwork, announce: {addresses: [192.0.2.1]}}", "set media.announce.from to list"),
    ("auth: {keys: []}", "auth.keys: the server needs at least one"),
    ("auth: {keys: [{id: app, secret: short}]}", "/auth/keys/0/secret"),
    ("auth: {keys: [{id: app}]}", 'the key "app" needs a secret'),
    ("auth: {existingSecret: keys, keys: [{id: app}]}", 'the key "app" needs secretKey'),
    ("auth: {keys: [{id: app, secretKey: app}]}", 'the key "app" needs a secret'),
    ("tls: {clientAuthority: true}", "set tls.existingSecret"),
    ("ingress: {enabled: true}", "an ingress needs a host"),
    ("ingress: {enabled: true, perPodSuffix: .x.org}\nservice: {perPod: false}", "need service.perPod"),
    ("autoscaling: {minReplicas: 9}", "it is above autoscaling.maxReplicas"),
    ("config: {media: {first_port: 7910}}", "config.media.first_port: the chart sets it; use media.firstPort"),
    ("config: {node: {drain_deadline_s: 60}}", "use drain.deadlineSeconds"),
    ("config: {auth: {keys: []}}", "config.auth.keys: the chart sets it"),
    ("config: {limits: 5}", "/config/limits"),
    ("drain: {deadlineSeconds: 5m}", "/drain/deadlineSeconds"),
    ("persistence: {size: big}", "/persistence/size"),
)


def check(tools):
    with tempfile.TemporaryDirectory() as scratch:
        values = Path(scratch) / "values.yaml"
        for text, expected in REFUSED:
            values.write_text(text + "\n" if text.startswith("auth") else KEY + text + "\n")
            try:
                render(tools, CHART, values)
            except Wrong as refused:
                insist(expected in str(refused), f"{text!r} is refused without saying {expected!r}:\n{refused}")
            else:
                raise Wrong(f"{text!r} is not refused")
        check_restarts(tools, values)
    return len(REFUSED)


def check_restarts(tools, values):
    """A change of keys is read on SIGHUP and starts no pod anew; a change of anything else does."""

    def template(text):
        values.write_text(text)
        return next(one for one in objects(render(tools, CHART, values)) if one["kind"] == "StatefulSet")["spec"]["template"]

    before = template(KEY)
    two = KEY.replace("}]}", "}, {id: other, secret: a-secret-of-the-checks-a-secret-of-the-checks}]}")
    insist(template(two) == before, "another key starts the pods anew")
    insist(template(KEY + "config: {limits: {rooms: 5}}\n") != before, "a changed limit does not start the pods anew")
    insist(template(KEY + "tls: {existingSecret: t}\n") != before, "going over to TLS does not start the pods anew")
