"""Breaks a copy of the chart, one fault at a time, and sees each found: a check that cannot fail holds nothing."""

import shutil
import tempfile
from pathlib import Path

from charts import CHART, conforms, lint, objects, render
from manifests import check as check_manifests
from schemas import VERSIONS
from server import check_config, check_start
from wrong import Wrong, insist

# File, text, replacement, values file, and words of the error to expect.
BREAKAGES = (
    ("Chart.yaml", "version: 0.1.0", "version: one", "minimal", "version 'one' is not a valid SemVer"),
    ("templates/media.yaml", '{{- include "sideroom.labels" . | nindent 4 }}', "{{- include \"sideroom.lables\" . }}", "minimal", "sideroom.lables"),
    ("templates/statefulset.yaml", "      enableServiceLinks: false", "      enableServiceLink: false", "minimal", "kubeconform"),
    ("templates/statefulset.yaml", "              sleep:\n                seconds: {{", "              sleep:\n                second: {{", "minimal", "kubeconform"),
    ("templates/monitoring.yaml", "jobLabel:", "jobLable:", "production", "kubeconform"),
    ("templates/monitoring.yaml", "kind: ServiceMonitor", "kind: ServiceMonitors", "production", "kubeconform"),
    ("templates/networkpolicy.yaml", "networking.k8s.io/v1", "networking.k8s.io/v1beta1", "minimal", "kubeconform"),
    ("templates/horizontalpodautoscaler.yaml", "type: AverageValue", "type: [AverageValue]", "production", "kubeconform"),
    ("templates/statefulset.yaml", "      enableServiceLinks: false", "      hostNetwork: true", "minimal", "the pod has hostNetwork"),
    ("templates/statefulset.yaml", "enableServiceLinks: false", "enableServiceLinks: true", "minimal", "variables for services"),
    ("templates/statefulset.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "nodeport", "may write its image"),
    ("templates/statefulset.yaml", "serviceName: {{", "serviceName: x{{", "minimal", "serviceName is no Service"),
    ("templates/statefulset.yaml", "path: /readyz", "path: /ready", "minimal", "the readiness probe asks"),
    ("templates/statefulset.yaml", ".Values.drain.deadlineSeconds .Values.drain.marginSeconds", "5 5", "minimal", "the pod is killed after"),
    ("templates/statefulset.yaml", "sleep:\n                seconds: {{ .Values.drain.delaySeconds }}", "exec: {command: [kill, '1']}", "minimal", "preStop does more than wait"),
    ("templates/statefulset.yaml", "name: SIDEROOM_MEDIA_ANNOUNCE\n              value: {{ join \",\" (prepend", "name: OTHER\n              value: {{ join \",\" (prepend", "minimal", "only the cluster knows"),
    ("templates/statefulset.yaml", "SIDEROOM_NODE_NAME", "SIDEROOM_NODE_NAM", "minimal", "unknown key `SIDEROOM_NODE_NAM`"),
    ("templates/statefulset.yaml", "mountPath: /etc/sideroom/secrets", "mountPath: /etc/sideroom/secret", "minimal", "the secrets are not mounted"),
    ("templates/statefulset.yaml", "exec sideroom serve", "exec sideroom server", "nodeport", "the server does not start"),
    ("templates/statefulset.yaml", "; exec sideroom serve --config /etc/sideroom/config/sideroom.toml", "; sideroom serve --config /etc/sideroom/config/sideroom.toml; exit 1", "nodeport", "does not end on SIGTERM"),
    ("templates/statefulset.yaml", "not .Values.autoscaling.enabled", "true", "production", "set replicas"),
    ("templates/services.yaml", "publishNotReadyAddresses: true", "publishNotReadyAddresses: false", "minimal", "cuts off nodes that drain"),
    ("templates/media.yaml", "publishNotReadyAddresses: true", "publishNotReadyAddresses: false", "loadbalancer", "cuts off nodes that drain"),
    ("templates/media.yaml", "statefulset.kubernetes.io/pod-name: {{ $name }}-", "statefulset.kubernetes.io/pod-name: {{ $name }}", "loadbalancer", "selects no pod"),
    ("templates/media.yaml", 'hasSuffix "-tcp" $service', "false", "loadbalancer", "media Services of sideroom-0 offer"),
    ("templates/_helpers.tpl", "nodePort: {{ $port }}", "nodePort: {{ add $port 1 }}", "minimal", "changes the port number"),
    ("templates/_helpers.tpl", '"requiredDuringScheduling', '"preferredDuringScheduling', "nodeport", "kubeconform"),
    ("templates/_helpers.tpl", 'eq .Values.podAntiAffinity "required"', "false", "nodeport", "would share its node ports"),
    ("templates/_config.tpl", '"first_port" .Values.media.firstPort', '"first_port" 7910', "minimal", "for media, the server"),
    ("templates/_config.tpl", '"format" "json"', '"format" "jsn"', "minimal", "unknown variant `jsn`"),
    ("templates/_config.tpl", '"admin" (dict "listen" (printf "%s:7902"', '"admin" (dict "listen" (printf "%s:7903"', "minimal", "another port for health"),
    ("templates/_config.tpl", '"secret_file" (printf', '"secret" (printf', "minimal", "a secret is in the ConfigMap"),
    ("templates/_config.tpl", '"drain_deadline_s"', '"drain_deadline"', "minimal", "drain_deadline_s"),
    ("templates/poddisruptionbudget.yaml", '{{- include "sideroom.selector" . | nindent 6 }}', "app: sideroom", "minimal", "the PodDisruptionBudget selects no pod"),
    ("templates/horizontalpodautoscaler.yaml", "name: sideroom_worker_busy_ratio", "name: sideroom_busy", "production", "no metric sideroom_busy"),
    ("templates/networkpolicy.yaml", ".Values.media.workers -1", ".Values.media.workers", "minimal", "the NetworkPolicy lets in media at"),
    ("templates/networkpolicy.yaml", "with int .Values.media.turnPort", "with 0", "nodeport", "keeps clients from the relay"),
    ("templates/_helpers.tpl", "with int $root.Values.media.turnPort", "with 0", "nodeport", "media Services of every pod offer"),
    ("templates/networkpolicy.yaml", "- namespaceSelector: {}", "[]", "minimal", "open to everybody"),
    ("templates/monitoring.yaml", "component: pods", "component: pod", "production", "the ServiceMonitor selects"),
    ("templates/monitoring.yaml", "- port: admin", "- port: metrics", "production", "the ServiceMonitor reads"),
    ("templates/ingress.yaml", 'printf "%s-%d" $name $ordinal', 'printf "%s-pod-%d" $name $ordinal', "nodeport", "which is no Service"),
    ("templates/serviceaccount.yaml", "resources: [services]\n    resourceNames:", "resources: [services]\n    resourceNames:\n      - other", "loadbalancer", "not for the load balancers"),
)


def check(tools, server):
    for breakage in BREAKAGES:
        name, text, instead, values, expected = breakage
        with tempfile.TemporaryDirectory() as scratch:
            chart = Path(scratch) / "sideroom"
            shutil.copytree(CHART, chart)
            path = chart / name
            insist(text in path.read_text(), f"breakages.py: {name} has no {text!r}")
            path.write_text(path.read_text().replace(text, instead))
            try:
                check_chart(tools, server, chart, chart / f"ci/{values}-values.yaml", VERSIONS[-1:])
            except Wrong as wrong:
                insist(expected in str(wrong), f"{name} with {instead!r}: another fault is found than {expected!r}:\n{wrong}")
            else:
                raise Wrong(f"{name} with {instead!r} instead of {text!r} goes unnoticed")
    return len(BREAKAGES)


def check_chart(tools, server, chart, values, versions=VERSIONS):
    """Everything that is checked with one set of values."""
    lint(tools, chart, values)
    for version in versions:
        text = render(tools, chart, values, version)
        count = conforms(tools, text, version)
    rendered = check_manifests(objects(text))
    check_config(server, rendered)
    check_start(server, rendered)
    return count
