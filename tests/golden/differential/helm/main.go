// Renders charts with helm's own packages, as `helm template` does: a question a line on standard input, an answer a line
// on standard output, like `driver -oracle`. Charts lie in a folder of /dev/shm meanwhile.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/loader"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	release "helm.sh/helm/v4/pkg/release/v1"
)

type question struct {
	Files  map[string][]byte `json:"files"`
	Values [][]byte          `json:"values"`
	Flags  []struct {
		Kind string `json:"kind"`
		Text []byte `json:"text"`
	} `json:"flags"`
}

type answer struct {
	Ok   bool   `json:"ok"`
	Text []byte `json:"text"`
}

func main() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			log.Fatal(err)
		}
		text, err := reply(q)
		a := answer{err == nil, []byte(text)}
		if err != nil {
			a.Text = []byte(err.Error())
		}
		data, _ := json.Marshal(a)
		out.Write(append(data, '\n'))
		out.Flush()
	}
}

func reply(q question) (string, error) {
	folder, err := os.MkdirTemp("/dev/shm", "differential")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	write := func(name string, text []byte) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	for name, text := range q.Files {
		write("chart/"+name, text)
	}
	var options values.Options
	for i, text := range q.Values {
		name := fmt.Sprintf("values%d.yaml", i)
		write(name, text)
		options.ValueFiles = append(options.ValueFiles, name)
	}
	for _, f := range q.Flags {
		to := map[string]*[]string{"set": &options.Values, "string": &options.StringValues, "json": &options.JSONValues, "literal": &options.LiteralValues}[f.Kind]
		*to = append(*to, string(f.Text))
	}
	if err := os.Chdir(folder); err != nil {
		log.Fatal(err)
	}
	return render(&options)
}

func render(options *values.Options) (string, error) {
	vals, err := options.MergeValues(getter.Providers{})
	if err != nil {
		return "", err
	}
	requested, err := loader.Load("chart")
	if err != nil {
		return "", err
	}
	about, err := chart.NewAccessor(requested)
	if err != nil {
		return "", err
	}
	if kind := about.MetadataAsMap()["Type"]; kind != "" && kind != "application" {
		return "", fmt.Errorf("%s charts are not installable", kind)
	}
	if wanted := about.MetaDependencies(); len(wanted) > 0 {
		if err := action.CheckDependencies(requested, wanted); err != nil {
			return "", fmt.Errorf("an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: %w", err)
		}
	}
	client := action.NewInstall(&action.Configuration{})
	client.DryRunStrategy = action.DryRunClient
	client.ReleaseName = "fuzzed"
	client.Namespace = "default"
	client.Replace = true
	client.IncludeCRDs = true
	done, err := client.Run(requested, vals)
	rel, _ := done.(*release.Release)
	if err != nil {
		if rel != nil {
			return "", fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", err)
		}
		return "", err
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, strings.TrimSpace(rel.Manifest))
	for _, hook := range rel.Hooks {
		fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
	}
	return out.String(), nil
}
