package frontoffice

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/connectors"
)

// flow is as much of the agent's flow as accepts forms into a real journal.
type flow struct {
	j    *journal.Journal
	plan connectors.Digest
}

func (f *flow) Submit(ctx context.Context, office string, in Incoming) (Receipt, error) {
	h := sha256.New()
	_, _ = h.Write(in.Form)
	var files []journal.File
	for _, a := range in.Attachments {
		_, _ = h.Write(a.Blob.Digest[:])
		files = append(files, journal.File{Name: a.Name, ContentType: a.ContentType, Digest: a.Blob.Digest, Size: a.Blob.Size})
	}
	ref := "R-" + string(in.Form[:min(1, len(in.Form))])
	got, err := accepting.Of(f.j).Accept(ctx, []journal.Arrival{{Scope: office, Office: office, Inbasket: "http", Route: "permit", Plan: f.plan, Reference: ref,
		Transport: ref, IdempotencyKey: in.IdempotencyKey, Digest: connectors.Digest(h.Sum(nil)), ContentType: in.ContentType, Form: in.Form,
		Attachments: files, Targets: []string{"register"}, At: time.Now()}})
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: got[0].ID, Verdict: got[0].Verdict, State: got[0].State, Reference: ref, On: got[0].On}, nil
}

func TestWithRealJournal(t *testing.T) {
	ctx := context.Background()
	store, err := content.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(ctx, t.TempDir(), journal.Options{Clock: newClock(), Content: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	plan := journal.Plan{Digest: sha256.Sum256([]byte("p")), Name: "permit", Version: 1, Bundle: []byte("p")}
	if err := j.PutPlan(ctx, plan); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(o *Options) {
		o.Submitter, o.Journal, o.Content = &flow{j, plan.Digest}, JournalOf(j), ContentOf(store)
	})
	post := func(form, key string) (int, string, string) {
		body, ct := multi(part{"form", "", "application/json", form}, part{"a", "a.pdf", "application/pdf", "PDF"})
		h := []string{"Content-Type", ct}
		if key != "" {
			h = append(h, "Idempotency-Key", key)
		}
		resp, text := b.do("POST", "/v1/submissions", body, h...)
		return resp.StatusCode, resp.Header.Get("Location"), resp.Header.Get("Idempotent-Replayed") + text
	}
	status, location, text := post("1-form", `"k1"`)
	if status != 202 {
		t.Fatal(status, text)
	}
	if s, l, text := post("1-form", `"k1"`); s != 202 || l != location || !strings.HasPrefix(text, "true") {
		t.Errorf("repeat: %d %s %s", s, l, text)
	}
	if s, _, text := post("2-form", `"k1"`); s != 422 {
		t.Errorf("key with other bytes: %d %s", s, text)
	}
	if s, _, text := post("1-other", ""); s != 409 {
		t.Errorf("reference with other bytes: %d %s", s, text)
	}
	id, _ := journal.ParseID(strings.TrimPrefix(location, "/v1/submissions/"))
	got := make(chan string)
	_, first := b.do("GET", "/v1/events", "")
	go func() {
		_, body := b.do("GET", "/v1/events?after="+page(t, first).Next, "", "Prefer", "wait=30")
		got <- body
	}()
	<-b.clock.asked
	if err := delivering.Of(j).Apply(ctx, []journal.Change{{ID: id, Target: "register", To: journal.Done, MatchKey: "C=1"}}); err != nil {
		t.Fatal(err)
	}
	if p := page(t, <-got); len(p.Events) != 1 || p.Events[0].Type != "delivered" {
		t.Errorf("%+v", p)
	}
	blob, err := store.Put(ctx, strings.NewReader("the permit"), 100)
	if err != nil {
		t.Fatal(err)
	}
	_, err = deciding.Of(j).Results(ctx, []journal.Outcome{{Source: "register", ResultID: "1", Plan: "permit", MatchKey: "C=1", Outcome: "approved", CaseNo: "C-1", At: time.Now(),
		Documents: []journal.File{{Name: "permit.pdf", ContentType: "application/pdf", Digest: blob.Digest, Size: blob.Size}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, body := b.do("GET", location, "")
	for _, w := range []string{`"state":"decided"`, `"outcome":"approved"`, `"caseNumber":"C-1"`, `"name":"permit.pdf"`} {
		if !strings.Contains(body, w) {
			t.Errorf("no %s in %s", w, body)
		}
	}
	if resp, body := b.do("GET", location+"/documents/1", "", "Range", "bytes=4-"); resp.StatusCode != 206 || body != "permit" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	_, all := b.do("GET", "/v1/events", "")
	p := page(t, all)
	kinds := ""
	for _, e := range p.Events {
		kinds += e.Type + " "
	}
	if kinds != "accepted delivered decided " {
		t.Errorf("%s", kinds)
	}
	if resp, body := b.do("PUT", "/v1/cursors/main", fmt.Sprintf(`{"cursor":%q}`, p.Next), "Content-Type", "application/json"); resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if _, body := b.do("GET", location, ""); !strings.Contains(body, `"state":"closed"`) {
		t.Errorf("after the acknowledgement: %s", body)
	}
	if resp, _ := b.do("GET", location, "", "Authorization", "Bearer "+b.other); resp.StatusCode != 404 {
		t.Errorf("someone else: %d", resp.StatusCode)
	}
}
