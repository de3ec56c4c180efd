package main

import (
	"encoding/json"
	"slices"
	"time"
)

// shrink makes the question smaller while both sides still answer differently.
func shrink(q question, differs func(question) bool) question {
	tries, until := 0, time.Now().Add(time.Minute)
	spent := func() bool { return tries > 4000 || time.Now().After(until) }
	try := func(smaller question) bool {
		tries++
		if spent() || !differs(smaller) {
			return false
		}
		q = smaller
		return true
	}
	for changed := true; changed && !spent(); {
		changed = false
		for name := range q.Files {
			if len(q.Files) == 1 {
				break // what is no chart at all says nothing
			}
			smaller := q
			smaller.Files = map[string][]byte{}
			for other, text := range q.Files {
				if other != name {
					smaller.Files[other] = text
				}
			}
			changed = try(smaller) || changed
		}
		for i := len(q.Flags) - 1; i >= 0; i-- {
			smaller := q
			smaller.Flags = slices.Delete(slices.Clone(q.Flags), i, i+1)
			changed = try(smaller) || changed
		}
		for i := len(q.Values) - 1; i >= 0; i-- {
			smaller := q
			smaller.Values = slices.Delete(slices.Clone(q.Values), i, i+1)
			changed = try(smaller) || changed
		}
		changed = shrinkText(q.Text, func(text []byte) bool { s := q; s.Text = text; return try(s) }) || changed
		for i := range q.Flags {
			changed = shrinkText(q.Flags[i].Text, func(text []byte) bool {
				s := q
				s.Flags = slices.Clone(q.Flags)
				s.Flags[i].Text = text
				return try(s)
			}) || changed
		}
		for i := range q.Values {
			changed = shrinkText(q.Values[i], func(text []byte) bool {
				s := q
				s.Values = slices.Clone(q.Values)
				s.Values[i] = text
				return try(s)
			}) || changed
		}
		for name := range q.Files {
			changed = shrinkText(q.Files[name], func(text []byte) bool {
				s := q
				s.Files = map[string][]byte{}
				for other, text := range q.Files {
					s.Files[other] = text
				}
				s.Files[name] = text
				return try(s)
			}) || changed
		}
		changed = shrinkData(q.Data, func(data json.RawMessage) bool { s := q; s.Data = data; return try(s) }) || changed
	}
	return q
}

// shrinkText leaves out ever smaller pieces.
func shrinkText(text []byte, try func([]byte) bool) bool {
	changed := false
	for size := max(len(text)/2, 1); len(text) > 0; size /= 2 {
		for at := 0; at < len(text); {
			without := slices.Concat(text[:at], text[min(at+size, len(text)):])
			if try(without) {
				text, changed = without, true
			} else {
				at += size
			}
		}
		if size == 1 {
			break
		}
	}
	return changed
}

// shrinkData leaves out members of the JSON value, and puts simple values for others.
func shrinkData(data json.RawMessage, try func(json.RawMessage) bool) bool {
	var root any
	if len(data) == 0 || json.Unmarshal(data, &root) != nil {
		return false
	}
	changed := false
	attempt := func() bool {
		text, _ := json.Marshal(root)
		if string(text) != string(data) && try(text) {
			data, changed = text, true
			return true
		}
		return false
	}
	var walk func(v any, put func(any))
	walk = func(v any, put func(any)) {
		switch x := v.(type) {
		case map[string]any:
			for k, child := range x {
				delete(x, k)
				if !attempt() {
					x[k] = child
					walk(child, func(n any) { x[k] = n })
				}
			}
		case []any:
			for i := len(x) - 1; i >= 0; i-- {
				child := x[i]
				put(slices.Delete(slices.Clone(x), i, i+1))
				if attempt() {
					x = slices.Delete(slices.Clone(x), i, i+1)
					continue
				}
				put(x)
				walk(child, func(n any) { x[i] = n })
			}
		case string:
			for len(x) > 0 {
				runes := []rune(x)
				shorter := string(runes[:len(runes)/2])
				put(shorter)
				if !attempt() {
					shorter = string(runes[1:])
					put(shorter)
					if !attempt() {
						put(x)
						break
					}
				}
				x = shorter
			}
		}
	}
	walk(root, func(n any) { root = n })
	return changed
}
