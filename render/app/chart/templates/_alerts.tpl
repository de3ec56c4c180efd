{{- /* The alerts that a service has without asking, as a list of rules. What they measure comes from kube-state-metrics, the
kubelet, cert-manager, CloudNativePG, and of the app itself http_requests_total and http_request_duration_seconds. */}}
{{- define "app.alerts" -}}
{{- $name := .Release.Name -}}
{{- $in := printf "namespace=%q" .Release.Namespace -}}
{{- $pods := printf "namespace=%q,pod=~%q" .Release.Namespace (printf "%s-.+" $name) -}}
{{- $container := printf "namespace=%q,container=%q" .Release.Namespace $name -}}
{{- $served := printf "namespace=%q,service=%q" .Release.Namespace $name -}}
{{- if eq (.Values.monitoring.monitor | default "") "pod" }}{{ $served = $container }}{{ end -}}
{{- $running := has .Values.type (list "web" "worker" "stateful" "redis") -}}
{{- if and .Values.metrics.port (eq .Values.type "web") }}
- alert: HighErrorRate
  expr: |-
    sum(rate(http_requests_total{ {{- $served }},code=~"5.."}[5m]))
      / sum(rate(http_requests_total{ {{- $served }}}[5m])) > 0.05
  for: 5m
  labels: {severity: critical}
  annotations:
    summary: {{ $name }} answers more than 5 % of its requests with an error
- alert: HighLatency
  expr: |-
    histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{ {{- $served }}}[5m]))) > 1
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: one of a hundred requests to {{ $name }} takes longer than a second
{{- end }}
{{- if $running }}
- alert: Restarting
  expr: increase(kube_pod_container_status_restarts_total{ {{- $container }}}[15m]) > 2
  labels: {severity: warning}
  annotations:
    summary: a container of {{ $name }} restarts again and again
- alert: NotReady
  {{- if has .Values.type (list "stateful" "redis") }}
  expr: |-
    kube_statefulset_status_replicas_ready{ {{- $in }},statefulset="{{ $name }}"}
      < kube_statefulset_replicas{ {{- $in }},statefulset="{{ $name }}"}
  {{- else }}
  expr: |-
    sum(kube_pod_status_ready{ {{- $pods }},condition="true"} * on (namespace, pod) group_left kube_pod_labels{label_app_kubernetes_io_instance="{{ $name }}"})
      == 0
  {{- end }}
  for: 10m
  labels: {severity: critical}
  annotations:
    summary: pods of {{ $name }} are not ready
- alert: CPUThrottled
  expr: |-
    sum(increase(container_cpu_cfs_throttled_periods_total{ {{- $container }}}[5m]))
      / sum(increase(container_cpu_cfs_periods_total{ {{- $container }}}[5m])) > 0.25
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: {{ $name }} is throttled in more than a quarter of its time
- alert: MemoryNearLimit
  expr: |-
    max(container_memory_working_set_bytes{ {{- $container }}})
      / max(kube_pod_container_resource_limits{ {{- $container }},resource="memory"}) > 0.9
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: {{ $name }} uses more than 90 % of its memory limit
{{- end }}
{{- if or .Values.autoscaling.max .Values.autoscaling.triggers }}
- alert: ScaledToTheLimit
  expr: |-
    kube_horizontalpodautoscaler_status_current_replicas{ {{- $in }},horizontalpodautoscaler=~"(keda-hpa-)?{{ $name }}"}
      >= kube_horizontalpodautoscaler_spec_max_replicas{ {{- $in }},horizontalpodautoscaler=~"(keda-hpa-)?{{ $name }}"}
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: {{ $name }} has run with as many pods as it may have for 15 minutes
{{- end }}
{{- if or .Values.volumes (eq .Values.type "postgres") }}
- alert: VolumeFilling
  expr: |-
    kubelet_volume_stats_available_bytes{ {{- $in }},persistentvolumeclaim=~"(.+-)?{{ $name }}(-.+)?"}
      / kubelet_volume_stats_capacity_bytes{ {{- $in }},persistentvolumeclaim=~"(.+-)?{{ $name }}(-.+)?"} < 0.15
    and predict_linear(kubelet_volume_stats_available_bytes{ {{- $in }},persistentvolumeclaim=~"(.+-)?{{ $name }}(-.+)?"}[6h], 4 * 86400) < 0
  for: 30m
  labels: {severity: warning}
  annotations:
    summary: a volume of {{ $name }} has less than 15 % left and will be full within four days
{{- end }}
{{- if and .Values.tls.issuer .Values.routes (not .Values.gateway.name) }}
- alert: CertificateExpiring
  expr: certmanager_certificate_expiration_timestamp_seconds{ {{- $in }},name=~"{{ $name }}(-[0-9]+)?"} - time() < 14 * 86400
  for: 1h
  labels: {severity: warning}
  annotations:
    summary: a certificate of {{ $name }} ends within two weeks and was not renewed
{{- end }}
{{- if .Values.backup.schedule }}
- alert: BackupMissing
  {{- if eq .Values.type "postgres" }}
  expr: time() - max(cnpg_collector_last_available_backup_timestamp{ {{- $in }},pod=~"{{ $name }}-.+"}) > {{ .Values.backup.maxAge | default 172800 | int64 }}
  {{- else }}
  expr: time() - max(kube_cronjob_status_last_successful_time{ {{- $in }},cronjob="{{ $name }}-backup"}) > {{ .Values.backup.maxAge | default 172800 | int64 }}
  {{- end }}
  for: 1h
  labels: {severity: critical}
  annotations:
    summary: there is no fresh backup of {{ $name }}
{{- end }}
{{- if eq .Values.type "cron" }}
- alert: RunFailed
  expr: |-
    max(kube_job_status_failed{ {{- $in }},job_name=~"{{ $name }}-[0-9]+"}) > 0
  for: 1m
  labels: {severity: warning}
  annotations:
    summary: a run of {{ $name }} failed
{{- end }}
{{- if eq .Values.type "postgres" }}
- alert: ReplicationLag
  expr: max(cnpg_pg_replication_lag{ {{- $in }},pod=~"{{ $name }}-[0-9]+"}) > 300
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: a replica of {{ $name }} is five minutes behind
- alert: DatabaseDown
  expr: max(cnpg_collector_up{ {{- $in }},cluster="{{ $name }}"}) == 0 or absent(cnpg_collector_up{ {{- $in }},cluster="{{ $name }}"})
  for: 5m
  labels: {severity: critical}
  annotations:
    summary: no instance of {{ $name }} answers
{{- end }}
{{- end }}
