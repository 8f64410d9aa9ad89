package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// newSeveral is a world whose in-basket takes files of several forms.
func newSeveral(t *testing.T, input string) *world {
	t.Helper()
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), `"*.json"`, `"*.csv|*.json|*.xml"`, 1))
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {`+input+`}
require: [{rule: form.name != "Zoe", at: form.name, code: rule.name, text: "another name is needed"}]
write: [{as: application, to: register, table: APPLICATION, fields: {FORM_REF: form.ref, NAME: form.name}}]
`)
	return w
}

// list has what became of each form, by reference: state and code.
func (w *world) list() map[string]string {
	w.t.Helper()
	list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range list {
		out[s.Reference] += strings.TrimSpace(string(s.State) + " " + s.Code)
	}
	return out
}

func (w *world) settled(what string, n int) {
	w.t.Helper()
	w.until(what, func() bool {
		s := w.states()
		total := int64(0)
		for _, k := range s {
			total += k
		}
		return total == int64(n) && s[journal.Accepted] == 0 && len(w.files("in")) == 0
	})
}

// TestSeveralForms takes a file of several forms: each ends by itself, and the file is done once all of them are durable.
func TestSeveralForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, input, file, first, more string }{
		{"csv", "format: csv, forms: form, reference: form.ref", "a.csv", "ref,name\nR-1,Anna\nR-2,Zoe\nR-3\nR-4,Max\n", "R-5,Eva\n"},
		{"json", "format: json, forms: form.items, reference: form.ref", "a.json", `{"n":4,"items":[{"ref":"R-1","name":"Anna"},{"ref":"R-2","name":"Zoe"},{"ref":"R-3","ref":""},{"ref":"R-4","name":"Max"}`, `,{"ref":"R-5","name":"Eva"}`},
		{"xml", "format: xml, forms: form.f, reference: form.ref", "a.xml", `<r><f><ref>R-1</ref><name>Anna</name></f><f><ref>R-2</ref><name>Zoe</name></f><f>x<ref/>y</f><f><ref>R-4</ref><name>Max</name></f>`, `<f><ref>R-5</ref><name>Eva</name></f>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			end := map[string]string{"json": "]}", "xml": "</r>"}[c.name]
			w := newSeveral(t, c.input)
			w.start()
			w.write("in/"+c.file, c.first+end)
			w.settled("four forms", 4)
			for _, line := range []string{"R-1:delivered", "R-2:rejected form.wrong", "R-4:delivered"} {
				if ref, want, _ := strings.Cut(line, ":"); w.list()[ref] != want {
					t.Errorf("%s is %q", ref, w.list()[ref])
				}
			}
			w.write("in/"+c.file, c.first+c.more+end)
			w.settled("the same and one more", 5)
			if n := w.number("select count(*) from APPLICATION"); n != 3 || w.list()["R-5"] != "delivered" {
				t.Errorf("%d written, %v", n, w.list())
			}
			parked, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{State: journal.Parked})
			if err != nil || len(parked) != 1 || parked[0].Code != "form.undecodable" {
				t.Fatal(parked, err)
			}
			if v := w.view(parked[0].Reference); c.name == "csv" && !strings.Contains(v.Reason.Text, "line 4, column 1: the line has 1 fields") {
				t.Errorf("%+v", v.Reason)
			}
		})
	}
}

// TestSeveralUnnamed: where forms have no reference, one is the same if its file has the same name and is the same up to it; else it is a conflict,
// never new or forgotten.
func TestSeveralUnnamed(t *testing.T) {
	t.Parallel()
	w := newSeveral(t, "format: csv, forms: form")
	w.start()
	w.write("in/a.csv", "ref,name\nR-1,Anna\nR-2,Max\n")
	w.settled("two forms", 2)
	w.write("in/a.csv", "ref,name\nR-1,Anna\nR-2,Max\nR-3,Eva\n")
	w.settled("one more", 3)
	if got := w.list(); got["a.csv/2"] != "delivered" || got["a.csv/4"] != "delivered" {
		t.Fatal(got)
	}
	w.write("in/b.csv", "ref,name\nR-9,Ida\n")
	w.settled("another file", 4)
	w.write("in/a.csv", "ref,name\nR-7,Ida\nR-2,Max\n")
	w.settled("another one of its name", 6)
	if w.states()[journal.Parked] != 2 || w.number("select count(*) from APPLICATION") != 4 {
		t.Fatal(w.list())
	}
}

// TestSeveralNamed: a mapping that comes to name a reference knows the forms of a file that were accepted before it did.
func TestSeveralNamed(t *testing.T) {
	t.Parallel()
	w := newSeveral(t, "format: csv, forms: form")
	w.start()
	w.write("in/a.csv", "ref,name\nR-1,Anna\nR-2,Max\n")
	w.settled("two forms", 2)
	mapping, err := os.ReadFile(filepath.Join(w.dir, "permit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("permit.yaml", strings.NewReplacer("version: 1", "version: 2", "forms: form", "forms: form, reference: form.ref").Replace(string(mapping)))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	w.write("in/a.csv", "ref,name\nR-1,Anna\nR-2,Max\nR-3,Eva\n")
	w.settled("one more", 3)
	if got := w.number("select count(*) from APPLICATION"); got != 3 {
		t.Errorf("%d written, %v", got, w.list())
	}
}

// TestSeveralWhole: a file that cannot be taken apart is parked as it is, and told why.
func TestSeveralWhole(t *testing.T) {
	t.Parallel()
	w := newSeveral(t, "format: csv, forms: form, csv: {group: ref}")
	w.start()
	for n, c := range [][3]string{
		{"empty.csv", "ref,name\n", "there is no form in the file"},
		{"torn.csv", "ref,name\nR-1,Anna\nR-2\n", "line 3, column 1: the line has 1 fields, the header 2; a line of a form cannot be read"},
		{"with.csv", "ref,name\nR-1,Anna\n", "files came with it"},
	} {
		if c[0] == "with.csv" {
			w.write("in/with.pdf", "%PDF")
		}
		w.write("in/"+c[0], c[1])
		w.settled(c[0], n+1)
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		told := ""
		for _, s := range list {
			if v := w.view(s.Reference); v.Reason != nil {
				told += v.Reason.Text + v.Reason.Next
			}
		}
		if !strings.Contains(told, c[2]) || !strings.Contains(told, "put it into the in-basket again") {
			t.Errorf("%s: %s", c[0], told)
		}
	}
}

// TestSeveralStopped stops the agent again and again in the middle of a file: each form is there once in the end.
func TestSeveralStopped(t *testing.T) {
	t.Parallel()
	const n = 3000
	w := newSeveral(t, "format: csv, forms: form")
	var b strings.Builder
	b.WriteString("ref,name\n")
	for i := range n {
		fmt.Fprintf(&b, "R-%d,Anna\n", i)
	}
	w.write("in/a.csv", b.String())
	for range 4 {
		w.start()
		w.until("some", func() bool { return len(w.states()) > 0 })
		w.halt()
	}
	w.start()
	w.settled("all", n)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == n })
	if got := w.number("select count(distinct FORM_REF) from APPLICATION"); got != n {
		t.Fatal(got)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "in", "done", "a.csv")); err != nil {
		t.Error(err)
	}
}

// TestSeveralPosted: who posts a file of several forms is told at once.
func TestSeveralPosted(t *testing.T) {
	t.Parallel()
	w := newSeveral(t, "format: csv, forms: form, reference: form.ref")
	w.start()
	w.post("ref,name\nR-1,Anna\nR-2,Max\n", "text/csv").expect(t, "two forms", 400, "submit.form")
	w.post("ref,name\nR-1,Anna\n", "text/csv").expect(t, "one form", 202, "")
	w.settled("one", 1)
}
