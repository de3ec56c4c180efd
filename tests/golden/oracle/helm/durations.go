package helm

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// durations gives Helm 4's duration helpers, which its engine does not export.
func durations() template.FuncMap {
	f := template.FuncMap{
		"mustToDuration": func(v any) time.Duration {
			d, err := asDuration(v)
			if err != nil {
				panic(err)
			}
			return d
		},
		"durationRoundTo":    changed(time.Duration.Round),
		"durationTruncateTo": changed(time.Duration.Truncate),
	}
	for name, part := range map[string]func(time.Duration) float64{
		"durationSeconds": time.Duration.Seconds,
		"durationMinutes": time.Duration.Minutes,
		"durationHours":   time.Duration.Hours,
		"durationDays":    func(d time.Duration) float64 { return d.Hours() / 24.0 },
		"durationWeeks":   func(d time.Duration) float64 { return d.Hours() / 24.0 / 7.0 },
	} {
		f[name] = func(v any) float64 {
			d, _ := asDuration(v)
			return part(d)
		}
	}
	for name, part := range map[string]func(time.Duration) int64{
		"durationMilliseconds": time.Duration.Milliseconds,
		"durationMicroseconds": time.Duration.Microseconds,
		"durationNanoseconds":  time.Duration.Nanoseconds,
	} {
		f[name] = func(v any) int64 {
			d, _ := asDuration(v)
			return part(d)
		}
	}
	return f
}

func changed(change func(time.Duration, time.Duration) time.Duration) any {
	return func(v, unit any) time.Duration {
		d, err := asDuration(v)
		if err != nil {
			return 0
		}
		m, err := asDuration(unit)
		if err != nil {
			return d
		}
		return change(d, m)
	}
}

func asDuration(v any) (time.Duration, error) {
	switch x := v.(type) {
	case nil:
		return 0, errors.New("invalid duration")
	case time.Duration:
		return x, nil
	case string:
		text := strings.TrimSpace(x)
		if text == "" {
			return 0, errors.New("empty duration")
		}
		if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return seconds(number)
		}
		return 0, fmt.Errorf("could not parse duration %q", x)
	}
	value := reflect.ValueOf(v)
	most := math.MaxInt64 / int64(time.Second)
	switch {
	case value.CanInt() && (value.Int() > most || value.Int() < -most):
		return 0, fmt.Errorf("duration seconds overflow: %d", value.Int())
	case value.CanInt():
		return time.Duration(value.Int()) * time.Second, nil
	case value.CanUint() && value.Uint() > uint64(most):
		return 0, fmt.Errorf("duration seconds overflow: %d", value.Uint())
	case value.CanUint():
		return time.Duration(value.Uint()) * time.Second, nil
	case value.CanFloat():
		return seconds(value.Float())
	}
	return 0, fmt.Errorf("unsupported duration type %T", v)
}

func seconds(number float64) (time.Duration, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, fmt.Errorf("invalid duration seconds: %v", number)
	}
	if most := float64(math.MaxInt64) / float64(time.Second); number > most || number < -most {
		return 0, fmt.Errorf("duration seconds overflow: %v", number)
	}
	nanos := number * float64(time.Second)
	if nanos > float64(math.MaxInt64) || nanos < float64(math.MinInt64) {
		return 0, fmt.Errorf("duration nanoseconds overflow: %v", nanos)
	}
	return time.Duration(nanos), nil
}
