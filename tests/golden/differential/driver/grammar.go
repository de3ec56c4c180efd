package main

import (
	"fmt"
	"slices"
	"strings"
)

// template is a whole text with the templates that it defines.
func (m *maker) template() string {
	m.wild = m.one(3)
	var b strings.Builder
	for i := m.n(3); i > 0; i-- {
		name := pick(m, "one", "two", "a/b", "test.name", "é")
		if slices.Contains(m.defined, name) && m.n(10) > 0 {
			continue
		}
		variables, loops := m.variables, m.loops
		m.variables, m.loops, m.called = nil, 0, true
		b.WriteString(m.action("define "+m.quoted(name)) + m.body(1) + m.action("end"))
		m.variables, m.loops, m.called = variables, loops, false
		m.defined = append(m.defined, name)
	}
	b.WriteString(m.body(pick(m, 1, 2, 3)))
	text := b.String()
	if m.wild && m.one(6) {
		return m.spoil(text, templateSigns)
	}
	return text
}

var templateSigns = []string{"{{", "}}", "{{-", "-}}", "{{- ", " -}}", "{{/*", "*/}}", "|", "(", ")", ".", "$", "$x", ":=", "=", ",", "\"", "`", "'", "\\", " ", "\n", "nil", "end", "{{end}}", "{{else}}", "else", "0", "1.5", ".a", "é", "\x00", "{", "}", "{{break}}", "-", "+", "!", "\t"}

func (m *maker) action(text string) string {
	left := pick(m, "{{", "{{", "{{ ", "{{- ", "{{-\n", "{{\n")
	right := pick(m, "}}", "}}", " }}", " -}}", "\n-}}")
	return left + text + right
}

func (m *maker) body(depth int) string {
	var b strings.Builder
	variables := m.variables
	for i := m.n(pick(m, 1, 2, 3)); i >= 0; i-- {
		b.WriteString(m.plain())
		b.WriteString(m.statement(depth))
	}
	b.WriteString(m.plain())
	m.variables = variables
	return b.String()
}

func (m *maker) plain() string {
	return pick(m, "", "", "", "\n", " ", "  \n  ", "x", "a: ", "- ", "{ ", "}", "\t", "é", " text ", "\r\n", "<no value>", "---\n")
}

// pipeline writes an expression that may be passed on to functions.
func (m *maker) pipeline(kind byte) string {
	var text string
	gives := string(kind)
	if m.n(3) > 0 {
		s := m.function(signatures)
		gives = s.gives
		text = m.call(s, 2)
	} else {
		text = m.expression(kind, 2)
	}
	for m.one(3) {
		s := m.function(takingLast(gives, m.wild))
		if len(s.takes) > 0 {
			gives = s.gives
			arguments := m.arguments(s.takes)
			text += pick(m, " | ", "|") + s.name
			for i := 0; i+1 < len(arguments); i++ {
				text += " " + m.expression(arguments[i], 1)
			}
		}
	}
	if m.wild && m.one(25) {
		text = text + pick(m, " | .s", " | 1", " | \"x\"", " | nil", " |", " | $", " | (upper)")
	}
	return text
}

func (m *maker) variable() string {
	name := pick(m, "x", "y", "z", "é", "v1")
	m.variables = append(slices.Clip(m.variables), name)
	return "$" + name
}

func (m *maker) statement(depth int) string {
	m.size++
	kind := m.n(16)
	if depth <= 0 || m.size > 80 {
		kind = m.n(7)
	}
	switch kind {
	default:
		return m.action(m.pipeline('a'))
	case 4:
		value := m.pipeline('a')
		return m.action(m.variable() + " := " + value)
	case 5:
		if len(m.variables) > 0 {
			return m.action("$" + pick(m, m.variables...) + " = " + m.pipeline('a'))
		}
		if m.wild {
			return m.action(pick(m, "$.x = 1", "$nope = 2", "$nope", "$", "break", "continue"))
		}
		return m.action("$")
	case 6:
		if m.wild || len(m.defined) == 0 {
			return pick(m, "{{/* c */}}", "{{- /* c\n */ -}}", "{{/* c */ -}}", "{{/**/}}", "{{- /* a }} b */}}") + m.odd(6, "{{ /* c */ }}", "{{/* c */x}}")
		}
		return pick(m, "{{/* c */}}", m.action("template "+m.literal('N')+pick(m, "", " .", " "+m.expression('a', 1))))
	case 7, 8:
		return m.branch("if", depth)
	case 9, 10:
		return m.branch("with", depth)
	case 11, 12, 13:
		return m.loop(depth)
	case 14:
		name := fmt.Sprintf("block%d", m.size)
		text := m.action(fmt.Sprintf("block %s %s", m.quoted(name), m.expression('a', 1)))
		variables, called := m.variables, m.called
		m.variables, m.called = nil, true
		text += m.body(depth-1) + m.action("end")
		m.variables, m.called = variables, called
		m.defined = append(m.defined, name)
		return text
	case 15: // a template
		if !m.wild && len(m.defined) == 0 {
			return m.plain()
		}
		return m.action("template " + m.literal('N') + pick(m, "", " .", " $", " "+m.expression('a', 1)))
	}
}

func (m *maker) branch(word string, depth int) string {
	variables := m.variables
	declared := m.pipeline("badl"[m.n(4)])
	if m.one(4) {
		declared = m.variable() + " := " + declared
	}
	var b strings.Builder
	moved := m.moved
	m.moved = m.moved || word == "with"
	b.WriteString(m.action(word+" "+declared) + m.body(depth-1))
	m.moved = moved
	for m.one(4) {
		next := word
		if m.wild {
			next = pick(m, word, word, "if", "with")
		}
		condition := m.pipeline('a')
		m.moved = m.moved || next == "with"
		b.WriteString(m.action("else "+next+" "+condition) + m.body(depth-1))
		m.moved = moved
	}
	if m.one(2) {
		b.WriteString(m.action("else") + m.body(depth-1))
	}
	m.variables = variables
	b.WriteString(m.action("end"))
	return b.String()
}

func (m *maker) loop(depth int) string {
	variables := m.variables
	over := m.expression("llddlS"[m.n(6)], 2)
	if m.one(3) {
		over = pick(m, m.expression('l', 2), "3", "(until 4)", "0", "-1", "(dict \"b\" 1 \"a\" 2)") + m.odd(8, " .n")
	}
	switch m.n(4) {
	case 0:
		over = m.variable() + pick(m, " := ", ":=", " := ", " = ") + over
	case 1:
		over = m.variable() + pick(m, ", ", ",", " , ") + m.variable() + pick(m, " := ", " := ", " = ") + over
	}
	moved := m.moved
	m.moved = true
	m.loops++
	body := m.body(depth - 1)
	if m.one(4) {
		body += m.action("if "+m.expression('b', 1)) + m.action(pick(m, "break", "continue")) + m.action("end") + m.plain()
	}
	m.loops--
	m.moved = moved
	text := m.action("range "+over) + body
	if m.one(3) {
		text += m.action("else") + m.body(depth-1)
	}
	m.variables = variables
	return text + m.action("end")
}
