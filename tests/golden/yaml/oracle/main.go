// Prints what the real sigs.k8s.io/yaml and yaml.v3 make of random values and texts, a JSON object a line:
// {"op": "emit|pretty|read", "in": base64, "out": base64, "error": text}. oracle_test.cc compares ours with it.
//
//	go run . <seed> <cases>
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

var r *rand.Rand

func pick[T any](from ...T) T { return from[r.Intn(len(from))] }

var words = []string{"y", "n", "yes", "No", "on", "OFF", "true", "False", "null", "~", "", "0777", "0o17", "0b101", "0x1F",
	"1_000", "1:30", "12:30:45", "2001-01-01", "2001-1-2 3:4:5", "2001-01-01T00:00:00Z", "2001-02-30", ".inf", "-.INF",
	".nan", "1e3", "1.", ".5", "-", "- a", "? b", ": c", "a: b", "a:b", "#c", "a #b", "a#b", "&x", "*x", "!t", "|", ">", "'",
	"\"", "%", "@", "`", "{", "}", "[", "]", ",", "---", "...", "--- a", "<<", "=", "+12", "-0", "08", "0.0", "1e400", "_1",
	"0x", "18446744073709551615", "9223372036854775808", "-9223372036854775809", "é", "日本", "\U0001F600", "\u0085", "\u00a0", "\u2028", "\ufeff",
	"\x7f", "\t", "\r", "\x01", "\x1b", "\ufffe", "{{ .x }}", "0", "00", "-0b11", "1__0", "0.1e-7"}

var runes = []string{" ", " ", " ", " ", "\n", "a", "b", "0", "9", "Z", ":", ": ", " #", "-", "'", "\"", "\\", "é", "_", ".", "/",
	"lorem ", "ipsum ", "dolor ", "consectetur ", "  ", "\n\n", "\t", "http://example.com/a?b=c", "\U0001F600"}

func text() string {
	switch r.Intn(6) {
	case 0, 1:
		return pick(words...)
	case 2:
		return strings.ToLower(pick("Image", "name", "Ports", "a", "replicas")) + strconv.Itoa(r.Intn(120))
	}
	var b strings.Builder
	for n := r.Intn(pick(5, 10, 40)); n >= 0; n-- {
		if r.Intn(12) == 0 {
			b.WriteString(pick(words...))
		} else {
			b.WriteString(pick(runes...))
		}
	}
	return b.String()
}

func key() string {
	if r.Intn(300) == 0 {
		return strings.Repeat(pick("k", "k ", "é", "<", "\n"), pick(60, 128, 130, 510, 1100))
	}
	if r.Intn(3) == 0 {
		return text()
	}
	return pick("a", "b", "c", "A", "x-", "x_", "img", "k") + pick("", "0", "1", "01", "001", "2", "10", "a", "_", ".", "é")
}

func number() any {
	switch r.Intn(5) {
	case 0:
		return float64(r.Intn(2000) - 1000)
	case 1:
		return float64(r.Int63()) * math.Pow(10, float64(r.Intn(30)-15))
	case 2:
		return r.NormFloat64()
	case 3:
		return math.Pow(10, float64(r.Intn(44)-22))
	}
	return pick(0.0, 1e6, 1e20, 1e21, 1e-7, 123456789.5, 18446744073709551615.0, 9.3e18, 0.1)
}

func value(depth int) any {
	kind := r.Intn(10)
	if depth <= 0 {
		kind = r.Intn(6)
	}
	switch kind {
	case 0, 1, 2:
		return text()
	case 3:
		return number()
	case 4:
		return pick[any](true, false)
	case 5:
		return nil
	case 6, 7:
		list := []any{}
		for n := r.Intn(4); n > 0; n-- {
			list = append(list, value(depth-1))
		}
		return list
	}
	m := map[string]any{}
	for n := r.Intn(5); n > 0; n-- {
		m[key()] = value(depth - 1)
	}
	return m
}

var soup = []string{"a", "b", "k", "1", "'x'", "\"y\"", "\"\\u00e9\\n\"", "- ", "? ", ": ", ":", ",", "[", "]", "{", "}", "\n", "\n", "\n  ",
	"\n    ", " ", "  ", "&a ", "*a", "&b ", "*b", "<<: ", "!!str ", "!!int ", "!!float ", "!!binary ", "!foo ", "! ", "|\n", ">\n", "|-\n", ">+\n", "|2\n",
	"# c\n", " # c", "---\n", "--- ", "...\n", "%YAML 1.1\n", "~", "null", "true", "y", ".inf", "0777", "1.5", "k: v\n", "k: {a: 1}\n", "k: [1, 2]\n",
	"a: &a {x: 1}\n", "b: *a\n", "<<: *a\n", "<<: [*a, {x: 3, y: 2}]\n", "- a\n", "- - b\n", "  k: v\n", "  - v\n", "\t", "\"", "'", "aGk=", "é",
	"{{ .Values.x }}", "x y z", "k: |\n  line\n  more\n", "k: >-\n  fold\n  ed\n\n  para\n", "k: 'it''s\n  two'\n", "? [a, b]\n: c\n", "{a: b}: c\n"}

func soupText() string {
	var b strings.Builder
	for n := r.Intn(pick(4, 8, 16)); n >= 0; n-- {
		b.WriteString(pick(soup...))
	}
	return b.String()
}

func mutate(s []byte) []byte {
	for n := r.Intn(4); n >= 0 && len(s) > 0; n-- {
		at := r.Intn(len(s))
		switch r.Intn(4) {
		case 0:
			s = append(s[:at:at], s[at+1:]...)
		case 1:
			s = append(s[:at:at], append([]byte(pick(soup...)), s[at:]...)...)
		case 2:
			s[at] = pick[byte](' ', '\n', ':', '-', '\'', '"', '#', '{', ']', 'a', '\t', ',', '|', '&', '*')
		case 3:
			if to := at + r.Intn(8); to < len(s) {
				s = append(s, s[at:to]...)
			}
		}
	}
	return s
}

type result struct {
	Op    string `json:"op"`
	In    string `json:"in"`
	Out   string `json:"out"`
	Error string `json:"error,omitempty"`
}

var out = bufio.NewWriter(os.Stdout)

func put(op string, in, to []byte, err error) {
	line := result{op, base64.StdEncoding.EncodeToString(in), base64.StdEncoding.EncodeToString(to), ""}
	if err != nil {
		line.Error, line.Out = err.Error(), ""
	}
	b, _ := json.Marshal(line)
	out.Write(append(b, '\n'))
}

func read(in []byte) {
	var v any
	to, err := yaml.YAMLToJSON(in)
	if err == nil {
		err = json.Unmarshal(to, &v)
	}
	put("read", in, to, err)
}

func main() {
	seed, _ := strconv.ParseInt(os.Args[1], 10, 64)
	count, _ := strconv.Atoi(os.Args[2])
	r = rand.New(rand.NewSource(seed))
	for i := 0; i < count; i++ {
		v := value(4)
		in, _ := json.Marshal(v)
		to, err := yaml.Marshal(v)
		put("emit", in, to, err)
		var pretty bytes.Buffer
		encoder := yaml3.NewEncoder(&pretty)
		encoder.SetIndent(2)
		err = encoder.Encode(v)
		put("pretty", in, pretty.Bytes(), err)
		read(to)
		read(mutate(to))
		read([]byte(soupText()))
		read([]byte(fmt.Sprintf("%s: %s\n", pick(words...), pick(words...))))
	}
	for i, a := range words {
		for _, b := range words[i:] {
			read([]byte("k: " + a + b + "\n"))
		}
	}
	out.Flush()
}
