{{- define "app.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Never the release's number or the commit: what did not change must not roll. */}}
{{- define "app.labels" -}}
{{ include "app.selector" . }}
{{- with .Values.project }}
app.kubernetes.io/part-of: {{ . }}
{{- end }}
app.kubernetes.io/component: {{ .Values.type }}
app.kubernetes.io/managed-by: autonomous
{{- if and .Values.project .Values.environment }}
autonomous/environment: {{ .Values.environment }}
autonomous/target: {{ .Values.environment }}.{{ .Values.project }}.{{ .Release.Name }}
{{- end }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "app.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "app.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What runs before the release command has to be there in a wave before it. */}}
{{- define "app.early" -}}
{{- if .Values.release }}
annotations:
  argocd.argoproj.io/sync-wave: "-2"
{{- end }}
{{- end }}

{{- define "app.workload" -}}
{{- if has .Values.type (list "stateful" "redis") }}StatefulSet{{ else if .Values.rollout }}Rollout{{ else }}Deployment{{ end }}
{{- end }}

{{- define "app.workloadVersion" -}}
{{- eq (include "app.workload" .) "Rollout" | ternary "argoproj.io/v1alpha1" "apps/v1" }}
{{- end }}

{{- /* How many pods there are at least. */}}
{{- define "app.pods" -}}
{{- int64 (.Values.autoscaling.min | default .Values.replicas) }}
{{- end }}

{{- /* What Kubernetes calls the Restricted profile, unless root was asked for. */}}
{{- define "app.containerSecurity" -}}
allowPrivilegeEscalation: false
{{- if not .Values.root }}
capabilities:
  drop:
  - ALL
{{- end }}
readOnlyRootFilesystem: {{ .Values.readOnly }}
{{- end }}

{{- define "app.mounts" -}}
{{- range $i, $path := .Values.writable }}
- name: writable-{{ $i }}
  mountPath: {{ $path | quote }}
{{- end }}
{{- range .Values.volumes }}
- name: {{ .name }}
  mountPath: {{ .path | quote }}
{{- end }}
{{- range .Values.files }}
- name: files
  mountPath: {{ .path | quote }}
  subPath: {{ .key }}
  readOnly: true
{{- end }}
{{- end }}

{{- /* A further container: what it brings, our security, the folders of the app. */}}
{{- define "app.further" -}}
{{- $mounts := include "app.mounts" .root -}}
{{- toYaml .container }}
securityContext:
  {{- include "app.containerSecurity" .root | nindent 2 }}
{{- with $mounts }}
volumeMounts:
  {{- . | trim | nindent 0 }}
{{- end }}
{{- end }}

{{- define "app.environment" -}}
{{- with .Values.env }}
env:
{{ toYaml . }}
{{- end }}
{{- if .Values.config }}
envFrom:
- configMapRef:
    name: {{ .Release.Name }}-env
{{- end }}
{{- end }}

{{- define "app.container" -}}
{{- $mounts := include "app.mounts" . -}}
- name: {{ .Release.Name }}
  image: {{ .Values.image | quote }}
  {{- with .Values.command }}
  command:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Values.args }}
  args:
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with include "app.environment" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.ports }}
  ports:
  {{- range . }}
  - name: {{ .name }}
    containerPort: {{ .port }}
    protocol: {{ .protocol | default "TCP" }}
  {{- end }}
  {{- end }}
  {{- with .Values.probes.startup }}
  startupProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.probes.readiness }}
  readinessProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.probes.liveness }}
  livenessProbe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.drainSeconds }}
  lifecycle:
    preStop:
      # Whoever still sends requests here needs a moment to learn that this pod goes.
      sleep:
        seconds: {{ int64 . }}
  {{- end }}
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "app.containerSecurity" . | nindent 4 }}
  {{- with $mounts }}
  volumeMounts:
  {{- . | trim | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "app.podAnnotations" -}}
{{- with .Values.annotations }}
{{ toYaml . }}
{{- end }}
{{- with .Values.config }}
checksum/env: {{ toJson . | sha256sum }}
{{- end }}
{{- with .Values.files }}
checksum/files: {{ toJson . | sha256sum }}
{{- end }}
{{- if and .Values.metrics.port (not .Values.monitoring.monitor) }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.metrics.port | quote }}
prometheus.io/path: {{ .Values.metrics.path | default "/metrics" | quote }}
{{- end }}
{{- include "app.injector" . }}
{{- end }}

{{- /* Secrets that Vault's agent puts into a file of shell assignments. */}}
{{- define "app.injector" -}}
{{- if eq (.Values.secrets.by | default "") "agent-injector" }}
vault.hashicorp.com/agent-inject: "true"
vault.hashicorp.com/agent-pre-populate-only: {{ empty .Values.secrets.dynamic | quote }}
vault.hashicorp.com/role: {{ .Values.secrets.role | default .Release.Name | quote }}
vault.hashicorp.com/agent-run-as-same-user: "true"
{{- range .Values.secrets.data }}
vault.hashicorp.com/agent-inject-secret-{{ .name }}: {{ printf "%s/data/%s" .mount .path | quote }}
vault.hashicorp.com/agent-inject-template-{{ .name }}: {{ printf "{{ with secret %q }}{{ index .Data.data %q }}{{ end }}" (printf "%s/data/%s" .mount .path) .property | quote }}
{{- end }}
{{- range .Values.secrets.dynamic }}
{{- $place := printf "%s/%s" .mount .path }}
{{- range .keys }}
vault.hashicorp.com/agent-inject-secret-{{ .name }}: {{ $place | quote }}
vault.hashicorp.com/agent-inject-template-{{ .name }}: {{ printf "{{ with secret %q }}{{ index .Data %q }}{{ end }}" $place .property | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "app.podMetadata" -}}
labels:
  {{- include "app.labels" . | nindent 2 }}
{{- with include "app.podAnnotations" . | trim }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "app.podSecurity" -}}
{{- if not .Values.root }}
runAsNonRoot: true
{{- end }}
{{- with .Values.user }}
runAsUser: {{ int64 . }}
{{- end }}
{{- with .Values.group }}
runAsGroup: {{ int64 . }}
{{- end }}
{{- with .Values.group | default .Values.user }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* A zone or a node that goes takes as few pods with it as can be; none waits for a better place. */}}
{{- define "app.spread" -}}
{{- if and .Values.spread (gt (int64 (.Values.autoscaling.max | default .Values.replicas)) 1) }}
topologySpreadConstraints:
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "app.selector" $ | nindent 6 }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The pod: dict "root" $ "restart" "Never" "claims" true (claims: volumes come from a StatefulSet's templates). */}}
{{- define "app.pod" -}}
{{- $ := .root -}}
serviceAccountName: {{ $.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .restart }}
restartPolicy: {{ . }}
{{- end }}
{{- with $.Values.stopSeconds }}
terminationGracePeriodSeconds: {{ int64 . }}
{{- end }}
securityContext:
  {{- include "app.podSecurity" $ | trim | nindent 2 }}
{{- if not .restart }}
{{- with include "app.spread" $ | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- if or $.Values.init $.Values.sidecars }}
initContainers:
{{- range concat $.Values.init $.Values.sidecars }}
-
  {{- include "app.further" (dict "root" $ "container" .) | nindent 2 }}
{{- end }}
{{- end }}
containers:
{{ include "app.container" $ }}
{{- if or $.Values.writable $.Values.files (and $.Values.volumes (not .claims)) }}
volumes:
{{- range $i, $path := $.Values.writable }}
- name: writable-{{ $i }}
  emptyDir: {}
{{- end }}
{{- if not .claims }}
{{- range $.Values.volumes }}
- name: {{ .name }}
  persistentVolumeClaim:
    claimName: {{ $.Release.Name }}-{{ .name }}
{{- end }}
{{- end }}
{{- with $.Values.files }}
- name: files
  configMap:
    name: {{ $.Release.Name }}-files
{{- end }}
{{- end }}
{{- end }}

{{- define "app.claim" -}}
accessModes:
- {{ .access | default "ReadWriteOnce" }}
{{- with .class }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
