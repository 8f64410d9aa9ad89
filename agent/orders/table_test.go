package orders

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// looking are the orders that change nothing and show nothing that a citizen wrote.
var looking = []string{"status", "batches", "results", "audit", "verifyaudit", "examine", "vitals", "checkjournal", "sequences"}

// Every order that changes something, or shows what a citizen wrote, goes on record, and says by whom: one that is new is either
// recorded or named above.
func TestEveryOrderIsOnRecord(t *testing.T) {
	names := map[string]bool{}
	for _, o := range table() {
		if names[o.name()] {
			t.Errorf("two orders are called %s", o.name())
		}
		names[o.name()] = true
		v := reflect.ValueOf(o)
		recorded := !v.FieldByName("Record").IsNil()
		if looks := slices.Contains(looking, o.name()); looks == recorded {
			t.Errorf("order %s: on record %v, only looks %v", o.name(), recorded, looks)
		}
		if !recorded {
			continue
		}
		request := reflect.New(v.FieldByName("Record").Type().In(0)).Elem()
		request.FieldByName("By").SetString("anna")
		if r := v.FieldByName("Record").Call([]reflect.Value{request})[0].Interface().(audit.Record); r.Who != "anna" || r.Action == "" && o.name() != "note" {
			t.Errorf("order %s is put on record as %+v", o.name(), r)
		}
	}
}

// The table has every order that this package declares.
func TestTheTableIsWhole(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			declared += len(g.Specs)
		}
	}
	if declared != len(table()) {
		t.Errorf("%d orders are declared, the table has %d", declared, len(table()))
	}
}

// What only looks is not on record, though the same order may change something.
func TestWhatOnlyLooksIsNotOnRecord(t *testing.T) {
	_, show := Show.Record(control.ShowRequest{ID: 7})
	_, raw := Show.Record(control.ShowRequest{ID: 7, Raw: true})
	list, _ := List.Record(control.ListRequest{Key: "plate", Value: "B-1"})
	_, all := List.Record(control.ListRequest{Reference: "REF-1"})
	if all || list.Details["key"] != "plate" || len(list.Details) != 1 {
		t.Error("of a search for a key its name is put on record, and nothing else:", list, all)
	}
	_, redeliver := Redeliver.Record(control.RedeliverRequest{DryRun: true})
	_, purge := Purge.Record(control.PurgeRequest{DryRun: true})
	_, restored := Restored.Record(control.RestoredRequest{})
	if show || !raw || redeliver || purge || restored {
		t.Error(show, raw, redeliver, purge, restored)
	}
}

// A record names many submissions, and says how many more there are.
func TestARecordNamesSubmissions(t *testing.T) {
	ids := make([]journal.ID, maxNamed+3)
	r, _ := Release.Record(control.ReleaseRequest{IDs: ids, By: "anna"})
	if n := strings.Count(r.Object, journal.ID(0).String()); n != maxNamed || !strings.HasSuffix(r.Object, "and 3 more") {
		t.Errorf("%d submissions, %q", n, r.Object)
	}
}
