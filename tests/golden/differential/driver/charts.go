package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// chart makes the files of a chart and of the charts in it, below `folder`.
func (m *maker) chart(files map[string]string, folder, name string, depth int) {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: %s\nname: %s\nversion: %s\n", pick(m, "v2", "v2", "v2", "v2", "v1"), name, pick(m, "1.2.3", "0.1.0", "1.0.0-rc.1", "v2.0.0+b"))
	b.WriteString(pick(m, "", "", "appVersion: 1.10\n", "appVersion: \"2.0\"\n", "description: a <b> & c\n", "kubeVersion: \">=1.20.0-0\"\n", "type: application\n", "keywords: [a, b]\n", "icon: x\nhome: y\nannotations: {a: b}\n", "deprecated: true\n", "maintainers:\n- name: x\n  email: y\n"))
	if depth < 2 && m.one(6) {
		b.WriteString("type: library\n")
	}
	values := m.dict(2)
	if m.n(4) > 0 {
		values["global"] = m.valuesOr(m.dict(1))
	}
	if m.n(4) > 0 {
		values["tags"] = map[string]any{"front": m.one(2), "back": m.one(2)}
	}
	var deps []string
	if depth > 0 {
		for _, child := range []string{"sub", "lib", "db"}[:m.n(4)] {
			m.chart(files, folder+"charts/"+child+"/", child, depth-1)
			deps = append(deps, m.dependency(child))
			if m.n(3) > 0 {
				values[child] = m.valuesOr(m.dict(2))
			}
		}
	}
	if len(deps) > 0 {
		b.WriteString("dependencies:\n" + strings.Join(deps, ""))
	}
	files[folder+"Chart.yaml"] = b.String()
	if m.n(8) > 0 {
		files[folder+"values.yaml"] = m.valuesText(values)
	}
	m.templates(files, folder, name)
	if m.one(3) {
		files[folder+pick(m, "config.txt", "files/a.yaml", "files/b.bin", "README.md", "é.txt")] = m.text()
	}
	if m.one(6) {
		files[folder+"crds/crd.yaml"] = pick(m, "kind: CustomResourceDefinition\nmetadata:\n  name: x\n", "---\na: b\n---\nc: d\n", "")
	}
	if m.one(8) {
		files[folder+"values.schema.json"] = pick(m, `{"type":"object","properties":{"a":{"type":"string"}}}`, `{"required":["a"]}`, `{"properties":{"n":{"minimum":3},"global":{"type":"object"}},"additionalProperties":true}`, `{`)
	}
	if m.one(4) {
		files[folder+"templates/NOTES.txt"] = m.body(1)
	}
}

func (m *maker) dependency(name string) string {
	text := fmt.Sprintf("- name: %s\n  version: %s\n  repository: %s\n", name, pick(m, "\"*\"", "\">=0.0.0-0\"", "\"*-0\"", "^1.0.0-0", "~1.2", "1.x", "\">0.0.1-0\"", "\">0-0\""), pick(m, "\"\"", "https://example.com", "file://../x"))
	text += pick(m, "", "", "  condition: "+name+".enabled\n", "  condition: a.b,"+name+".on,global.x\n", "  tags: [front]\n", "  tags: [back, front]\n  condition: "+name+".enabled\n")
	text += pick(m, "", "", "", "  alias: other\n", "  alias: "+name+"2\n")
	text += pick(m, "", "", "", "  import-values: [data]\n", "  import-values:\n  - child: m\n    parent: imported\n", "  import-values:\n  - child: default.data\n    parent: m\n  - data\n")
	return text
}

func (m *maker) valuesOr(v any) any {
	if d, ok := v.(map[string]any); ok {
		if m.one(2) {
			d["enabled"] = m.one(2)
		}
		if m.one(4) {
			d["exports"] = map[string]any{"data": m.dict(1)}
		}
		if m.one(4) {
			d["m"] = m.value(1)
		}
	}
	if m.one(12) {
		return m.value(1)
	}
	return v
}

func (m *maker) valuesText(values any) string {
	if m.one(40) {
		return m.yamlText()
	}
	text := m.plainBlock(values, 0)
	if m.one(10) {
		text += "---\n" + m.plainBlock(m.dict(1), 0)
	}
	return text
}

// plainBlock writes YAML that reads back as what it was.
func (m *maker) plainBlock(v any, indent int) string {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return strings.Repeat(" ", indent) + "{}\n"
		}
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(x)) {
			fmt.Fprintf(&b, "%s%s:\n%s", strings.Repeat(" ", indent), encodeJSON(k), m.plainBlock(x[k], indent+2))
		}
		return b.String()
	}
	return strings.Repeat(" ", indent) + encodeJSON(v) + "\n"
}

var kinds = []string{"ConfigMap", "Service", "Deployment", "Secret", "Namespace", "Job", "Pod", "Unknown", "Ingress", "ServiceAccount", "ClusterRole", "CustomResourceDefinition", "NetworkPolicy", "Alpha", "configmap", "APIService", "HorizontalPodAutoscaler"}

func (m *maker) templates(files map[string]string, folder, name string) {
	inner := &maker{r: m.r, size: 45, defined: []string{"one", name + ".labels"}}
	if m.n(3) > 0 {
		files[folder+"templates/_helpers.tpl"] = inner.action("define \""+name+".labels\"") + inner.body(1) + inner.action("end") + "\n{{- define \"one\" }}" + name + "{{ .Chart.Name }}{{- end }}\n"
	}
	for i := m.n(4); i >= 0; i-- {
		inner.size = 45
		var b strings.Builder
		for j := m.n(3); j >= 0; j-- {
			b.WriteString(m.document(inner))
			b.WriteString(pick(m, "---\n", "---\n", "--- \n", "---", "\n---\n# c\n---\n", "...\n", "\n", "---  # x\n", " ---\n"))
		}
		files[folder+"templates/"+pick(m, "a.yaml", "b.yaml", "sub/c.yaml", "z.yml", "tests/t.yaml", "_partial.yaml", "x.txt", "sub/NOTES.txt", ".hidden.yaml")] = b.String()
	}
}

var objects = []string{"{{ .Release.Name }}", "{{ .Chart.Name }}-{{ .Chart.Version }}", "{{ toYaml .Values | nindent 2 }}", "{{ .Values }}", "{{ toJson .Values }}", "{{ .Values.global }}", "{{ .Capabilities.KubeVersion }}", "{{ .Template.Name }}", "{{ .Template.BasePath }}", "{{ .Files.Get \"config.txt\" | quote }}",
	"{{ (.Files.Glob \"**\").AsConfig | nindent 2 }}", "{{ range $k, $v := .Files }}{{ $k }}: {{ $v | toString | quote }}\n{{ end }}", "{{ .Chart }}", "{{ toYaml .Chart | nindent 2 }}", "{{ .Subcharts }}", "{{ .Values.a.b }}", "{{ .Values.sub }}", "{{ toYaml .Subcharts | nindent 2 }}", "{{ .Release }}", "{{ .Capabilities.APIVersions.Has \"v1\" }}",
	"{{ set .Values \"a\" 1 | toJson }}", "{{ unset .Values \"a\" | typeOf }}", "{{ required \"a is needed\" .Values.a }}", "{{ fail \"no\" }}", "{{ include \"one\" . }}", "{{ include \"none\" . }}", "{{ tpl (toJson .Values) . }}", "{{ template \"one\" . }}", "{{ .Values.global.x.y }}", "{{ lookup \"v1\" \"Pod\" \"\" \"\" }}", "{{ .Chart.Foo }}", "{{ .Values.AsMap | toJson }}",
	"{{ .Files.Lines \"config.txt\" }}", "{{ .Files.AsSecrets }}", "{{ .Chart.Annotations }}", "{{ .Chart.IsRoot }}", "{{ .Subcharts.sub.Values }}", "{{ .Values.YAML }}", "{{ index .Values \"a\" \"b\" }}", "{{ .Chart.Dependencies | toJson }}", "{{ .Chart.Maintainers }}", "{{ merge .Values (dict \"n\" 1) | toJson }}"}

func (m *maker) document(inner *maker) string {
	switch m.n(10) {
	case 0:
		return inner.body(1)
	case 1:
		return m.yamlText()
	case 2:
		return pick(m, "", "# only a comment\n", "\n\n", "{}\n", "null\n", "- a\n", "text\n", "a: b: c\n", "{{- /* c */ -}}\n", "\t\n")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", pick(m, "v1", "apps/v1", "1"), pick(m, kinds...), pick(m, "x", "b", "{{ .Release.Name }}", "{{ .Chart.Name }}", "1"))
	if m.one(4) {
		fmt.Fprintf(&b, "  annotations:\n    %s\n", pick(m, "helm.sh/hook: pre-install", "\"helm.sh/hook\": post-install,test", "helm.sh/hook: test", "helm.sh/hook: crd-install", "helm.sh/hook: nope", "helm.sh/hook: pre-install\n    helm.sh/hook-weight: \"5\"", "helm.sh/hook: pre-upgrade\n    helm.sh/hook-weight: -1",
			"a: 1", "a: true", "a: {b: c}", "helm.sh/resource-policy: keep", "helm.sh/hook: [a]", "helm.sh/hook: test-success\n    helm.sh/hook-delete-policy: hook-succeeded", "helm.sh/hook: \" pre-install , post-delete\"", "a:"))
	}
	for i := m.n(3); i > 0; i-- {
		b.WriteString(pick(m, "x: ", "data: ", "spec:\n  y: ") + pick(m, pick(m, objects...), pick(m, objects...), inner.statement(1)) + "\n")
	}
	return b.String()
}
