package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

func (f *fake) Form(_ context.Context, r FormRequest) (Form, error) {
	b := connectors.BytesBlob([]byte("what a citizen wrote"))
	return Form{Name: r.Attachment, ContentType: "text/plain", Blob: b}, f.keep(r)
}
func (f *fake) Purge(_ context.Context, r PurgeRequest) (PurgeReport, error) {
	return PurgeReport{Purged: 3, DryRun: r.DryRun, Kept: []Settled{{ID: 2, Error: &Error{Code: "x"}}}}, f.keep(r)
}
func (f *fake) CheckJournal(_ context.Context, r CheckJournalRequest) (journal.Checkup, error) {
	return journal.Checkup{Submissions: 7, Findings: []journal.Finding{{Code: "journal.tally"}}}, f.keep(r)
}
func (f *fake) CompactJournal(_ context.Context, r CompactJournalRequest) (journal.Compaction, error) {
	return journal.Compaction{Before: 9, After: 1}, f.keep(r)
}

func TestFormsAreStreamed(t *testing.T) {
	op := &fake{}
	c, _ := serve(t, op)
	for _, name := range []string{"", "Bauplan größer.pdf"} {
		var got Form
		var b bytes.Buffer
		err := c.Form(t.Context(), FormRequest{ID: 7, Attachment: name}, func(f Form) (io.Writer, error) { got = f; return &b, nil })
		if err != nil || b.String() != "what a citizen wrote" || got.Name != name || got.ContentType != "text/plain" || got.Blob.Size != int64(b.Len()) {
			t.Fatalf("%+v %q %v", got, b.String(), err)
		}
		r, ok := op.got[len(op.got)-1].(FormRequest)
		if !ok || r.By == "" || r.ID != 7 {
			t.Fatalf("%+v", op.got)
		}
	}
	op.err = &journal.PurgedError{Tombstone: journal.Tombstone{ID: 7, Was: journal.Closed, Purged: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}}
	err := c.Form(t.Context(), FormRequest{ID: 7}, func(Form) (io.Writer, error) { t.Error("asked for a place to write"); return nil, nil })
	var e *Error
	if !errors.As(err, &e) || e.Code != journal.CodePurged || !strings.Contains(e.Message, "was purged on 2026-11-22") {
		t.Fatalf("%v", err)
	}
}

func TestArchiveOrders(t *testing.T) {
	op := &fake{}
	c, _ := serve(t, op)
	p, err := c.Purge(t.Context(), PurgeRequest{IDs: []journal.ID{1, 2}, Reason: "why"})
	if err != nil || p.Purged != 3 || len(p.Kept) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	k, err := c.CheckJournal(t.Context(), CheckJournalRequest{Full: true})
	if err != nil || k.Submissions != 7 || len(k.Findings) != 1 {
		t.Errorf("%+v %v", k, err)
	}
	z, err := c.CompactJournal(t.Context(), CompactJournalRequest{})
	if err != nil || z.Before != 9 {
		t.Errorf("%+v %v", z, err)
	}
	for _, x := range op.got {
		switch r := x.(type) {
		case PurgeRequest:
			if r.By == "" || r.Reason != "why" {
				t.Errorf("%+v", r)
			}
		case CheckJournalRequest:
			if r.By == "" || !r.Full {
				t.Errorf("%+v", r)
			}
		case CompactJournalRequest:
			if r.By == "" {
				t.Errorf("%+v", r)
			}
		}
	}
}
