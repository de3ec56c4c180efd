// The differential fuzzer: makes random templates, values, YAML texts, --set flags and charts, asks the real thing and
// ours, and shrinks what they answer differently.
//
//	driver -ours PATH [-helm PATH] [-ops template,read,…] [-seed N] [-cases N]     N cases of each op, from seed N on
//	driver -ours PATH -ops template -seed N -cases 1                               one case again
//	driver -oracle                                                                 answer questions as the real thing does
//
// -ours is the program that peer.cc becomes; -helm the one of ../helm, which op `chart` needs. Exit status 1 where
// anything differs.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

var ops = map[string]func(*maker) question{
	"template": func(m *maker) question {
		data := json.RawMessage(encodeJSON(m.data()))
		return question{Op: "template", Text: []byte(m.template()), Data: data}
	},
	"read":   func(m *maker) question { return question{Op: "read", Text: []byte(m.yamlText())} },
	"emit":   func(m *maker) question { return question{Op: "emit", Data: json.RawMessage(encodeJSON(m.value(4)))} },
	"pretty": func(m *maker) question { return question{Op: "pretty", Data: json.RawMessage(encodeJSON(m.value(4)))} },
	"set": func(m *maker) question {
		return question{Op: "set", Flags: m.flags(3), Data: json.RawMessage(encodeJSON(map[string]any{"a": m.value(2), "l": []any{1.0, m.value(1)}, "m": m.dict(2)}))}
	},
	"chart": func(m *maker) question {
		files := map[string]string{}
		m.wild = m.one(3)
		m.chart(files, "", "top", 2)
		q := question{Op: "chart", Files: map[string][]byte{}}
		for name, text := range files {
			q.Files[name] = []byte(text)
		}
		for i := m.n(3); i > 0; i-- {
			values := map[string]any{"s": m.text(), "n": m.number(), "d": map[string]any{"x": m.value(2)}}
			if m.wild {
				values = m.dict(2)
			}
			if m.one(2) {
				values[pick(m, "sub", "db", "lib", "other", "global", "tags")] = m.valuesOr(m.dict(2))
			}
			q.Values = append(q.Values, []byte(m.valuesText(values)))
		}
		if m.one(8) {
			q.Flags = m.flags(2)
		}
		return q
	},
}

// batch is how many cases are under way at once.
const batch = 128

type fuzzer struct {
	ours, real *process
	limit      time.Duration // 0: none
	list       bool
	whole      bool // show what differs as it is
	counts     struct{ cases, errors, lost, chance, known, different int }
}

func (f *fuzzer) run(op string, seed uint64, cases, show int) {
	started := time.Now()
	for done := 0; done < cases && (f.limit == 0 || time.Since(started) < f.limit); done += batch {
		var questions []question
		for i := done; i < min(done+batch, cases); i++ {
			questions = append(questions, ops[op](newMaker(seed+uint64(i))))
		}
		theirs := make(chan []answer)
		go func() { theirs <- f.real.ask(questions) }()
		ours := f.ours.ask(questions)
		for i, wanted := range <-theirs {
			f.counts.cases++
			if f.list {
				fmt.Printf("%d %s\n  %s\n", seed+uint64(done+i), encodeJSON(string(questions[i].Text)), said(wanted))
			}
			if wanted.Lost != "" {
				f.counts.lost++
			} else if !wanted.Ok {
				f.counts.errors++
			}
			if same(op, wanted, ours[i]) {
				continue
			}
			if known(questions[i], wanted, ours[i]) {
				f.counts.known++
				continue
			}
			if f.varies(questions[i], wanted) {
				f.counts.chance++
				continue
			}
			f.counts.different++
			if f.counts.different <= show {
				f.show(seed+uint64(done+i), questions[i])
			}
		}
		if f.counts.different > 10*show {
			break
		}
	}
	c := f.counts
	fmt.Printf("%s: seeds %d to %d, %d cases (%d of them errors), %d different, %d known to differ, %d where the real thing varies, %d without its answer, %.0f s\n", op, seed, seed+uint64(c.cases)-1, c.cases, c.errors, c.different, c.known, c.chance, c.lost, time.Since(started).Seconds())
}

// same: where the real thing gave no answer (it dies of deep recursion), ours only has to give one.
func same(op string, wanted, got answer) bool {
	if got.Lost != "" {
		return false
	}
	if wanted.Lost != "" {
		return true
	}
	if wanted.Ok != got.Ok {
		return false
	}
	return bytes.Equal(wanted.Text, got.Text)
}

// varies: Go's map order and the like give the real thing more than one answer.
func (f *fuzzer) varies(q question, first answer) bool {
	if first.Lost != "" {
		return false
	}
	for range 30 {
		again := f.real.ask([]question{q})[0]
		if again.Ok != first.Ok || !bytes.Equal(again.Text, first.Text) || again.Lost != first.Lost {
			return true
		}
	}
	return false
}

func (f *fuzzer) differs(q question) bool {
	asked := []question{q}
	wanted := f.real.ask(asked)[0]
	got := f.ours.ask(asked)[0]
	return !same(q.Op, wanted, got) && !known(q, wanted, got) && !f.varies(q, wanted)
}

func (f *fuzzer) show(seed uint64, q question) {
	fmt.Printf("---- %s -seed %d -cases 1\n", q.Op, seed)
	if !f.whole {
		usual := patience
		patience = 2 * time.Second
		q = shrink(q, f.differs)
		patience = usual
	}
	wanted, got := f.real.ask([]question{q})[0], f.ours.ask([]question{q})[0]
	if f.whole {
		fmt.Printf("  real:  %s\n  ours:  %s\n", said(wanted), said(got))
		return
	}
	if len(q.Text) > 0 || q.Op == "template" {
		fmt.Printf("  text:  %s\n", encodeJSON(string(q.Text)))
	}
	for _, flag := range q.Flags {
		fmt.Printf("  --%s: %s\n", flag.Kind, encodeJSON(string(flag.Text)))
	}
	for name, text := range q.Files {
		fmt.Printf("  %s: %s\n", name, encodeJSON(string(text)))
	}
	for _, text := range q.Values {
		fmt.Printf("  -f: %s\n", encodeJSON(string(text)))
	}
	if len(q.Data) > 0 {
		fmt.Printf("  data:  %s\n", q.Data)
	}
	fmt.Printf("  real:  %s\n  ours:  %s\n", said(wanted), said(got))
}

func said(a answer) string {
	if a.Lost != "" {
		return a.Lost
	}
	text := encodeJSON(string(a.Text))
	if !a.Ok {
		return "error " + text
	}
	return text
}

func main() {
	oracle := flag.Bool("oracle", false, "answer questions as the real thing does")
	ours := flag.String("ours", "", "the program to test")
	helm := flag.String("helm", "", "the program that renders charts with helm's packages")
	which := flag.String("ops", "template,read,emit,pretty,set", "what to try")
	seed := flag.Uint64("seed", 1, "the first seed")
	cases := flag.Int("cases", 1000, "how many of each")
	list := flag.Bool("list", false, "print each case and the real answer")
	limit := flag.Duration("limit", 0, "end each op after this time")
	whole := flag.Bool("whole", false, "show what differs as it is: making it smaller takes time")
	show := flag.Int("show", 20, "differences to show")
	flag.Parse()
	if *oracle {
		if err := serve(reply); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	different, tried := 0, 0
	for _, op := range strings.Split(*which, ",") {
		f := fuzzer{ours: &process{command: []string{*ours}}, real: &process{command: []string{self, "-oracle"}}, whole: *whole, limit: *limit, list: *list}
		if op == "chart" {
			f.real.command = []string{*helm}
		}
		f.run(op, *seed, *cases, *show)
		f.ours.stop()
		f.real.stop()
		different += f.counts.different
		tried += f.counts.cases - f.counts.lost
	}
	if different > 0 || tried == 0 {
		os.Exit(1)
	}
}
