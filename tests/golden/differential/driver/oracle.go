package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"text/template"

	"autonomous/oracle/helm"
	yaml3 "go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"
)

func good(text string) answer { return answer{Ok: true, Text: []byte(text)} }
func bad(err error) answer    { return answer{Text: []byte(err.Error())} }

// reply is what the real libraries say.
func reply(q question) answer {
	switch q.Op {
	case "template":
		return execute(string(q.Text), q.Data)
	case "read":
		data, err := yaml.YAMLToJSON(q.Text)
		if err != nil {
			return bad(err)
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return bad(err)
		}
		return good(encodeJSON(v))
	case "emit":
		var v any
		json.Unmarshal(q.Data, &v)
		data, err := yaml.Marshal(v)
		if err != nil {
			return bad(err)
		}
		return good(string(data))
	case "pretty":
		var v any
		var b bytes.Buffer
		json.Unmarshal(q.Data, &v)
		encoder := yaml3.NewEncoder(&b)
		encoder.SetIndent(2)
		if err := encoder.Encode(v); err != nil {
			return bad(err)
		}
		return good(b.String())
	case "set":
		return set(q)
	}
	panic("unknown op " + q.Op)
}

func execute(text string, input json.RawMessage) answer {
	var data any
	if err := json.Unmarshal(input, &data); err != nil {
		return bad(err)
	}
	root := template.New("gotpl").Option("missingkey=zero")
	root.Funcs(helm.Functions(root, map[string]int{}))
	if _, err := root.New("test").Parse(text); err != nil {
		return bad(err)
	}
	var b strings.Builder
	if err := root.ExecuteTemplate(&b, "test", data); err != nil {
		return bad(err)
	}
	return good(b.String())
}

func set(q question) answer {
	values := map[string]any{}
	json.Unmarshal(q.Data, &values)
	for _, f := range q.Flags {
		var err error
		switch f.Kind {
		case "set":
			err = strvals.ParseInto(string(f.Text), values)
		case "string":
			err = strvals.ParseIntoString(string(f.Text), values)
		case "json":
			err = strvals.ParseJSON(string(f.Text), values)
		case "literal":
			err = strvals.ParseLiteralInto(string(f.Text), values)
		}
		if err != nil && f.Kind == "json" {
			return bad(errors.New("json")) // helm says the flag instead
		}
		if err != nil {
			return bad(err)
		}
	}
	return good(encodeJSON(values))
}
