package replay

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// plan loads a mapping of some writes and layouts.
func plan(t *testing.T, version int, rest string) *mapping.Plan {
	t.Helper()
	text := fmt.Sprintf("mapping: m\nversion: %d\ninput: {format: json, unused: allow}\n%s", version, rest)
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rows(fields string) string {
	return "write: [{as: a, to: r, table: T, fields: {" + fields + "}}]"
}

func lines(layout, field string) string {
	return "layouts: {l: {" + layout + "}}\nwrite: [{as: a, to: r, layout: l, fields: {F: " + field + "}}]"
}

func TestComparedByTwoVersions(t *testing.T) {
	t.Parallel()
	const csv = "format: csv, fields: [{name: F}]"
	for name, c := range map[string]struct {
		was, now string
		form     string
		want     string // kind, then each change or reason
	}{
		"equal":              {rows("N: form.n"), rows("N: form.n | trim()"), `{"n":"x"}`, "equal"},
		"a value":            {rows("N: form.n"), rows("N: form.n | upper()"), `{"n":"x"}`, "differs; a[0].N: x → X"},
		"text and number":    {rows("N: form.n"), rows("N: {value: form.n, type: text}"), `{"n":1}`, "differs; a[0].N: 1 → 1"},
		"a column more":      {rows("N: form.n"), rows("N: form.n, M: form.n"), `{"n":"x"}`, "differs; a[0].M: (missing) → x"},
		"a column less":      {rows("N: form.n, M: form.n"), rows("N: form.n"), `{"n":"x"}`, "differs; a[0].M: x → (missing)"},
		"missing and null":   {rows("N: form.k, M: form.n"), rows("N: form.o, M: form.n"), `{"n":"x","o":null}`, "differs; a[0].N: (missing) → (null)"},
		"another table":      {rows("N: form.n"), strings.Replace(rows("N: form.n"), "T", "U", 1), `{"n":"x"}`, "differs; a: insert into U; before: insert into T"},
		"another mode":       {rows("N: form.n"), strings.Replace(rows("N: form.n"), "table", "mode: upsert, key: [N], table", 1), `{"n":"x"}`, "differs; a: upsert into T, key N; before: insert into T"},
		"another target":     {rows("N: form.n"), strings.Replace(rows("N: form.n"), "to: r", "to: s", 1), `{"n":"x"}`, "differs; a: 0 records; before: 1; a[0].N: x → (missing); a: 1 records; before: 0; a[0].N: (missing) → x"},
		"more records":       {rows("N: form.n"), strings.Replace(rows("N: it"), "table", "each: it in form.l, table", 1), `{"n":"1","l":["1","2"]}`, "differs; a: 2 records; before: 1; a[1].N: (missing) → 2"},
		"the order":          {rows("N: form.n"), "order: {r: form.n}\n" + rows("N: form.n"), `{"n":"x"}`, "differs; to r: order:  → x"},
		"only bytes":         {lines(csv, "form.n"), lines(csv+", line-ending: crlf", "form.n"), `{"n":"x"}`, "differs; to r: the records are equal, and the bytes of the file are others"},
		"bytes by a value":   {lines(csv, "form.n"), lines(csv, "form.n | upper()"), `{"n":"x"}`, "differs; a[0].F: x → X"},
		"bytes equal":        {lines(csv, "form.n"), lines(csv, "form.n"), `{"n":"x"}`, "equal"},
		"rejected":           {rows("N: form.n"), rows("N: {value: form.k, onMissing: error}"), `{"n":"x"}`, "rejected-now; /k: the field must be there [field.missing]"},
		"accepted":           {rows("N: {value: form.k, onMissing: error}"), rows("N: form.n"), `{"n":"x"}`, "newly-accepted"},
		"refused alike":      {rows("N: {value: form.k, onMissing: error}"), rows("M: {value: form.k, onMissing: error}"), `{"n":"x"}`, "equal"},
		"refused otherwise":  {rows("N: {value: form.k, onMissing: error}"), rows("N: {value: form.o, onMissing: error}"), `{"n":"x"}`, "differs; /o: the field must be there [field.missing]"},
		"no form for either": {rows("N: form.n"), rows("N: form.n"), `{`, "equal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was, now := plan(t, 1, c.was), plan(t, 2, c.now)
			s := &journal.Stored{ID: 1, Form: []byte(c.form)}
			a, b := Through(was, s, mapping.Input{}), Through(now, s, mapping.Input{})
			got, err := verdict(was, now, a, b)
			if err != nil {
				t.Fatal(err)
			}
			said := []string{string(got.Kind)}
			if got.Kind != Equal {
				said = append(said, got.Why...)
			}
			for _, x := range got.Changes {
				if x.Text == "" {
					x.Text = mapping.Show(x.Was) + " → " + mapping.Show(x.Now)
				}
				said = append(said, x.At+": "+x.Text)
			}
			if have := strings.Join(said, "; "); have != c.want {
				t.Errorf("have %s\nwant %s", have, c.want)
			}
		})
	}
}

// store makes a journal with n submissions by a plan, the form of each is {"n":"<number>"}.
func store(t *testing.T, p *mapping.Plan, n int) (*journal.Journal, *content.Store) {
	t.Helper()
	dir := t.TempDir()
	files, err := content.Open(dir + "/content")
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), dir, journal.Options{Content: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := j.PutPlan(t.Context(), journal.Plan{Digest: p.Digest(), Name: p.Name(), Version: p.Version(), Bundle: p.Bundle()}); err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(make([]journal.Arrival, n), 500) {
		for i := range some {
			ref := fmt.Sprint(n)
			n--
			some[i] = journal.Arrival{Scope: "s", Inbasket: "i", Route: "r", Plan: p.Digest(), Reference: ref, Digest: sha256.Sum256([]byte(ref)),
				ContentType: "application/json", Form: fmt.Appendf(nil, `{"n":"%s"}`, ref), Targets: []string{"r"}}
		}
		if _, err := accepting.Of(j).Accept(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	return j, files
}

func TestRunGoesThroughPages(t *testing.T) {
	t.Parallel()
	was := plan(t, 1, rows("N: form.n"))
	j, files := store(t, was, 2*page+7)
	now := plan(t, 2, rows(`N: 'form.n == "3" ? "three" : form.n'`))
	var all []Compared
	keep := func(c Compared) error { all = append(all, c); return nil }
	for name, c := range map[string]struct {
		kept          delivering.Kept
		equal, differ int
	}{
		"all":              {delivering.Kept{}, 2*page + 6, 1},
		"by the name":      {delivering.Kept{Mapping: "m"}, 2*page + 6, 1},
		"by another":       {delivering.Kept{Mapping: "other"}, 0, 0},
		"by the route":     {delivering.Kept{Route: "r"}, 2*page + 6, 1},
		"by another route": {delivering.Kept{Route: "q"}, 0, 0},
		"since":            {delivering.Kept{Since: time.Now().Add(-time.Hour)}, 2*page + 6, 1},
		"until":            {delivering.Kept{Until: time.Now().Add(-time.Hour)}, 0, 0},
	} {
		all = nil
		sum, err := Run(t.Context(), j, files, c.kept, now, keep)
		if err != nil || sum.Equal != c.equal || sum.Differ != c.differ || len(all) != c.differ || sum.Compared() != c.equal+c.differ || sum.Same() != (c.differ == 0) {
			t.Errorf("%s: %+v %v, %d told", name, sum, err, len(all))
		}
	}
	stop := errors.New("enough")
	if _, err := Run(t.Context(), j, files, delivering.Kept{}, now, func(Compared) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the printer: %v", err)
	}
}

// TestNumbersAreThoseOnRecord: a replay gives no number, and says where one is missing.
func TestNumbersAreThoseOnRecord(t *testing.T) {
	t.Parallel()
	was := plan(t, 1, "sequences: {case: {first: 1000}}\n"+rows("N: numbers.case"))
	j, files := store(t, was, 2)
	list, err := delivering.Of(j).Kept(t.Context(), delivering.Kept{}, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if _, err := numbering.Of(j).Give(t.Context(), []numbering.Want{{ID: s.ID, Series: "case", First: 1000}}); err != nil {
			t.Fatal(err)
		}
	}
	now := plan(t, 2, "sequences: {case: {first: 1000}, other: {first: 5}}\n"+rows("N: numbers.case, M: numbers.other"))
	var told []string
	sum, err := Run(t.Context(), j, files, delivering.Kept{}, now, func(c Compared) error {
		told = append(told, fmt.Sprintf("%s %s %d %s", c.Changes[0].At, mapping.Show(c.Changes[0].Now), len(c.Changes), c.Why))
		return nil
	})
	want := "a[0].M 5 1 [no number of sequence other is on record; the first one stands for it]"
	if err != nil || sum.Differ != 2 || told[1] != want {
		t.Errorf("%+v %v %q", sum, err, told)
	}
	all, err := numbering.Of(j).All(t.Context())
	if err != nil || len(all) != 1 || all[0].Last != 1001 {
		t.Errorf("%+v %v", all, err)
	}
	if sum, err = Run(t.Context(), j, files, delivering.Kept{}, was, nil); err != nil || sum.Equal != 2 {
		t.Errorf("%+v %v", sum, err)
	}
}

func TestWhatCannotBeReadIsNotEqual(t *testing.T) {
	t.Parallel()
	was := plan(t, 1, rows("N: form.n"))
	j, files := store(t, was, 1)
	list, err := delivering.Of(j).Kept(t.Context(), delivering.Kept{}, 0, 10)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for name, change := range map[string]func(*journal.Stored){
		"the form":    func(s *journal.Stored) { s.Lost = content.ErrNotFound },
		"the mapping": func(s *journal.Stored) { s.Plan = connectors.Digest{1} },
	} {
		s := list[0]
		change(&s)
		c, err := compare(t.Context(), j, prepare.NewPlans(j), files, &s, was)
		if err != nil || c.Kind != Unknown || len(c.Why) != 1 {
			t.Errorf("%s: %+v %v", name, c, err)
		}
	}
}

func TestBinaryValuesAreComparedByContent(t *testing.T) {
	t.Parallel()
	binary := func(s string, digest bool) connectors.Value {
		b := connectors.BytesBlob([]byte(s))
		if !digest {
			b.Digest = connectors.Digest{}
		}
		return connectors.Value{Kind: connectors.Binary, Blob: &b}
	}
	for _, c := range []struct {
		a, b connectors.Value
		same bool
	}{
		{binary("ab", false), binary("ab", true), true},
		{binary("ab", true), binary("ab", true), true},
		{binary("ab", false), binary("ac", true), false},
		{binary("ab", false), binary("abc", false), false},
		{binary("ab", false), connectors.Value{Kind: connectors.Text, Str: "ab"}, false},
	} {
		if same, err := sameValue(c.a, c.b); err != nil || same != c.same {
			t.Errorf("%v and %v: %v %v", c.a, c.b, same, err)
		}
	}
	gone := binary("ab", false)
	gone.Blob.Open = func() (io.ReadCloser, error) { return nil, content.ErrNotFound }
	if _, err := sameValue(gone, binary("ac", false)); !errors.Is(err, content.ErrNotFound) {
		t.Error(err)
	}
}
