package main

import (
	"bytes"
	"regexp"
)

// What go-yaml's scanner lets pass and libyaml refuses, or the other way round, in texts that nobody means: something right
// after an empty flow collection, a tag that ends in a quote or bracket, U+FEFF inside a text, `?` and `:` inside plain texts of
// flow collections.
var nonsense = regexp.MustCompile("(\\{[ \\t]*\\}|\\[[ \\t]*\\])[ \\t]*[^\\s,}\\]]|![^\\s]*[\\[\\]{},'\"]|\xEF\xBB\xBF|[\\[{][^\\]}]*[?:]")

// Where a text has more than one error, go-yaml and libyaml may come upon them in another order.
func severalErrors(text []byte) bool { return bytes.ContainsAny(text, "[{*\"'!?") }

// known: what is known to differ, and why.
func known(q question, wanted, got answer) bool {
	switch q.Op {
	case "read":
		return nonsense.Match(q.Text) || !wanted.Ok && !got.Ok && severalErrors(q.Text)
	case "template":
		// A sanitized peer's frames are large and its stack is small: it stops before Go's 100,000 levels.
		if bytes.Contains(wanted.Text, []byte("exceeded maximum template depth")) && bytes.Contains(got.Text, []byte("templates are nested too deeply")) {
			return true
		}
		return beyondEnd(wanted, got) || tomlWords(q.Text, wanted) || bytes.Contains(q.Text, []byte("omYaml")) && nonsense.Match(q.Text)
	case "chart":
		if beyondEnd(wanted, got) {
			return true
		}
		for _, text := range q.Files {
			if tomlWords(text, wanted) {
				return true
			}
		}
	}
	return false
}

// Beyond the end of a list Go slices what its memory has room for.
func beyondEnd(wanted, got answer) bool {
	const words = "slice index out of bounds"
	return !got.Ok && bytes.Contains(got.Text, []byte(words)) && !bytes.Contains(wanted.Text, []byte(words))
}

// The words for what is wrong with a TOML text are the reader's own; that something is wrong, and where, is compared by hand.
func tomlWords(text []byte, wanted answer) bool {
	return bytes.Contains(text, []byte("fromToml")) && bytes.Contains(wanted.Text, []byte("toml: line"))
}
