package lsp

import "unicode/utf16"

// The words of the Language Server Protocol, as far as they are spoken here. Positions count from 0, columns in units of UTF-16.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type textDocument struct {
	URI     string `json:"uri"`
	Version int    `json:"version"`
	Text    string `json:"text"`
}

// params are those of all messages that are read; each has some of them.
type params struct {
	TextDocument   textDocument `json:"textDocument"`
	ContentChanges []struct {
		Text string `json:"text"`
	} `json:"contentChanges"`
	Position position `json:"position"`
	Range    span     `json:"range"`
}

// object is an answer, or a part of one.
type object = map[string]any

type diagnostic struct {
	Range    span   `json:"range"`
	Severity int    `json:"severity"` // 1 error, 2 warning
	Code     string `json:"code"`
	Source   string `json:"source"`
	Message  string `json:"message"`
}

type published struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

// markdown is a text with marks.
func markdown(text string) object { return object{"kind": "markdown", "value": text} }

// units counts the units of UTF-16 of a text.
func units(text string) (n int) {
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// bytesOf is the byte of a line that a column in units of UTF-16 leads to; one behind the end leads to the end.
func bytesOf(line string, column int) int {
	n := 0
	for i, r := range line {
		if n >= column {
			return i
		}
		n += max(1, utf16.RuneLen(r))
	}
	return len(line)
}

// part is a part of a line, of which bytes are given.
func part(line int, text string, from, to int) span {
	return span{position{line, units(text[:from])}, position{line, units(text[:to])}}
}
