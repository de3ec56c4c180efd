package main

// A flag of `helm template`: --set, --set-string, --set-json, --set-literal.
type flagText struct {
	Kind string `json:"kind"`
	Text []byte `json:"text"`
}

var setSigns = []string{"a", "b", "c", "name", ".", ".", "=", "=", ",", ",", "[", "]", "[0]", "[1]", "[2]", "{", "}", "{a,b}", "\\", "\\,", "\\.", "\\[", "\\=", "1", "0", "-1", "true", "null", "1.5", "0123", "1e3", "9223372036854775808", " ", "\"", "'", "é", "a.b", "a.b.c", "a[0]", "a[0].b", "x=1", "=null", "=true",
	"{\"a\":1}", "[1,2]", "\"q\"", ",,", "==", "[-1]", "[65537]", "[x]", "[ 1]", "[0][1]", "}{", "\n", "..", ".a", "a.", "false", "{}", "{,}", "{ }", "a\\.b/c"}

func (m *maker) setText() string {
	text := ""
	if m.n(3) > 0 {
		for i := m.n(3); i >= 0; i-- {
			text += m.setPath() + pick(m, "=", "=", "=", "=", "", "==") + pick(m, "1", "v", "", "true", "null", "{a,b}", "{1,2,x}", "1.5", "0123", "x y", "a\\,b", "{", "-0", "007", "[1]", "{\"k\":[1]}", "9007199254740993", "é", "\"s\"", "{}", "False", "x=y", "a.b")
			if i > 0 {
				text += pick(m, ",", ",", ",", ", ", ",,", "")
			}
		}
		if m.n(5) > 0 {
			return text
		}
	}
	for i := m.n(8); i > 0; i-- {
		text += pick(m, setSigns...)
	}
	return text
}

func (m *maker) setPath() string {
	path := pick(m, "a", "b", "c", "l", "m", "n", "x\\.y", "é", "a b", "")
	for m.one(2) {
		path += pick(m, ".a", ".b", ".x", "[0]", "[1]", "[2]", "[0].a", "[1][0]", ".", "[", "[]", "[3]", "\\[0]")
	}
	return path
}

func (m *maker) flags(most int) []flagText {
	var flags []flagText
	for i := m.n(most) + 1; i > 0; i-- {
		flags = append(flags, flagText{pick(m, "set", "set", "set", "string", "json", "literal"), []byte(m.setText())})
	}
	return flags
}
