package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// maker makes random things; the same seed makes the same ones.
type maker struct {
	r *rand.Rand

	// Of the template that is being made: variables in sight, templates that are defined, loops around.
	variables []string
	defined   []string
	loops     int
	size      int
	moved     bool   // dot is not the data
	called    bool   // $ is not the data
	root      string // what leads from dot to the data: "" or ".Values"
	wild      bool   // now and then something of a wrong kind, a wrong number of arguments, broken syntax
}

func newMaker(seed uint64) *maker { return &maker{r: rand.New(rand.NewPCG(seed, 0x6175746f))} }

func (m *maker) n(below int) int      { return m.r.IntN(below) }
func (m *maker) one(inCases int) bool { return m.r.IntN(inCases) == 0 }

func pick[T any](m *maker, from ...T) T { return from[m.n(len(from))] }

// What is odd in one of the languages that a chart is written in.
var odd = []string{"", " ", "a", "b", "x y", "foo bar baz", "Hello, World!", "UPPER lower", "fooBarBaz", "foo_bar-baz.qux", "HTTPServer2",
	"  padded  ", "tab\there", "line\nline two\n", "\n", "\r\n", "a\nb\n\nc", "trailing \nspace", "  two", "\ttab first", "no\\escape", "quo\"te", "it's", "back`tick",
	"true", "false", "yes", "no", "y", "N", "on", "Off", "null", "~", "0", "1", "-1", "42", "007", "0x1F", "0o17", "0b11", "1_000", "1.5", "1.", ".5", "-0", "1e3", "1E-7",
	"1e400", "Inf", "NaN", ".inf", ".nan", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1:30", "12:30:45", "2001-01-01", "2001-12-14t21:59:43.10-05:00",
	"é", "ß", "İ", "ǆ", "日本語", "\U0001F600", "e\u0301", "\u200b", "\u00a0", "\u2028", "\ufeff", "\u0085", "\ufffd", "\x7f", "\x00", "\x1b", "ﬁ", "Ω", "ı", "ſ", "K",
	"<a href=\"x\">&amp;</a>", "a&b=c d", "{}", "[]", "{a: b}", "[1, 2]", "a: b", "- a", "# c", "&a", "*a", "!t", "|", ">", "%d", "%", "@x", "---", "...", "<<", "=", ": ", "a #b",
	"{{ .x }}", "{{", "}}", "{{.a}}-{{.s}}", "$1", "${1}", "a,b,c", "a/b/c", "../x", "/a//b/../c.tar.gz", "k=v", "v1.2.3", "1.2.3-rc.1+b5", "https://u:p@h:80/p?q=1#f",
	strings.Repeat("long ", 30), strings.Repeat("x", 130), "apple", "banana", "cherry", "app.kubernetes.io/name", "100m", "1Gi", "Mon, 02 Jan 2006", "<no value>", "%!d(string=x)"}

// text is some text: one of the odd ones, or several in a row.
func (m *maker) text() string {
	if m.n(4) > 0 {
		return pick(m, odd...)
	}
	var b strings.Builder
	for i := m.n(4); i >= 0; i-- {
		b.WriteString(pick(m, odd...))
		b.WriteString(pick(m, "", "", " ", "-", "\n", ".", ","))
	}
	return b.String()
}

func (m *maker) key() string {
	if m.one(6) {
		return m.text()
	}
	return pick(m, "a", "b", "c", "x", "y", "name", "image", "ports", "a1", "a10", "a2", "n", "0", "_k", "x-y", "a.b", "É")
}

func (m *maker) number() float64 {
	switch m.n(7) {
	case 0, 1, 2:
		return float64(m.n(20) - 5)
	case 3:
		return float64(m.n(4000)-2000) / 8
	case 4:
		return m.r.NormFloat64() * 1000
	case 5:
		return float64(m.r.Int64())
	}
	return pick(m, 0, 1, 1e6, 1234567, 1e20, 1e21, 1e-7, 123456789.5, 9007199254740993, 0.1, 1e100, -1e-9, 2147483648, 9.3e18, 18446744073709551615)
}

// value is a JSON value.
func (m *maker) value(depth int) any {
	kind := m.n(11)
	if depth <= 0 {
		kind = m.n(7)
	}
	switch kind {
	case 0, 1, 2:
		return m.text()
	case 3, 4:
		return m.number()
	case 5:
		return m.one(2)
	case 6:
		return nil
	case 7, 8:
		list := []any{}
		same := m.one(2)
		for i := m.n(5); i > 0; i-- {
			if same && len(list) > 0 {
				list = append(list, m.like(list[0]))
			} else {
				list = append(list, m.value(depth-1))
			}
		}
		return list
	}
	return m.dict(depth)
}

func (m *maker) dict(depth int) map[string]any {
	dict := map[string]any{}
	for i := m.n(5); i > 0; i-- {
		dict[m.key()] = m.value(depth - 1)
	}
	return dict
}

func (m *maker) like(v any) any {
	switch v.(type) {
	case string:
		return m.text()
	case float64:
		return m.number()
	}
	return m.value(0)
}

// data is what a template sees: the names that paths() knows, most of them with the kind that they promise.
func (m *maker) data() map[string]any {
	data := map[string]any{"s": m.text(), "t": m.text(), "n": m.number(), "f": m.number(), "b": m.one(2), "z": nil, "l": []any{}, "m": m.dict(2), "d": map[string]any{
		"x": m.value(1), "y": map[string]any{"z": m.text(), "n": m.number()}, "l": []any{m.text(), m.text()}}}
	list := []any{}
	for i := m.n(5); i > 0; i-- {
		list = append(list, m.value(1))
	}
	data["l"] = list
	strs := []any{}
	for i := m.n(5); i > 0; i-- {
		strs = append(strs, m.text())
	}
	data["ss"] = strs
	numbers := []any{}
	for i := m.n(4); i > 0; i-- {
		numbers = append(numbers, m.number())
	}
	data["nn"] = numbers
	if m.one(3) {
		data[m.key()] = m.value(2)
	}
	if m.one(5) {
		delete(data, pick(m, "s", "n", "l", "m", "d", "ss"))
	}
	return data
}

// quoted writes a Go string literal as templates take it.
func (m *maker) quoted(s string) string {
	if m.one(5) && !strings.ContainsAny(s, "`\r") {
		return "`" + s + "`"
	}
	if m.wild && m.one(20) {
		return `"` + s + pick(m, `\xff`, `\u00e9`, `\377`, `\U0001F600`, `\a\b\f\v`, `\'`, `\q`, `\ud800`, "\xff") + `"`
	}
	return strconv.Quote(s)
}

func (m *maker) integer() string {
	switch m.n(12) {
	case 0:
		if m.wild && m.one(2) {
			return pick(m, "08", "1__0", "1e1000", "''", "'ab'", "18446744073709551616", "0x")
		}
		return pick(m, "0x1F", "0b101", "0o17", "017", "1_000", "0x_F", "'a'", "'\\n'", "'é'", "'\\''", "1e3", "0x1p4", "-0", "+7")
	case 1:
		if !m.wild {
			break
		}
		return pick(m, "2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615")
	case 2:
		return strconv.Itoa(m.n(200) - 20)
	}
	return strconv.Itoa(m.n(9) - 1)
}

func (m *maker) float() string {
	if m.one(6) {
		return pick(m, "1e6", "1e21", "1e-7", "0x1.8p1", ".5", "5.", "1_0.5", "1i", "1.5i", "1e400", "-0.0", "0.1", "123456789.123")
	}
	return strconv.FormatFloat(m.number(), pick[byte](m, 'g', 'f', 'e'), pick(m, -1, 2), 64)
}

func (m *maker) duration() string {
	return pick(m, "1h", "-1.5h", "90m", "1h30m15.5s", "300ms", "2us", "2µs", "5ns", "", "1", "0", "x", "1d", "-", "1h-2m", ".5s", "100000000h", "95", "2562047h47m16.854775807s", "36h")
}

func (m *maker) version() string {
	if m.one(8) {
		return m.text()
	}
	v := fmt.Sprintf("%s%d", pick(m, "", "", "", "v", "V", "="), m.n(4))
	for i := m.n(4); i > 0; i-- {
		v += fmt.Sprintf(".%d", m.n(12))
	}
	return v + pick(m, "", "", "", "-0", "-rc.1", "-alpha", "-alpha.beta.2", "-01", "+build.5", "-rc1+b", "-", "+", " ", "-gke.100")
}

func (m *maker) constraint() string {
	var b strings.Builder
	for i := m.n(3); i >= 0; i-- {
		b.WriteString(pick(m, "", "", "=", "!=", ">", "<", ">=", "<=", "=>", "=<", "~", "~>", "^", "==", "!", "> ", ">= ", "^ "))
		b.WriteString(pick(m, m.version(), m.version(), m.version(), "*", "x", "1.x", "1.2.X", "1.*", "1.x.3"))
		if i > 0 {
			b.WriteString(pick(m, " ", ", ", ",", " || ", "||", " - ", "-", "  ", " , "))
		}
	}
	return b.String()
}

func (m *maker) regex() string {
	if m.wild && m.one(8) {
		return m.text()
	}
	var b strings.Builder
	for i := m.n(4); i >= 0; i-- {
		if !m.wild {
			b.WriteString(pick(m, "a", "b", "o", "l", ".", `\d`, `\w`, `\s`, "[a-z]", "[^a-z]", "[[:alpha:]]", `\pL`, `\p{Greek}`, "(a|b)", "(?:o+)", "(?P<n>o)", "(?i)A", "(?s:.)", "(?m:^)", `\.`, "[0-9]+", "-", `\x41`, "é", "()", "(b?)") + pick(m, "", "", "", "+", "*", "?", "{2}", "{0,2}", "+?", "*?"))
			continue
		}
		b.WriteString(pick(m, "a", "b", "o", "l", ".", `\d`, `\w`, `\s`, `\b`, "[a-z]", "[^a-z]", "[[:alpha:]]", `\pL`, `\p{Greek}`, "(a|b)", "(?:o+)", "(?P<n>o)", "(?<m>l)", "(?i)A", "(?s).",
			"(?m)^", "^", "$", `\.`, "[0-9]+", "x*", "-", `\x41`, `\Q.\E`, "(?-s:.)", "()", "|", "é", `\z`, `\A`, `\C`, "(?=a)", `\1`, "(", "[", "]", "[z-a]", "a{1001}", `\8`, "(?P<n", `\pX`, "a**", "**", "[\\"))
		b.WriteString(pick(m, "", "", "", "+", "*", "?", "{2}", "{1,}", "{0,2}", "+?", "*?", "??"))
	}
	return b.String()
}

func (m *maker) path() string {
	return pick(m, "", ".", "..", "/", "//", "a", "/a", "a/", "/a/b.c", "a/../b", "./a", "/../a", "a//b", "a.tar.gz", ".hidden", "a/.hidden.x", "/a/b/", "é/ü.ß", "a b/c d", m.text())
}

func (m *maker) url() string {
	if m.one(6) {
		return m.text()
	}
	return pick(m, "http", "https", "ftp", "", "1x", "a+b", "mailto") + pick(m, "://", "://", "://", ":", "//", "") + pick(m, "", "", "u@", "u:p@", "u%41:p%40@", ":@", "a b@") +
		pick(m, "h", "example.com", "[::1]", "[fe80::1%25en0]", "h:80", "h:", "h:x", "", "EXAMPLE.com", "é.com", "a b", "%41") + pick(m, "", "/", "/a/b", "/a%20b", "/a b", "/%zz", "/../x", "//x", "/é", "*") +
		pick(m, "", "", "?", "?q=1", "?a=b&c=d", "?é", "?a b") + pick(m, "", "", "#", "#f", "#a b", "#%zz", "#é")
}

func (m *maker) layout() string {
	if m.one(3) {
		return pick(m, "2006-01-02", "2006-01-02T15:04:05Z07:00", "Mon, 02 Jan 2006 15:04:05 MST", "02 Jan 06 15:04 -0700", "3:04PM", "Jan _2 15:04:05.000", "")
	}
	var b strings.Builder
	for i := m.n(5); i >= 0; i-- {
		b.WriteString(pick(m, "2006", "06", "01", "1", "Jan", "January", "02", "2", "_2", "002", "__2", "Mon", "Monday", "15", "03", "3", "04", "4", "05", "5", "PM", "pm", "MST", "Z07:00", "Z0700", "-07", "-0700",
			"-07:00:00", "Z07:00:00", ".000", ".999", ",000", ".000000000", "x", "é", "20", "0", "Janu", "0x"))
		b.WriteString(pick(m, "", " ", "-", ":", "/", "T"))
	}
	return b.String()
}

func (m *maker) date() string {
	return pick(m, "2001-02-03", "2001-02-30", "1969-12-31", "0001-01-01", "9999-12-31", "2001-02-03T04:05:06Z", "2024-02-29T23:59:59+02:00", "Mon, 02 Jan 2006 15:04:05 UTC", "3:04AM", m.text())
}

func (m *maker) zone() string {
	return pick(m, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Local", "", "Nowhere/X", "EST", "Australia/Lord_Howe", "../etc/passwd")
}

func (m *maker) json() string {
	if m.one(3) {
		return pick(m, "", "{", "[", "[1,]", "{\"a\":}", "{\"a\":1}{", "nul", "truex", "\"\\u12\"", "\"\\ud800\"", "1e999", "01", "-", "{1:2}", "[1 2]", "\"a\nb\"", "{\"a\":1,\"a\":2}", "[[[[1]]]]", " null ", "'a'", m.text())
	}
	return encodeJSON(m.value(2))
}

func (m *maker) yaml() string {
	if m.one(2) {
		return m.soup(6)
	}
	return m.block(m.dict(2), 0)
}

func (m *maker) toml() string {
	var b strings.Builder
	for i := m.n(4); i > 0; i-- {
		b.WriteString(pick(m, "a = 1\n", "b = \"x\"\n", "c = [1, 2]\n", "[t]\n", "[[r]]\n", "d = {x = 1}\n", "e = 2001-01-01\n", "f = 1.5e3\n", "g = true\n", "a.b = 'x'\n", "h = 0x1F\n", "x = \n", "# c\n", "\"q r\" = 1\n",
			"[t.u]\n", "i = \"\"\"a\nb\"\"\"\n", "j = 1979-05-27T07:32:00Z\n", "k = inf\n", "= 1\n", "l = [1, \"a\"]\n", "m = 07:32:00\n", "n = 'é'\n"))
	}
	return b.String()
}
