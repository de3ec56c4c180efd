{{- define "app.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "app.labels" -}}
{{ include "app.selector" . }}
{{- with .Values.project }}
app.kubernetes.io/part-of: {{ . }}
{{- end }}
app.kubernetes.io/component: {{ .Values.type }}
app.kubernetes.io/managed-by: autonomous
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

{{- /* What kubernetes calls the Restricted profile, unless root was asked for. */}}
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
  {{- with .Values.env }}
  env:
  {{- toYaml . | nindent 2 }}
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

{{- define "app.podMetadata" -}}
labels:
  {{- include "app.labels" . | nindent 2 }}
{{- if or .Values.annotations .Values.files .Values.metrics.port }}
annotations:
  {{- with .Values.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Values.files }}
  checksum/files: {{ toJson . | sha256sum }}
  {{- end }}
  {{- with .Values.metrics }}
  {{- if .port }}
  prometheus.io/scrape: "true"
  prometheus.io/port: {{ .port | quote }}
  prometheus.io/path: {{ .path | default "/metrics" | quote }}
  {{- end }}
  {{- end }}
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
resources:
  requests:
    storage: {{ .size }}
{{- end }}
