{{/* The server's configuration file. */}}

{{/* Settings that the chart makes, and the value to use instead. */}}
{{- define "sideroom.made" -}}
node.name: nameOverride (it is the pod's name)
node.workers: media.workers
node.drain_deadline_s: drain.deadlineSeconds
http.listen: bindAddress
grpc.listen: bindAddress
admin.listen: bindAddress
tls.certificate_file: tls.existingSecret
tls.key_file: tls.existingSecret
tls.client_authority_file: tls.clientAuthority
media.bind: bindAddress
media.first_port: media.firstPort
media.tcp: media.tcp
media.announce: media.announce
turn.port: media.turnPort
auth.keys: auth.keys
store.path: persistence
{{- end }}

{{/* One value in TOML. Helm reads whole numbers as floating-point ones. */}}
{{- define "sideroom.toml" -}}
{{- if kindIs "slice" . -}}
[{{ range $at, $item := . }}{{ if $at }}, {{ end }}{{ include "sideroom.toml" $item }}{{ end }}]
{{- else if kindIs "map" . -}}
{ {{- range $at, $key := keys . | sortAlpha }}{{ if $at }},{{ end }} {{ $key }} = {{ include "sideroom.toml" (get $ $key) }}{{ end }} }
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{ printf "%d" (int64 .) }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}

{{- define "sideroom.config" -}}
{{- $listen := include "sideroom.listen" . -}}
{{- $made := dict
  "node" (dict "workers" .Values.media.workers "drain_deadline_s" .Values.drain.deadlineSeconds)
  "http" (dict "listen" (printf "%s:7900" $listen))
  "grpc" (dict "listen" (printf "%s:7901" $listen))
  "admin" (dict "listen" (printf "%s:7902" $listen))
  "media" (dict "bind" .Values.bindAddress "first_port" .Values.media.firstPort "tcp" .Values.media.tcp)
  "turn" (dict "port" .Values.media.turnPort)
  "log" (dict "format" "json")
  "store" (dict "path" "/var/lib/sideroom/rooms.redb") -}}
{{- $keys := list -}}
{{- range .Values.auth.keys -}}
{{- $key := dict "id" .id "secret_file" (printf "/etc/sideroom/secrets/%s" (default .id .secretKey)) -}}
{{- if .scopes }}{{ $_ := set $key "scopes" .scopes }}{{ end -}}
{{- $keys = append $keys $key -}}
{{- end -}}
{{- $_ := set $made "auth" (dict "keys" $keys) -}}
{{- if .Values.tls.existingSecret -}}
{{- $_ := set $made "tls" (dict "certificate_file" "/etc/sideroom/tls/tls.crt" "key_file" "/etc/sideroom/tls/tls.key") -}}
{{- if .Values.tls.clientAuthority }}{{ $_ := set $made.tls "client_authority_file" "/etc/sideroom/tls/ca.crt" }}{{ end -}}
{{- end -}}
{{- $whole := mustMergeOverwrite $made (deepCopy .Values.config) -}}
{{- range $section := keys $whole | sortAlpha }}
[{{ $section }}]
{{- $settings := get $whole $section }}
{{- range $key := keys $settings | sortAlpha }}
{{ $key }} = {{ include "sideroom.toml" (get $settings $key) }}
{{- end }}
{{ end }}
{{- end }}

{{/* The configuration but for what SIGHUP reads again: only this change starts pods anew. */}}
{{- define "sideroom.configOfStart" -}}
{{- $kept := list -}}
{{- range splitList "\n[" (include "sideroom.config" .) -}}
{{- if not (or (hasPrefix "auth]" .) (hasPrefix "tls]" .)) }}{{ $kept = append $kept . }}{{ end -}}
{{- end -}}
{{ join "\n[" $kept }}
{{- end }}
