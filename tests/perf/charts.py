"""Charts that are hard in one way each, made here so that they are the same everywhere."""
import os


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)
    return folder


def chart_yaml(name, more=''):
    return f'apiVersion: v2\nname: {name}\nversion: 1.0.0\n{more}'


WORKLOAD = '''apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "common.name" . }}
  labels: {{- include "common.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas | default 1 }}
  template:
    metadata:
      labels: {{- include "common.labels" . | nindent 8 }}
    spec:
      containers:
      - name: main
        image: "{{ .Values.global.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}"
        env:
        {{- range $key, $value := .Values.env }}
        - name: {{ $key }}
          value: {{ tpl $value $ | quote }}
        {{- end }}
        resources: {{- toYaml .Values.resources | nindent 10 }}
'''
COMMON = '''{{ define "common.name" }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{ define "common.labels" }}app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}{{ end }}
'''


def umbrella(folder, count=50):
    """An umbrella of subcharts with conditions, globals and a library of helpers."""
    dependencies = 'dependencies:\n'
    values = 'global: {registry: registry.example.com, domain: example.com}\n'
    files = {'templates/_common.tpl': COMMON}
    for i in range(count):
        name = f'part{i}'
        dependencies += f'- {{name: {name}, version: 1.0.0, condition: {name}.enabled}}\n'
        values += f'{name}: {{enabled: {"false" if i % 10 == 9 else "true"}, replicas: {i % 4}}}\n'
        env = ''.join(f'  KEY_{k}: "{{{{ .Release.Name }}}}.{{{{ .Values.global.domain }}}}/{k}"\n' for k in range(8))
        files[f'charts/{name}/Chart.yaml'] = chart_yaml(name)
        files[f'charts/{name}/values.yaml'] = (f'image: {{repository: {name}, tag: "1.{i}"}}\nenv:\n{env}'
                                               'resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}\n')
        for part in ('deployment', 'worker', 'migration'):
            files[f'charts/{name}/templates/{part}.yaml'] = WORKLOAD
    files['Chart.yaml'] = chart_yaml('umbrella', dependencies)
    files['values.yaml'] = values
    return write(folder, files)


def many_tpl(folder, count=4000):
    """helm#8002: thousands of calls of tpl, each with a text of its own."""
    values = 'items:\n' + ''.join(f'- "{{{{ .Values.prefix }}}}-{i}-{{{{ .Release.Name | upper }}}}"\n' for i in range(count))
    return write(folder, {
        'Chart.yaml': chart_yaml('many-tpl'), 'values.yaml': 'prefix: item\n' + values,
        'templates/_h.tpl': ''.join(f'{{{{ define "helper{i}" }}}}{{{{ .Release.Name }}}}-{i}{{{{ end }}}}\n' for i in range(200)),
        'templates/a.yaml': 'kind: ConfigMap\ndata:\n{{- range $i, $item := .Values.items }}\n  key{{ $i }}: {{ tpl $item $ }}\n{{- end }}\n'})


def deep_copies(folder, count=300):
    """redpanda#1282: values that are copied and merged again and again."""
    values = 'base:\n' + ''.join(f'  section{i}:\n' + ''.join(f'    key{k}: {{a: {k}, b: [1, 2, {i}], c: text {k}}}\n' for k in range(10))
                                 for i in range(40))
    return write(folder, {
        'Chart.yaml': chart_yaml('deep-copies'), 'values.yaml': values,
        'templates/a.yaml': f'''kind: ConfigMap
data:
{{{{- range $i := until {count} }}}}
  {{{{- $copy := deepCopy $.Values.base }}}}
  {{{{- $merged := mergeOverwrite $copy (dict "section1" (dict "key1" (dict "a" $i))) }}}}
  key{{{{ $i }}}}: {{{{ $merged.section1.key1 | toJson | sha256sum }}}}
{{{{- end }}}}
'''})
