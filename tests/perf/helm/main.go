// Helm's engine in-process: loads, coalesces, renders and sorts each chart again and again, as `helm template` does once.
//
//	perf SECONDS CHART…    for each chart a line of JSON: {"chart": …, "whole": [ms…], "render": [ms…], "peak": MiB}
//
// "whole" starts from the chart's folder, "render" from the loaded chart. The same as tests/perf/engine.cc with ours.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

type answer struct {
	Chart  string    `json:"chart"`
	Whole  []float64 `json:"whole"`
	Render []float64 `json:"render"`
	Peak   float64   `json:"peak"`
	Error  string    `json:"error,omitempty"`
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	log.SetOutput(io.Discard)
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		panic(err)
	}
	budget := time.Duration(seconds * float64(time.Second))
	for _, path := range os.Args[2:] {
		line, _ := json.Marshal(measure(path, budget))
		fmt.Println(string(line))
	}
}

func measure(path string, budget time.Duration) answer {
	out := answer{Chart: path}
	for start := time.Now(); time.Since(start) < budget || len(out.Whole) < 5; {
		from := time.Now()
		loaded, err := loader.Load(path)
		if err != nil {
			return answer{Chart: path, Error: err.Error()}
		}
		middle := time.Now()
		if err := render(loaded); err != nil {
			return answer{Chart: path, Error: err.Error()}
		}
		end := time.Now()
		out.Whole = append(out.Whole, end.Sub(from).Seconds()*1000)
		out.Render = append(out.Render, end.Sub(middle).Seconds()*1000)
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	out.Peak = float64(usage.Maxrss) / 1024
	return out
}

func render(loaded *chart.Chart) error {
	values := map[string]any{}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return err
	}
	options := common.ReleaseOptions{Name: "measured", Namespace: "default", Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(loaded, values, options, common.DefaultCapabilities)
	if err != nil {
		return err
	}
	files, err := engine.Render(loaded, top)
	if err != nil {
		return err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	_, _, err = releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	return err
}
