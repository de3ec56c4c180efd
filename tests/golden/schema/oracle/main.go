// Prints what the real jsonschema/v6 says of random values and schemas, a JSON object a line: {"schema": text, "values":
// text, "errors": [texts]}. Go's map order changes the text from run to run: all that were seen are listed.
//
//	go run . <seed> <cases>
package main

import (
	"bufio"
	"encoding/json"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var r *rand.Rand

func pick[T any](from ...T) T { return from[r.Intn(len(from))] }

type object = map[string]any

var drafts = []string{"http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#",
	"http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema", ""}

var draft string

func old() bool { return draft == drafts[0] }

func value(depth int) any {
	kind := r.Intn(8)
	if depth <= 0 {
		kind = r.Intn(5)
	}
	switch kind {
	case 0:
		return pick("a", "b", "x'y", "aa", "é", "2001-01-01", "1.2.3.4", "http://x/y", "a@b.c", "", "\n")
	case 1, 2:
		return pick[any](0, 1, -1, 2.5, 3, 10, 1e6, 1234567.5, 0.3, 100000)
	case 3:
		return pick[any](true, false)
	case 4:
		return nil
	case 5:
		list := []any{}
		for n := r.Intn(4); n > 0; n-- {
			list = append(list, value(depth-1))
		}
		return list
	}
	m := object{}
	for n := r.Intn(4); n > 0; n-- {
		m[pick("a", "b", "c", "d", "a/b")] = value(depth - 1)
	}
	return m
}

func kinds() any {
	all := []string{"null", "boolean", "number", "integer", "string", "array", "object"}
	if r.Intn(3) > 0 {
		return pick(all...)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+r.Intn(3)]
}

func schema(depth int) any {
	if !old() && r.Intn(20) == 0 {
		return pick(true, false)
	}
	s := object{}
	for n := r.Intn(4); n >= 0; n-- {
		keyword(s, depth)
	}
	return s
}

func list(depth, least int) []any {
	out := []any{}
	for n := least + r.Intn(3); n > 0; n-- {
		out = append(out, schema(depth-1))
	}
	return out
}

func properties(depth int) object {
	out := object{}
	for n := r.Intn(3); n >= 0; n-- {
		out[pick("a", "b", "c", "a/b")] = schema(depth - 1)
	}
	return out
}

func keyword(s object, depth int) {
	small := func() int { return r.Intn(4) }
	if depth > 0 && r.Intn(2) == 0 {
		switch r.Intn(14) {
		case 0, 1, 2, 3:
			s["properties"] = properties(depth)
		case 4:
			s["additionalProperties"] = pick[any](false, schema(depth-1))
		case 5:
			s["items"] = schema(depth - 1)
		case 6:
			s["allOf"] = list(depth, 1)
		case 7:
			s["anyOf"] = list(depth, 1)
		case 8:
			s["oneOf"] = list(depth, 1)
		case 9:
			s["not"] = schema(depth - 1)
		case 10:
			s["patternProperties"] = object{pick("^a", "b$", "."): schema(depth - 1)}
		case 11:
			if !old() {
				s["contains"] = schema(depth - 1)
				// Below the root, jsonschema/v6 names whatever place it looked at last.
				if depth == 3 {
					s["propertyNames"] = schema(depth - 1)
				}
			}
		case 12:
			s["if"], s["then"], s["else"] = schema(depth-1), schema(depth-1), schema(depth-1)
			if old() {
				delete(s, "if")
			}
		case 13:
			s[pick("unevaluatedProperties", "unevaluatedItems")] = schema(depth - 1)
		}
		return
	}
	switch r.Intn(17) {
	case 0, 1, 2:
		s["type"] = kinds()
	case 3:
		s["enum"] = []any{value(1), value(1)}
	case 4:
		if !old() {
			s["const"] = value(1)
		}
	case 5:
		s["minimum"] = pick[any](0, 2, 1500, 12345678, 0.5)
	case 6:
		s["maximum"] = pick[any](0, 2, 1500, 0.5)
	case 7:
		s["minLength"] = pick(1, 2, 1000)
	case 8:
		s["maxLength"] = small()
	case 9:
		s["minItems"] = small()
	case 10:
		s["uniqueItems"] = true
	case 11:
		s["required"] = []any{pick("a", "b"), pick("c", "d'")}
	case 12:
		s["maxProperties"] = small()
	case 13:
		s["pattern"] = pick("^a", "b+", "[0-9]{2}", "(?i)A")
	case 14:
		s["$ref"] = pick("#/definitions/x", "#/definitions/y")
	case 15:
		s["format"] = pick("date", "ipv4", "uri", "email", "hostname", "date-time", "ipv6", "uuid", "duration", "regex")
	case 16:
		s["multipleOf"] = pick[any](0.1, 2, 0.3)
	}
}

// spoil gives some keyword, somewhere, a value that its metaschema may not like.
func spoil(s any) {
	m, ok := s.(object)
	if !ok {
		return
	}
	if inner, ok := m["properties"].(object); ok && r.Intn(2) == 0 {
		for _, name := range []string{"a", "b", "c"} {
			if _, ok := inner[name].(object); ok {
				spoil(inner[name])
				return
			}
		}
	}
	m[pick("type", "required", "enum", "minLength", "maximum", "exclusiveMinimum", "multipleOf", "pattern", "properties",
		"patternProperties", "additionalProperties", "items", "allOf", "not", "dependencies", "title", "examples", "uniqueItems",
		"definitions", "$comment", "minContains", "dependentRequired", "prefixItems", "$anchor", "if", "format", "readOnly")] = value(2)
}

func compile(doc any) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AddResource("file:///values.schema.json", doc)
	return compiler.Compile("file:///values.schema.json")
}

func main() {
	seed, _ := strconv.ParseInt(os.Args[1], 10, 64)
	count, _ := strconv.Atoi(os.Args[2])
	r = rand.New(rand.NewSource(seed))
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < count; i++ {
		draft = pick(drafts...)
		s := schema(3)
		if m, ok := s.(object); ok {
			if draft != "" {
				m["$schema"] = draft
			}
			m["definitions"] = object{"x": schema(1), "y": schema(2)}
		}
		if r.Intn(4) == 0 {
			spoil(s)
		}
		text, _ := json.Marshal(s)
		values := object{"a": value(2), "b": value(2), pick("c", "d"): value(1)}
		vtext, _ := json.Marshal(values)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			continue
		}
		var v any
		json.Unmarshal(vtext, &v)
		seen := map[string]bool{}
		other := false
		for n := 0; n < 30; n++ {
			text := ""
			compiled, err := compile(doc)
			if err != nil {
				// Held against its metaschema it is of interest, whatever else is wrong with it is not.
				text = err.Error()
				other = !strings.Contains(text, "is not valid against metaschema")
			} else if err := compiled.Validate(v); err != nil {
				text = strings.TrimPrefix(err.Error(), "jsonschema validation failed with 'file:///values.schema.json#'\n") + "\n"
			}
			seen[text] = true
		}
		if other {
			continue
		}
		var errors []string
		for text := range seen {
			errors = append(errors, text)
		}
		line, _ := json.Marshal(object{"schema": string(text), "values": string(vtext), "errors": errors})
		out.Write(append(line, '\n'))
	}
	out.Flush()
}
