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
	if depth < 2 && m.one(6) && !strings.Contains(b.String(), "type:") {
		b.WriteString("type: library\n")
	}
	values := m.data()
	maps.Copy(values, m.dict(2))
	if m.n(4) > 0 {
		values["global"] = m.valuesOr(m.dict(1))
	}
	if m.n(4) > 0 {
		values["tags"] = map[string]any{"front": m.one(2), "back": m.one(2)}
	}
	var deps []string
	if depth > 0 {
		for _, child := range []string{"sub", "lib", "db"}[:pick(m, 0, 1, 1, 2, 3)] {
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
		files[folder+"values.schema.json"] = pick(m, `{"type":"object","properties":{"s":{"type":"string"},"l":{"items":{"type":["string","number","boolean","null","array","object"]}}}}`, `{"properties":{"n":{"type":"number"},"global":{"type":"object"}},"additionalProperties":true}`,
			m.either(`{"required":["d"]}`, `{"required":["a"]}`), m.either("{}", "{"), m.either(`{"properties":{"b":{"type":"boolean"}}}`, `{"properties":{"n":{"minimum":3},"s":{"maxLength":2},"ss":{"minItems":4}}}`))
	}
	if m.one(4) {
		inner := &maker{r: m.r, size: 45, wild: m.wild, root: ".Values"}
		files[folder+"templates/NOTES.txt"] = inner.body(1)
	}
}

// either is the first text, or the second where the maker is wild.
func (m *maker) either(fine, wrong string) string {
	if m.wild && m.one(2) {
		return wrong
	}
	return fine
}

func (m *maker) dependency(name string) string {
	text := fmt.Sprintf("- name: %s\n  version: %s\n  repository: %s\n", name, pick(m, "\"*\"", "\">=0.0.0-0\"", "\"*-0\"", "^1.0.0-0", "~1.2", "1.x", "\">0.0.1-0\"", "\">0-0\""), pick(m, "\"\"", "https://example.com", "file://../x"))
	text += pick(m, "", "", "  condition: "+name+".enabled\n", "  condition: a.b,"+name+".on,global.x\n", "  tags: [front]\n", "  tags: [back, front]\n  condition: "+name+".enabled\n")
	text += pick(m, "", "", "", m.either("", "  alias: other\n"), "  alias: "+name+"2\n")
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
	if m.one(12) && (m.wild || m.one(6)) {
		return m.value(1)
	}
	return v
}

func (m *maker) valuesText(values any) string {
	if m.one(40) && (m.wild || m.one(6)) {
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
			fmt.Fprintf(&b, "%s%s:\n%s", strings.Repeat(" ", indent), m.plainScalar(k), m.plainBlock(x[k], indent+2))
		}
		return b.String()
	}
	return strings.Repeat(" ", indent) + m.plainScalar(v) + "\n"
}

var escaped = strings.NewReplacer("\x7f", `\u007f`, "\ufeff", `\ufeff`, "\u0085", `\u0085`)

// plainScalar escapes what JSON lets pass and YAML doesn't, mostly.
func (m *maker) plainScalar(v any) string {
	if m.wild && m.one(8) {
		return encodeJSON(v)
	}
	return escaped.Replace(encodeJSON(v))
}

var kinds = []string{"ConfigMap", "Service", "Deployment", "Secret", "Namespace", "Job", "Pod", "Unknown", "Ingress", "ServiceAccount", "ClusterRole", "CustomResourceDefinition", "NetworkPolicy", "Alpha", "configmap", "APIService", "HorizontalPodAutoscaler"}

func (m *maker) templates(files map[string]string, folder, name string) {
	inner := &maker{r: m.r, size: 45, wild: m.wild && m.one(2), root: ".Values"}
	if m.n(3) > 0 {
		inner.called = true
		files[folder+"templates/_helpers.tpl"] = inner.action("define \""+name+".labels\"") + inner.body(1) + inner.action("end") + "\n{{- define \"one\" }}" + name + "{{ .Chart.Name }}{{- end }}\n"
		inner.called = false
		inner.defined = []string{"one", name + ".labels"}
	}
	for i := m.n(3); i >= 0; i-- {
		inner.size = 45
		var b strings.Builder
		for j := m.n(3); j >= 0; j-- {
			b.WriteString(m.document(inner))
			b.WriteString(pick(m, "---\n", "---\n", "--- \n", m.either("---\n", "---"), "\n---\n# c\n---\n", "...\n", "\n", "---  # x\n", " ---\n"))
		}
		files[folder+"templates/"+pick(m, "a.yaml", "b.yaml", "sub/c.yaml", "z.yml", "tests/t.yaml", "_partial.yaml", "x.txt", "sub/NOTES.txt", ".hidden.yaml")] = b.String()
	}
}

var objects = []string{"{{ .Release.Name }}", "{{ .Chart.Name }}-{{ .Chart.Version }}", "{{ toYaml .Values | nindent 2 }}", "{{ .Values | toJson | quote }}", "{{ toJson .Values }}", "{{ .Values.global | toJson }}", "{{ .Capabilities.KubeVersion }}", "{{ .Template.Name }}", "{{ .Template.BasePath }}", "{{ .Files.Get \"config.txt\" | quote }}",
	"{{ (.Files.Glob \"**\").AsConfig | nindent 2 }}", "{{ range $k, $v := .Files }}\n  {{ $k | quote }}: {{ $v | toString | quote }}{{ end }}", "{{ .Chart | toJson }}", "{{ toYaml .Chart | nindent 2 }}", "{{ .Subcharts | toJson }}", "{{ toYaml .Subcharts | nindent 2 }}", "{{ .Release | toJson }}", "{{ .Capabilities.APIVersions.Has \"v1\" }}",
	"{{ set .Values \"a\" 1 | toJson }}", "{{ unset .Values \"a\" | typeOf }}", "{{ required \"b is needed\" .Values.b }}", "{{ tpl (toJson .Values.d) . | quote }}", "{{ lookup \"v1\" \"Pod\" \"\" \"\" }}", "{{ .Values.AsMap | toJson }}",
	"{{ .Files.Lines \"config.txt\" | toJson }}", "{{ .Files.AsSecrets | quote }}", "{{ .Chart.Annotations | toJson }}", "{{ .Chart.IsRoot }}", "{{ .Values.YAML | quote }}", "{{ .Chart.Dependencies | toJson }}", "{{ .Chart.Maintainers | toJson }}", "{{ merge .Values (dict \"n\" 1) | toJson }}",
	"{{ mergeOverwrite (dict) .Values (dict \"s\" nil) | toJson }}", "{{ range $k, $v := .Values }}{{ kindOf $v }} {{ end }}", "{{ .Values.d | toYamlPretty | nindent 4 }}", "{{ .Values | toToml | quote }}", "{{ omit .Values \"global\" | toYaml | nindent 2 }}", "{{ deepCopy .Values | len }}"}

// What fails in most charts, and what prints Go's own words.
var wildObjects = []string{"{{ .Values }}", "{{ .Values.global }}", "{{ .Chart }}", "{{ .Subcharts }}", "{{ .Values.a.b }}", "{{ .Values.sub }}", "{{ .Release }}", "{{ required \"a is needed\" .Values.a }}", "{{ fail \"no\" }}", "{{ include \"one\" . }}", "{{ include \"none\" . }}", "{{ tpl (toJson .Values) . }}", "{{ template \"one\" . }}",
	"{{ .Values.global.x.y }}", "{{ .Chart.Foo }}", "{{ .Subcharts.sub.Values }}", "{{ index .Values \"a\" \"b\" }}", "{{ .Files.Lines \"config.txt\" }}", "{{ .Files.AsSecrets }}", "{{ .Chart.Annotations }}", "{{ .Chart.Maintainers }}"}

var annotations = []string{"helm.sh/hook: pre-install", "\"helm.sh/hook\": post-install,test", "helm.sh/hook: test", "helm.sh/hook: crd-install", "helm.sh/hook: nope", "helm.sh/hook: pre-install\n    helm.sh/hook-weight: \"5\"", "helm.sh/hook: pre-upgrade\n    helm.sh/hook-weight: -1", "helm.sh/hook: post-install\n    helm.sh/hook-weight: x",
	"a: 1", "a: true", "helm.sh/resource-policy: keep", "helm.sh/hook: test-success\n    helm.sh/hook-delete-policy: hook-succeeded", "helm.sh/hook: \" pre-install , post-delete\"", "a:"}
var wildAnnotations = []string{"a: {b: c}", "helm.sh/hook: [a]"}

func (m *maker) document(inner *maker) string {
	switch m.n(10) {
	case 0:
		if inner.wild {
			return inner.body(1)
		}
		return "# {{ .Release.Name }}\n{{/* c */}}\n"
	case 1:
		if inner.wild {
			return m.yamlText()
		}
		return m.plainBlock(m.dict(2), 0)
	case 2:
		return pick(m, "", "# only a comment\n", "\n\n", "{}\n", "null\n", m.either("", "- a\n"), m.either("", "text\n"), m.either("", "a: b: c\n"), "{{- /* c */ -}}\n", m.either("", "\t\n"))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", pick(m, "v1", "apps/v1", "1"), pick(m, kinds...), pick(m, "x", "b", "{{ .Release.Name }}", "{{ .Chart.Name }}", "1"))
	if m.one(4) {
		annotation := pick(m, annotations...)
		if inner.wild && m.one(4) {
			annotation = pick(m, wildAnnotations...)
		}
		fmt.Fprintf(&b, "  annotations:\n    %s\n", annotation)
	}
	for i := m.n(3); i > 0; i-- {
		key := fmt.Sprintf(pick(m, "x%d: ", "data%d: ", "spec%d:\n  y: "), i)
		switch {
		case inner.wild && m.one(4):
			b.WriteString(key + pick(m, wildObjects...) + "\n")
		case inner.wild && m.one(4):
			b.WriteString(key + "|\n    " + inner.statement(1) + "\n")
		case m.one(3): // whatever it prints, it is YAML
			name := fmt.Sprintf("%q", fmt.Sprintf("part%d", m.n(1000)))
			fmt.Fprintf(&b, "{{- define %s }}%s{{ end }}\n%s{{ include %s . | toJson }}\n", name, inner.statement(1), key, name)
		default:
			b.WriteString(key + pick(m, objects...) + "\n")
		}
	}
	return b.String()
}
