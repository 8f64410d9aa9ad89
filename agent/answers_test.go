package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// answering replaces the answer section of the world's mapping.
func (w *world) answering(section string) {
	w.t.Helper()
	head, _, _ := strings.Cut(worldMapping, "answer:")
	w.write("permit.yaml", head+section)
}

// read asks as a front office does, for JSON that is there.
func (w *world) read(path string, into any) {
	w.t.Helper()
	status, body := w.get(path)
	if err := json.Unmarshal([]byte(body), into); err != nil || status != http.StatusOK {
		w.t.Fatal(path, status, err)
	}
}

// events reads what the front office reads.
func (w *world) events() []frontoffice.Event {
	w.t.Helper()
	var page frontoffice.Events
	w.read("/v1/events", &page)
	return page.Events
}

// Documents of all decisions can be fetched, in the order in which the decisions were told, and each says of which it is.
func TestDocumentsOfAllDecisions(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	for i, d := range []string{"'A', 'first'", "'R', null", "'A', 'third'"} {
		w.exec("insert into DECISION (APP_ID, STATUS, PDF) select ID, " + d + " from APPLICATION")
		w.until("told", func() bool { return len(w.view("REF-1").Results) == i+1 })
	}
	var s frontoffice.Submission
	w.read("/v1/submissions/"+w.view("REF-1").ID.String(), &s)
	got := ""
	for _, d := range s.Documents {
		_, content := w.get(d.Location)
		got += fmt.Sprintf("%d of decision %d: %s\n", d.N, d.Revision, content)
	}
	if want := "1 of decision 1: first\n2 of decision 3: third\n"; got != want || s.Decision.Revision != 3 {
		t.Errorf("decision %d, documents:\n%s", s.Decision.Revision, got)
	}
}

// Answer files with documents beside them decide submissions; the same answer again is nothing new.
func TestAnswerFiles(t *testing.T) {
	w := newWorld(t)
	w.write("inbasket.yaml", fmt.Sprintf(strings.Replace(worldConfig, "front-offices:",
		"results:\n  answers: {folder: {path: answers, match: \"*.csv\", quiet: 0s, poll: 50ms}}\nfront-offices:", 1), tokenHash))
	w.answering(`answer:
  from: answers
  format: csv
  fields: {REF: content.REF, STATUS: content.STATUS, CASE: content.CASE}
  id: [REF, STATUS]
  match: {REF: form.ref}
  outcome: {STATUS: {OK: approved, "NO": refused}}
  case: CASE
`)
	if err := os.Mkdir(filepath.Join(w.dir, "answers"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 && len(w.files("drop")) == 2 })
	w.write("in/b.json", form("REF-2", "Berta"))
	w.write("in/c.json", form("REF-3", "Carla"))
	w.until("batch", func() bool { return w.states()[journal.Delivered] == 3 })
	w.write("answers/REF-1.pdf", "%PDF-1")
	w.write("answers/REF-1.csv", "REF,STATUS,CASE\nREF-1,OK,C 7\n")
	w.until("decided", func() bool { return w.states()[journal.Decided] == 1 })
	w.write("answers/once-more.csv", "REF,STATUS,CASE\nREF-1,OK,C 7\n")
	w.until("taken away", func() bool { return len(w.files("answers")) == 0 })

	found, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{State: journal.Decided})
	if err != nil || len(found) != 1 || found[0].Reference != "REF-1" {
		t.Fatalf("decided: %v, %v", found, err)
	}
	v, err := reading.Of(w.agent.Journal()).Show(context.Background(), found[0].ID)
	if err != nil || len(v.Results) != 1 || v.Results[0].CaseNo != "C 7" || len(v.Results[0].Documents) != 1 {
		t.Errorf("%+v, %v", v.Results, err)
	}
	status, err := w.agent.Health().Status(context.Background())
	if err != nil || status.Orphans != 0 {
		t.Errorf("%d orphans, %v", status.Orphans, err)
	}
}

// Without an answer section, delivered is the last word, unless the route gives a person time to decide.
func TestLastWord(t *testing.T) {
	for name, within := range map[string]string{"delivered is the last word": "", "a person decides": ", decide-within: 30d"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answering("")
			w.write("inbasket.yaml", fmt.Sprintf(strings.Replace(worldConfig, "front-office: portal}", "front-office: portal"+within+"}", 1), tokenHash))
			w.start()
			for i := range 3 {
				w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
			}
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
			final := 0
			for _, e := range w.events() {
				if e.Type == "delivered" && e.Final {
					final++
				}
			}
			if want := map[bool]int{true: 3, false: 0}[within == ""]; final != want {
				t.Errorf("%d final events, want %d", final, want)
			}
		})
	}
}
