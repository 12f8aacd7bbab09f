"""Rules that no schema can state: rendered objects fit each other and the server."""

import tomllib

from charts import CHART
from wrong import Wrong, insist

# The server's tests hold this table against what it exports.
METRICS = (CHART.parents[2] / "docs/operating.md").read_text()
# Services that go on while a node drains: meetings do.
WHILE_DRAINING = ("pods", "pod", "media")


class Rendered:
    """The objects of one release."""

    def __init__(self, objects):
        self.objects = [one for one in objects if "helm.sh/hook" not in one["metadata"].get("annotations", {})]
        self.everything = objects
        self.set = self.one("StatefulSet")
        self.template = self.set["spec"]["template"]
        self.pod = self.template["spec"]
        self.server = next(one for one in self.pod["containers"] if one["name"] == "sideroom")
        self.config_text = self.one("ConfigMap")["data"]["sideroom.toml"]
        self.config = tomllib.loads(self.config_text)

    def all(self, kind):
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind):
        found = self.all(kind)
        insist(len(found) == 1, f"there are {len(found)} objects of kind {kind}")
        return found[0]

    def services(self, *components):
        label = "app.kubernetes.io/component"
        return [one for one in self.all("Service") if one["metadata"]["labels"].get(label) in components]

    def selects_pods(self, selector):
        """A selector finds the pods, all or one of them."""
        labels = dict(self.template["metadata"]["labels"])
        name = selector.get("statefulset.kubernetes.io/pod-name")
        if name:
            stem, _, ordinal = name.rpartition("-")
            if stem == self.set["metadata"]["name"] and ordinal.isdigit():
                labels["statefulset.kubernetes.io/pod-name"] = name
        return selector.items() <= labels.items()


def check_no_nulls(rendered):
    def walk(part, path):
        insist(part is not None, f"{path} is null")
        for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
            walk(value, f"{path}.{key}")

    for one in rendered.everything:
        walk(one, f"{one['kind']} {one['metadata']['name']}")


def check_pod(rendered):
    pod = rendered.pod
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        insist(not pod.get(key), f"the pod has {key}")
    # SIDEROOM_…_SERVICE_HOST would be settings that the server does not know.
    insist(pod.get("enableServiceLinks") is False, "the pod has variables for services")
    insist(pod["securityContext"].get("runAsNonRoot"), "the pod may run as root")
    for container in pod["containers"] + pod.get("initContainers", []):
        context = container["securityContext"]
        insist(context["capabilities"]["drop"] == ["ALL"], f"{container['name']} keeps capabilities")
        insist(context["readOnlyRootFilesystem"], f"{container['name']} may write its image")
        insist(not any("hostPort" in port for port in container.get("ports", [])), f"{container['name']} has a host port")
    looks_up = bool(pod.get("initContainers"))
    insist(pod["automountServiceAccountToken"] == looks_up, "the pod has a token that it does not use, or none that it needs")
    volumes = {one["name"] for one in pod["volumes"]}
    volumes |= {one["metadata"]["name"] for one in rendered.set["spec"].get("volumeClaimTemplates", [])}
    for container in pod["containers"] + pod.get("initContainers", []):
        for mount in container["volumeMounts"]:
            insist(mount["name"] in volumes, f"{container['name']} mounts {mount['name']}, which is no volume")


def check_services(rendered):
    ports = {port["name"]: port for port in rendered.server["ports"]}
    numbers = {port["containerPort"] for port in rendered.server["ports"]}
    names = [one["metadata"]["name"] for one in rendered.all("Service")]
    insist(len(names) == len(set(names)), f"Services share a name: {names}")
    insist(rendered.set["spec"]["serviceName"] in names, "the StatefulSet's serviceName is no Service")
    for service in rendered.all("Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        insist(rendered.selects_pods(spec["selector"]), f"Service {name} selects no pod")
        for port in spec["ports"]:
            target = port["targetPort"]
            insist(target in ports or target in numbers, f"Service {name}: the pod has no port {target}")
    for service in rendered.services(*WHILE_DRAINING):
        name = service["metadata"]["name"]
        insist(service["spec"].get("publishNotReadyAddresses"), f"Service {name} cuts off nodes that drain")
    for service in rendered.services("api"):
        insist(not service["spec"].get("publishNotReadyAddresses"), "new rooms are sent to nodes that drain")


def check_media(rendered):
    """Clients are told a worker's own port, so it is the same all the way."""
    media, workers = rendered.config["media"], rendered.config["node"]["workers"]
    protocols = ("UDP", "TCP") if media["tcp"] else ("UDP",)
    wanted = {(kind, media["first_port"] + worker) for kind in protocols for worker in range(workers)}
    relay = rendered.config["turn"]["port"]
    wanted |= {(kind, relay) for kind in ("UDP", "TCP") if relay}
    opened = {
        (port["protocol"], port["containerPort"])
        for port in rendered.server["ports"]
        if port["name"] not in ("http", "grpc", "admin")
    }
    insist(opened == wanted, f"the pod opens {sorted(opened)} for media, the server {sorted(wanted)}")
    for service in rendered.services("media"):
        spec, name = service["spec"], service["metadata"]["name"]
        insist(spec["externalTrafficPolicy"] == "Local", f"Service {name} hides the addresses of clients")
        for port in spec["ports"]:
            same = {port["port"], port["targetPort"], port.get("nodePort", port["port"])}
            insist(len(same) == 1, f"Service {name} changes the port number: {port}")
    by_pod = {}
    for service in rendered.services("media"):
        pod = service["spec"]["selector"].get("statefulset.kubernetes.io/pod-name", "every pod")
        by_pod.setdefault(pod, []).extend((port["protocol"], port["port"]) for port in service["spec"]["ports"])
    for pod, offered in by_pod.items():
        # Not every cluster can balance TCP beside UDP.
        complete = set(offered) in (wanted, {one for one in wanted if one[0] == "UDP"})
        insist(complete and len(offered) == len(set(offered)), f"media Services of {pod} offer {sorted(offered)}")
    if "every pod" in by_pod:
        rules = rendered.pod.get("affinity", {}).get("podAntiAffinity", {})
        apart = rules.get("requiredDuringSchedulingIgnoredDuringExecution")
        insist(apart, "two pods of one machine would share its node ports")
        term = apart[0]
        insist(rendered.selects_pods(term["labelSelector"]["matchLabels"]), "pods do not keep apart from each other")


def check_announce(rendered):
    """Clients are told an address from outside of the pod, unless they reach pods."""
    env = {one["name"]: one for one in rendered.server.get("env", [])}
    told = "SIDEROOM_MEDIA_ANNOUNCE" in env or "SIDEROOM_MEDIA_ANNOUNCE" in " ".join(rendered.server.get("command", []))
    insist(told or not rendered.services("media"), "clients are told the pod's address, which only the cluster knows")
    if "NODE_IP" in env:
        order = list(env)
        insist(order.index("NODE_IP") < order.index("SIDEROOM_MEDIA_ANNOUNCE"), "NODE_IP is used before it is set")
    for init in rendered.pod.get("initContainers", []):
        wanted = {one["name"]: one for one in init["env"]}
        if wanted["FROM"]["value"] == "service":
            balancers = {one["metadata"]["name"] for one in rendered.services("media")}
            asked = wanted["SERVICES"]["value"].replace("{ordinal}", "0").split()
            insist(balancers >= set(asked), f"the pod asks for {asked}, which are no Services")
            insist(rendered.one("Role")["rules"][0]["resourceNames"] == [one["metadata"]["name"] for one in rendered.services("media")], "the Role is not for the load balancers")


def check_probes(rendered):
    admin = next(port["containerPort"] for port in rendered.server["ports"] if port["name"] == "admin")
    insist(rendered.config["admin"]["listen"].endswith(f":{admin}"), "the server listens on another port for health")
    for kind, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
        probe = rendered.server[f"{kind}Probe"]["httpGet"]
        insist(probe == {"path": path, "port": "admin"}, f"the {kind} probe asks {probe}")


def check_drain(rendered):
    grace, deadline = rendered.pod["terminationGracePeriodSeconds"], rendered.config["node"]["drain_deadline_s"]
    hook = rendered.server.get("lifecycle", {}).get("preStop", {})
    insist(set(hook) <= {"sleep"}, "preStop does more than wait: a signal of its own makes SIGTERM the second, which ends meetings")
    before = hook.get("sleep", {}).get("seconds", 0)
    insist(grace >= before + deadline + 5, f"the pod is killed after {grace} s, while the drain may take {before} + {deadline} s")


def check_secrets(rendered):
    mounts = {one["mountPath"]: one["name"] for one in rendered.server["volumeMounts"]}
    insist("/etc/sideroom/secrets" in mounts, "the secrets are not mounted")
    made = {key for one in rendered.all("Secret") for key in one["stringData"]}
    for key in rendered.config["auth"]["keys"]:
        insist("secret" not in key, "a secret is in the ConfigMap")
        folder, _, entry = key["secret_file"].rpartition("/")
        insist(folder in mounts, f"{key['secret_file']} is on no volume")
        insist(not made or entry in made, f"the Secret has no {entry}")
    for key, path in rendered.config.get("tls", {}).items():
        insist(path.rpartition("/")[0] in mounts, f"tls.{key} is on no volume")


def check_scaling(rendered):
    for budget in rendered.all("PodDisruptionBudget"):
        insist(rendered.selects_pods(budget["spec"]["selector"]["matchLabels"]), "the PodDisruptionBudget selects no pod")
    scalers = rendered.all("HorizontalPodAutoscaler")
    insist(bool(scalers) != ("replicas" in rendered.set["spec"]), "both or neither of the autoscaler and the StatefulSet set replicas")
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        insist((target["kind"], target["name"]) == ("StatefulSet", rendered.set["metadata"]["name"]), "the autoscaler has another target")
        metric = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
        insist(f"| `{metric}` | gauge |" in METRICS, f"the server has no metric {metric}")
        most, pods = scaler["spec"]["maxReplicas"], rendered.services("pod")
        insist(len(pods) in (0, most), f"{len(pods)} Services for at most {most} pods")


def check_network(rendered):
    first, workers = rendered.config["media"]["first_port"], rendered.config["node"]["workers"]
    for policy in rendered.all("NetworkPolicy"):
        spec = policy["spec"]
        insist(rendered.selects_pods(spec["podSelector"]["matchLabels"]), "the NetworkPolicy selects no pod")
        media = {
            port["protocol"]: (port["port"], port["endPort"])
            for rule in spec["ingress"] if "from" not in rule
            for port in rule["ports"] if "endPort" in port
        }
        wanted = dict.fromkeys(("UDP", "TCP") if rendered.config["media"]["tcp"] else ("UDP",), (first, first + workers - 1))
        insist(media == wanted, f"the NetworkPolicy lets in media at {media}")
        open_to_all = [port.get("port") for rule in spec["ingress"] if "from" not in rule for port in rule["ports"]]
        relay = rendered.config["turn"]["port"]
        insist(not relay or open_to_all.count(relay) == 2, "the NetworkPolicy keeps clients from the relay")
        admin = [rule for rule in spec["ingress"] if {"port": "admin"} in rule["ports"]]
        insist(admin and all(rule.get("from") for rule in admin), "health and metrics are open to everybody")


def check_monitors(rendered):
    for monitor in rendered.all("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        found = [one for one in rendered.all("Service") if wanted.items() <= one["metadata"]["labels"].items()]
        insist(len(found) == 1, f"the ServiceMonitor selects {len(found)} Services")
        ports = {port["name"] for port in found[0]["spec"]["ports"]}
        asked = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
        insist(asked <= ports, f"the ServiceMonitor reads {asked}, and the Service has {ports}")


def check_ingress(rendered):
    services = {one["metadata"]["name"]: one for one in rendered.all("Service")}
    for ingress in rendered.all("Ingress"):
        for rule in ingress["spec"]["rules"]:
            backend = rule["http"]["paths"][0]["backend"]["service"]
            insist(backend["name"] in services, f"{rule['host']} leads to {backend['name']}, which is no Service")
            names = {port["name"] for port in services[backend["name"]]["spec"]["ports"]}
            insist(backend["port"]["name"] in names, f"{rule['host']} leads to a port that is not there")


CHECKS = (check_no_nulls, check_pod, check_services, check_media, check_announce, check_probes, check_drain)
CHECKS += (check_secrets, check_scaling, check_network, check_monitors, check_ingress)


def check(objects):
    rendered = Rendered(objects)
    for one in CHECKS:
        try:
            one(rendered)
        except KeyError as missing:
            raise Wrong(f"{one.__name__}: there is no {missing}") from missing
    return rendered
