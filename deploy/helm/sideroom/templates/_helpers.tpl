{{/* Names, labels, and what several templates compute. */}}

{{- define "sideroom.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters: names of Services for pods add to it. */}}
{{- define "sideroom.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "sideroom.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "sideroom.name" .) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "sideroom.selector" -}}
app.kubernetes.io/name: {{ include "sideroom.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sideroom.labels" -}}
{{ include "sideroom.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sideroom.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "sideroom.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "sideroom.image" -}}
{{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}

{{/* The most pods that there will be: Services for pods exist before the pods do. */}}
{{- define "sideroom.mostPods" -}}
{{ ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled | int }}
{{- end }}

{{/* The source of the addresses that clients are told. */}}
{{- define "sideroom.announceFrom" -}}
{{- $usual := dict "nodePort" "nodeIP" "loadBalancer" "service" "podNetwork" "interfaces" -}}
{{ default (get $usual .Values.media.expose) .Values.media.announce.from }}
{{- end }}

{{/* Set if an init container asks the Kubernetes API for the addresses. */}}
{{- define "sideroom.lookUp" -}}
{{- $from := include "sideroom.announceFrom" . -}}
{{- if has $from (list "nodeExternalIP" "service") }}{{ $from }}{{ end -}}
{{- end }}

{{- define "sideroom.listen" -}}
{{ ternary (printf "[%s]" .Values.bindAddress) .Values.bindAddress (contains ":" .Values.bindAddress) }}
{{- end }}

{{- define "sideroom.secret" -}}
{{ default (printf "%s-auth" (include "sideroom.fullname" .)) .Values.auth.existingSecret }}
{{- end }}

{{/* Names of the load balancers of pod .ordinal, separated by spaces. */}}
{{- define "sideroom.mediaServices" -}}
{{- $name := printf "%s-media-%v" (include "sideroom.fullname" .root) .ordinal -}}
{{ $name }}{{ if and .root.Values.media.tcp (eq .root.Values.media.loadBalancer.tcp "separate") }} {{ $name }}-tcp{{ end }}
{{- end }}

{{/* Ports of a media Service: .protocols, and .node for node ports of the same numbers. */}}
{{- define "sideroom.mediaPorts" -}}
{{- $root := .root -}}
{{- $node := .node -}}
{{- range $protocol := .protocols }}
{{- range $worker := until (int $root.Values.media.workers) }}
{{- $port := add $root.Values.media.firstPort $worker }}
- name: {{ lower $protocol }}-{{ $worker }}
  protocol: {{ $protocol }}
  port: {{ $port }}
  targetPort: {{ $port }}
  {{- if $node }}
  nodePort: {{ $port }}
  {{- end }}
{{- end }}
{{- with int $root.Values.media.turnPort }}
- name: {{ lower $protocol }}-turn
  protocol: {{ $protocol }}
  port: {{ . }}
  targetPort: {{ . }}
  {{- if $node }}
  nodePort: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses values that are well-formed and cannot work, all at once. */}}
{{- define "sideroom.check" -}}
{{- $wrong := list -}}
{{- $values := .Values -}}
{{- $media := $values.media -}}
{{- $last := add $media.firstPort $media.workers -1 | int -}}
{{- $range := splitList "-" $media.nodePortRange -}}
{{- if and (eq $media.expose "nodePort") (or (lt (int $media.firstPort) (int (first $range))) (gt $last (int (last $range)))) -}}
{{- $wrong = append $wrong (printf "media.firstPort: the ports %d to %d must lie within media.nodePortRange, %s" (int $media.firstPort) $last $media.nodePortRange) -}}
{{- end -}}
{{- $turn := int $media.turnPort -}}
{{- if and $turn (ge $turn (int $media.firstPort)) (le $turn $last) -}}
{{- $wrong = append $wrong (printf "media.turnPort: %d is a media worker's port" $turn) -}}
{{- end -}}
{{- if and $turn (not $media.tcp) -}}
{{- $wrong = append $wrong "media.turnPort: clients of the relay come over TCP too; set media.tcp" -}}
{{- end -}}
{{- if and $turn (has $turn (list 7900 7901 7902)) -}}
{{- $wrong = append $wrong (printf "media.turnPort: %d is the server's port for HTTP, gRPC or health" $turn) -}}
{{- end -}}
{{- if and $turn (eq $media.expose "nodePort") (or (lt $turn (int (first $range))) (gt $turn (int (last $range)))) -}}
{{- $wrong = append $wrong (printf "media.turnPort: %d must lie within media.nodePortRange, %s" $turn $media.nodePortRange) -}}
{{- end -}}
{{- if gt $last 65535 -}}
{{- $wrong = append $wrong "media.firstPort: the ports of all workers must lie below 65536; lower the port or media.workers" -}}
{{- end -}}
{{- if and (eq $media.expose "nodePort") (gt (include "sideroom.mostPods" . | int) 1) (or (ne $values.podAntiAffinity "required") (ne $media.externalTrafficPolicy "Local")) -}}
{{- $wrong = append $wrong "media.expose: several pods share the node ports, so each needs a machine of its own: set podAntiAffinity to required and media.externalTrafficPolicy to Local" -}}
{{- end -}}
{{- $from := include "sideroom.announceFrom" . -}}
{{- if and (eq $from "list") (empty $media.announce.addresses) -}}
{{- $wrong = append $wrong "media.announce.addresses: media.announce.from is list, and the list is empty" -}}
{{- end -}}
{{- if and (eq $from "interfaces") $media.announce.addresses -}}
{{- $wrong = append $wrong "media.announce.addresses: the addresses of the interfaces are announced alone; set media.announce.from to list" -}}
{{- end -}}
{{- if and (eq $from "service") (ne $media.expose "loadBalancer") -}}
{{- $wrong = append $wrong "media.announce.from: only a load balancer's Service has an address; set media.expose to loadBalancer" -}}
{{- end -}}
{{- if empty $values.auth.keys -}}
{{- $wrong = append $wrong "auth.keys: the server needs at least one; set auth.keys[0].id and auth.keys[0].secret (`openssl rand -hex 32` makes one), or auth.existingSecret and auth.keys[0].secretKey" -}}
{{- end -}}
{{- range $values.auth.keys -}}
{{- if and $values.auth.existingSecret (or .secret (not .secretKey)) -}}
{{- $wrong = append $wrong (printf "auth.keys: with auth.existingSecret the key %q needs secretKey, the name of its entry there, and no secret" .id) -}}
{{- else if and (not $values.auth.existingSecret) (or .secretKey (not .secret)) -}}
{{- $wrong = append $wrong (printf "auth.keys: the key %q needs a secret, or auth.existingSecret beside its secretKey" .id) -}}
{{- end -}}
{{- end -}}
{{- if and $values.tls.clientAuthority (empty $values.tls.existingSecret) -}}
{{- $wrong = append $wrong "tls.clientAuthority: clients can show certificates only if the server has one; set tls.existingSecret" -}}
{{- end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) (not $values.ingress.perPodSuffix) -}}
{{- $wrong = append $wrong "ingress.host: an ingress needs a host; set ingress.host or ingress.perPodSuffix" -}}
{{- end -}}
{{- if and $values.ingress.enabled $values.ingress.perPodSuffix (not $values.service.perPod) -}}
{{- $wrong = append $wrong "ingress.perPodSuffix: the hosts of pods need service.perPod" -}}
{{- end -}}
{{- if gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas) -}}
{{- $wrong = append $wrong "autoscaling.minReplicas: it is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- range $path, $instead := include "sideroom.made" . | fromYaml -}}
{{- $parts := splitList "." $path -}}
{{- if hasKey (get $values.config (first $parts) | default dict) (last $parts) -}}
{{- $wrong = append $wrong (printf "config.%s: the chart sets it; use %s" $path $instead) -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\n%s\n" (join "\n" $wrong)) -}}
{{- end -}}
{{- end }}

{{/* The given affinity, and pods on machines of their own. */}}
{{- define "sideroom.affinity" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "sideroom.selector" . | fromYaml)) -}}
{{- $apart := dict -}}
{{- if eq .Values.podAntiAffinity "required" -}}
{{- $apart = dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) -}}
{{- else if eq .Values.podAntiAffinity "preferred" -}}
{{- $apart = dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term))) -}}
{{- end -}}
{{- with mustMergeOverwrite (deepCopy .Values.affinity) $apart -}}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}
