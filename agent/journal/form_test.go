package journal_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// application writes a form of about so many bytes, as a portal sends them: names of fields that repeat, and texts that do not.
func application(t testing.TB, rnd *rand.Rand, size int) []byte {
	t.Helper()
	words := strings.Fields("Anna Björn Müller Nguyễn García Hauptstraße Kirchgasse Musterstadt Görlitz baker nurse please note that the documents lie at the office")
	text := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = words[rnd.IntN(len(words))]
		}
		return strings.Join(list, " ")
	}
	form := map[string]any{"reference": fmt.Sprintf("BP-%08d", rnd.IntN(1e8)), "iban": fmt.Sprintf("DE%020d", rnd.Int64N(1e18)), "taxId": rnd.Int64N(1e11)}
	for n := range size / 175 {
		form[fmt.Sprintf("person%d", n)] = map[string]any{"givenName": text(1), "familyName": text(1), "street": text(2), "birthDate": fmt.Sprint(1940 + rnd.IntN(80)),
			"phone": fmt.Sprint(rnd.IntN(1e9)), "remarks": text(4)}
	}
	b, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noise is a form that cannot be made smaller.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}

// TestJournalIsSmall counts what the journal takes on disk for forms that were delivered and told, beside the forms themselves.
func TestJournalIsSmall(t *testing.T) {
	for _, size := range []int{1 << 10, 2 << 10, 8 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			rnd := rand.New(rand.NewPCG(1, 2))
			forms := int64(0)
			for range 8 { // so many that empty tables do not count
				var arrivals []journal.Arrival
				var changes []journal.Change
				for range 500 {
					form := application(t, rnd, size)
					forms += int64(len(form))
					ref := fmt.Sprintf("BP-2026-%08d", forms)
					a := arrival(ref, "register")
					a.Form, a.Digest = form, sha256.Sum256(form)
					arrivals = append(arrivals, a)
				}
				for _, a := range r.accept(arrivals...) {
					changes = append(changes, journal.Change{ID: a.ID, Target: "register", To: journal.Done, Attempt: true, Final: true})
				}
				r.must(r.Apply(r.ctx(), changes))
			}
			r.must(r.Checkpoint(r.ctx()))
			disk, err := r.Engine().Size()
			r.must(err)
			beyond := float64(disk-forms) / float64(forms)
			t.Logf("%d bytes on disk for %d bytes of forms: %.2f KiB beyond each KiB", disk, forms, beyond)
			if beyond > 0.25 {
				t.Errorf("%.2f KiB beyond each KiB of form", beyond)
			}
		})
	}
}

// TestFormsComeBackAsTheyWere keeps every byte, whether a form can be made smaller or not.
func TestFormsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n, size := range []int{0, 1, 100, 2000, journal.InlineForm, journal.InlineForm + 1} {
		for k, form := range [][]byte{noise(size), bytes.Repeat([]byte("a"), size)} {
			a := arrival(fmt.Sprint(n, "-", k), "register")
			a.Form = form
			id := r.accept(a)[0].ID
			got, _, _, err := r.Form(r.ctx(), id)
			r.must(err)
			list, err := r.Load(r.ctx(), "register", []journal.ID{id})
			r.must(err)
			p, err := r.Payload(r.ctx(), id)
			r.must(err)
			if !bytes.Equal(got, form) || !bytes.Equal(list[0].Form, form) || (p.Body == nil) != (size > journal.InlineForm) || p.Body != nil && !bytes.Equal(p.Body, form) {
				t.Errorf("a form of %d bytes came back as %d, %d and %d", size, len(got), len(list[0].Form), len(p.Body))
			}
		}
	}
	forms, size, err := r.Posted(r.ctx(), "portal", r.clock.Now().Add(-1))
	r.must(err)
	if forms != 0 || size != 0 { // they came out of a folder
		t.Errorf("%d forms, %d bytes", forms, size)
	}
}

// TestJournalOfVersion4 opens a journal that a program wrote which did not compress forms.
func TestJournalOfVersion4(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.Open(filepath.Join("testdata", "version4.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, journal.FileName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	look := func(j *journal.Journal) {
		t.Helper()
		list, err := reading.Of(j).List(t.Context(), journal.Filter{})
		if err != nil || len(list) != 3 || list[0].State != journal.Decided || list[1].State != journal.Accepted || list[2].State != journal.Parked {
			t.Fatalf("%+v %v", list, err)
		}
		for _, e := range list {
			form, _, _, err := delivering.Of(j).Form(t.Context(), e.ID)
			if err != nil || !bytes.HasPrefix(form, []byte(`{"reference": "`+e.Reference+`", "text": "as it came `)) {
				t.Errorf("%q %v", form, err)
			}
		}
		if stored, err := delivering.Of(j).Backlog(t.Context(), "register", 0, 10); err != nil || len(stored) != 1 || !json.Valid(stored[0].Form) {
			t.Errorf("%+v %v", stored, err)
		}
	}
	ro, err := journal.OpenReadOnly(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look(ro)
	if err := ro.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look(j)
	parked, err := reading.Of(j).List(t.Context(), journal.Filter{Progress: journal.Held})
	if err != nil || len(parked) != 1 {
		t.Fatalf("%+v, %v", parked, err)
	}
	if list, err := delivering.Of(j).Stopping(t.Context(), "register", 0, 10); err != nil || len(list) != 1 || list[0] != (delivering.Stopping{ID: parked[0].ID}) {
		t.Errorf("order keys of before: %+v, %v", list, err)
	}
	if c, err := checking.Of(j).Checkup(t.Context(), checking.CheckupOrder{Full: true}); err != nil || len(c.Findings) > 0 {
		t.Errorf("%+v %v", c, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
