package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func encodeJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// block writes a value as people write YAML: mostly well.
func (m *maker) block(v any, indent int) string {
	pad := strings.Repeat(" ", indent)
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return pad + "{}\n"
		}
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(x)) {
			b.WriteString(pad + m.scalar(k) + ":" + m.child(x[k], indent))
		}
		return b.String()
	case []any:
		if len(x) == 0 {
			return pad + "[]\n"
		}
		var b strings.Builder
		for _, item := range x {
			b.WriteString(pad + "-" + m.child(item, indent))
		}
		return b.String()
	}
	return pad + m.scalar(v) + "\n"
}

func (m *maker) child(v any, indent int) string {
	mark := pick(m, " ", " ", " ", " ", "  ", " &a ", " !!str ", " !t ", " # c\n"+strings.Repeat(" ", indent+2))
	switch x := v.(type) {
	case map[string]any:
		if len(x) > 0 {
			return strings.TrimRight(mark, " ") + "\n" + m.block(v, indent+2)
		}
	case []any:
		if len(x) > 0 {
			return strings.TrimRight(mark, " ") + "\n" + m.block(v, indent+pick(m, 0, 2))
		}
	case string:
		if m.one(5) {
			pad := strings.Repeat(" ", indent+2)
			return " " + pick(m, "|", ">", "|-", ">-", "|+", ">+", "|2", ">1-") + "\n" + pad + strings.ReplaceAll(x, "\n", "\n"+pad) + "\n"
		}
	}
	if m.one(12) {
		return pick(m, " *a\n", " [a, *a]\n", "\n", " {x: 1, y: [z]}\n")
	}
	return mark + m.scalar(v) + "\n"
}

func (m *maker) scalar(v any) string {
	s, ok := v.(string)
	if !ok {
		return encodeJSON(v)
	}
	switch m.n(5) {
	case 0:
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	case 1:
		return strconv.Quote(s)
	case 2:
		return encodeJSON(s)
	}
	return s
}

var pieces = []string{"a", "b", "k", "1", "'x'", "\"y\"", "\"\\u00e9\\n\"", "- ", "? ", ": ", ":", ",", "[", "]", "{", "}", "\n", "\n", "\n  ",
	"\n    ", " ", "  ", "&a ", "*a", "&b ", "*b", "<<: ", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!binary ", "!!map ", "!!seq ", "!!set ", "!!timestamp ", "!foo ", "! ", "!<x> ", "!e!x ", "|\n", ">\n", "|-\n", ">+\n", "|2\n",
	"# c\n", " # c", "---\n", "--- ", "...\n", "%YAML 1.1\n", "%YAML 1.2\n---\n", "%TAG !e! tag:e,2000:\n---\n", "%FOO\n", "~", "null", "true", "y", ".inf", "0777", "1.5", "k: v\n", "k: {a: 1}\n", "k: [1, 2]\n",
	"a: &a {x: 1}\n", "b: *a\n", "<<: *a\n", "<<: [*a, {x: 3, y: 2}]\n", "- a\n", "- - b\n", "  k: v\n", "  - v\n", "\t", "\"", "'", "aGk=", "é", "\u2028", "\u0085", "\ufeff", "\r\n", "\r",
	"{{ .Values.x }}", "x y z", "k: |\n  line\n  more\n", "k: >-\n  fold\n  ed\n\n  para\n", "k: 'it''s\n  two'\n", "k: \"a\\\n  b\"\n", "? [a, b]\n: c\n", "{a: b}: c\n", "[a]: b\n", "a:\n- b\n", "@", "`", "%", "\x01", "k: v # c\n", "a#b", "a: b: c\n", "-", "--", "\\", "\\x", "\"\\x41\\_\\N\\L\\P\\e\\/\"", "2001-01-01", "1:30", "=", "<<"}

// soup is a text of YAML's signs in any order.
func (m *maker) soup(most int) string {
	var b strings.Builder
	for i := m.n(most); i >= 0; i-- {
		b.WriteString(pick(m, pieces...))
	}
	return b.String()
}

// spoil changes some bytes of a text.
func (m *maker) spoil(s string, with []string) string {
	for i := m.n(3); i >= 0 && len(s) > 0; i-- {
		at := m.n(len(s))
		switch m.n(4) {
		case 0:
			s = s[:at] + s[at+1:]
		case 1:
			s = s[:at] + pick(m, with...) + s[at:]
		case 2:
			end := min(at+m.n(8), len(s))
			s = s[:at] + s[end:]
		case 3:
			end := min(at+m.n(12), len(s))
			s += s[at:end]
		}
	}
	return s
}

// yamlText is a text for the reader.
func (m *maker) yamlText() string {
	switch m.n(5) {
	case 0:
		return m.soup(16)
	case 1:
		return m.spoil(m.block(m.value(4), 0), pieces)
	case 2:
		return pick(m, odd...) + pick(m, ": ", ":", "\n", " ") + pick(m, odd...) + "\n"
	}
	return m.block(m.value(4), 0)
}
