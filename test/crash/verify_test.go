package main

import (
	"slices"
	"strings"
	"testing"
)

// The judgement itself is tested: a batch is right only with the right number, count and total.
func TestReadBatch(t *testing.T) {
	line := func(ref, cents string) string {
		return ref + strings.Repeat(" ", 40-len(ref)) + cents + "..." + "\r\n"
	}
	good := "H000002\r\n" + line("CR-000001", "000000037") + line("CR-000002", "000000074") + "T000000020000000000111\r\n"
	for name, c := range map[string]struct {
		text string
		lost int
	}{
		"right":               {good, 0},
		"another number":      {strings.Replace(good, "H000002", "H000003", 1), 1},
		"wrong total":         {strings.Replace(good, "0000000000111", "0000000000112", 1), 1},
		"wrong count":         {strings.Replace(good, "T00000002", "T00000003", 1), 1},
		"without its trailer": {good[:strings.Index(good, "T0")], 1},
		"empty":               {"", 1},
		"half a line":         {strings.Replace(good, line("CR-000002", "000000074"), "CR-0\r\n", 1), 2},
	} {
		f, lines := &findings{}, map[string]int{}
		readBatch(f, 2, c.text, 3, lines)
		if f.lost != c.lost {
			t.Errorf("%s: %d findings, want %d: %q", name, f.lost, c.lost, f.lines)
		}
		if name == "right" && (lines["CR-000001           000000037"] != 1 || len(lines) != 2) {
			t.Errorf("lines: %v", lines)
		}
	}
}

func TestDropIsCompared(t *testing.T) {
	taker := &taker{files: map[string]*taken{}, wrong: []string{"A.csv was dropped twice"}}
	for name, body := range map[string]string{"A.csv": "A;Müller;7\n", "A.ok": "", "B.csv": "B;", "B.ok": "", "X.csv": "?"} {
		taker.files[name] = &taken{body: body}
	}
	w, f := &world{taker: taker, cases: map[string]int64{"A": 7}}, &findings{}
	w.lookDrop(f, []letter{{Ref: "A", Name: "Müller"}, {Ref: "B", Name: "Meier"}, {Ref: "C"}, {Ref: "D", Wrong: true}})
	if f.lost != 3 || f.doubled != 2 || f.stuck != 0 {
		t.Errorf("%d lost, %d doubled, %d stuck: %q", f.lost, f.doubled, f.stuck, f.lines)
	}
}

func TestLetterIsJSON(t *testing.T) {
	l := letter{Ref: "CR-000001", Name: "Müller 1", Cents: 1205, Items: 2}
	if got, want := string(l.bytes()), `{"reference":"CR-000001","name":"Müller 1","amount":12.05,"items":[{"what":"thing 1"},{"what":"thing 2"}]}`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEveryKindComes(t *testing.T) {
	w := &world{}
	var names []string
	for n := range len(kinds) {
		names = append(names, w.pick(n).name)
	}
	for _, want := range []string{"moment", "fsync", "rename", "write", "connect", "database", "ftp", "fsync fails", "disk full"} {
		if !slices.Contains(names, want) {
			t.Errorf("no round of kind %s", want)
		}
	}
}
