package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"time"
)

// question is what both sides are asked; answer is what they say. A line of JSON each.
type question struct {
	Op     string            `json:"op"`
	Text   []byte            `json:"text,omitempty"`
	Data   json.RawMessage   `json:"data,omitempty"`
	Flags  []flagText        `json:"flags,omitempty"`
	Files  map[string][]byte `json:"files,omitempty"`
	Values [][]byte          `json:"values,omitempty"`
}

type answer struct {
	Ok   bool   `json:"ok"`
	Text []byte `json:"text"`
	// Why there is no answer: the process died, or took too long.
	Lost string `json:"-"`
}

// How long an answer may take, on a loaded machine, too. While something is made smaller, nobody waits so long.
var patience = 30 * time.Second

// process is a program that answers questions; it is started again after it died.
type process struct {
	command []string
	running *exec.Cmd
	in      *bufio.Writer
	out     *bufio.Reader
	close   func()
}

func (p *process) start() error {
	p.running = exec.Command(p.command[0], p.command[1:]...)
	p.running.Env = []string{"TZ=UTC", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "GOMEMLIMIT=1500MiB", "GOMAXPROCS=1"}
	if os.Getenv("SHOW_STDERR") != "" {
		p.running.Stderr = os.Stderr
	}
	in, err := p.running.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.running.StdoutPipe()
	if err != nil {
		return err
	}
	p.in, p.out = bufio.NewWriterSize(in, 1<<20), bufio.NewReaderSize(out, 1<<20)
	p.close = func() { in.Close() }
	return p.running.Start()
}

func (p *process) stop() {
	if p.running != nil {
		p.close()
		p.running.Process.Kill()
		p.running.Wait()
		p.running = nil
	}
}

// ask sends all questions at once; one that is not answered is marked so, and the others are asked again.
func (p *process) ask(questions []question) []answer {
	answers := make([]answer, len(questions))
	for from := 0; from < len(questions); {
		done, why := p.askFrom(questions[from:], answers[from:])
		from += done
		if why == "" {
			break
		}
		p.stop()
		if from < len(questions) {
			answers[from].Lost = why
			from++
		}
	}
	return answers
}

func (p *process) askFrom(questions []question, answers []answer) (done int, why string) {
	if p.running == nil {
		if err := p.start(); err != nil {
			panic(err)
		}
	}
	in, written := p.in, make(chan struct{})
	go func() {
		defer close(written)
		encoder := json.NewEncoder(in)
		for _, q := range questions {
			if encoder.Encode(q) != nil {
				return
			}
		}
		in.Flush()
	}()
	for done < len(questions) {
		var late bool
		running := p.running.Process
		timer := time.AfterFunc(patience, func() { late = true; running.Kill() })
		line, err := p.out.ReadBytes('\n')
		timer.Stop()
		if err == nil {
			err = json.Unmarshal(line, &answers[done])
		}
		if err != nil {
			if late {
				return done, "took too long"
			}
			return done, "died"
		}
		done++
	}
	<-written
	return done, ""
}

// serve answers the questions of standard input.
func serve(reply func(question) answer) error {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			return errors.New("not a question: " + string(line))
		}
		data, err := json.Marshal(reply(q))
		if err != nil {
			return err
		}
		out.Write(append(data, '\n'))
		out.Flush() // the next one may never end
	}
}
