// The oracle: runs the cases of tests/golden/template through the real text/template, sprig and Helm's own functions
// and writes what they answer back into the files.
//
//	go run . ../template/*.jsonl          rewrite the answers
//	go run . -check ../template/*.jsonl   fail when one differs from what is written
//
// A case is a line: {"t": template, "o": output} or, for an error, {"t": …, "e": text}. A line {"data": …} gives the data
// of all cases that follow it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/template"

	"autonomous/oracle/helm"
)

type testCase struct {
	Template string  `json:"t"`
	Output   *string `json:"o,omitempty"`
	Error    *string `json:"e,omitempty"`
}

type dataLine struct {
	Data json.RawMessage `json:"data"`
}

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	failed := false
	for _, path := range flag.Args() {
		if !process(path, *check) {
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func process(path string, check bool) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	var out bytes.Buffer
	same := true
	data := json.RawMessage("{}")
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, 64<<20)
	for number := 1; scanner.Scan(); number++ {
		line := scanner.Text()
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		var d dataLine
		if err := json.Unmarshal([]byte(line), &d); err == nil && len(d.Data) != 0 {
			data = d.Data
			fmt.Fprintln(&out, line)
			continue
		}
		var c testCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			fmt.Fprintf(os.Stderr, "%s:%d: %v\n", path, number, err)
			return false
		}
		answer := run(c, data)
		if check && encode(answer) != encode(c) {
			fmt.Fprintf(os.Stderr, "%s:%d: differs:\n  have %s\n  want %s\n", path, number, encode(c), encode(answer))
			same = false
		}
		fmt.Fprintln(&out, encode(answer))
	}
	if !check {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return false
		}
	}
	return same
}

func encode(c testCase) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func run(c testCase, input json.RawMessage) testCase {
	answer := testCase{Template: c.Template}
	fail := func(err error) testCase {
		text := err.Error()
		answer.Error = &text
		return answer
	}
	var data any
	if err := json.Unmarshal(input, &data); err != nil {
		return fail(err)
	}
	root := template.New("gotpl").Option("missingkey=zero")
	root.Funcs(helm.Functions(root, map[string]int{}))
	if _, err := root.New("test").Parse(c.Template); err != nil {
		return fail(err)
	}
	var b strings.Builder
	if err := root.ExecuteTemplate(&b, "test", data); err != nil {
		return fail(err)
	}
	text := b.String()
	answer.Output = &text
	return answer
}
