package agent

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

func (o audited) Form(ctx context.Context, r control.FormRequest) (out control.Form, err error) {
	d := map[string]string{"what": "form"}
	if r.Attachment != "" {
		d["what"] = "attachment"
	}
	return out, o.carryOut(ctx, r.By, "show-form", r.ID.String(), d, func() error { out, err = o.Operator.Form(ctx, r); return err })
}

func (o audited) Purge(ctx context.Context, r control.PurgeRequest) (out control.PurgeReport, err error) {
	if r.DryRun {
		return o.Operator.Purge(ctx, r)
	}
	d := map[string]string{"reason": r.Reason}
	return out, o.carryOut(ctx, r.By, "purge", named(r.IDs), d, func() error { out, err = o.Operator.Purge(ctx, r); return err })
}

func (o audited) CompactJournal(ctx context.Context, r control.CompactJournalRequest) (out journal.Compaction, err error) {
	return out, o.carryOut(ctx, r.By, "compact-journal", "", nil, func() error { out, err = o.Operator.CompactJournal(ctx, r); return err })
}

// Form returns what a citizen wrote, as it came.
func (a *Agent) Form(ctx context.Context, r control.FormRequest) (control.Form, error) {
	return FormOf(ctx, a.journal, a.content, r)
}

// FormOf reads what a citizen wrote from a journal and its content store.
func FormOf(ctx context.Context, j *journal.Journal, store *content.Store, r control.FormRequest) (f control.Form, err error) {
	p, err := j.Payload(ctx, r.ID)
	if err != nil {
		return f, err
	}
	if r.Attachment == "" {
		f.ContentType, f.Blob = p.ContentType, connectors.BytesBlob(p.Body)
		if p.Body == nil {
			return f, stored(store, p.Digest, &f.Blob)
		}
		return f, nil
	}
	n := slices.IndexFunc(p.Attachments, func(x journal.File) bool { return x.Name == r.Attachment })
	if no, err := strconv.Atoi(r.Attachment); n < 0 && err == nil && no >= 1 && no <= len(p.Attachments) {
		n = no - 1
	}
	if n < 0 {
		return f, &control.Error{Code: control.CodeNotFound, Message: fmt.Sprintf("submission %s has no attachment of this name or number", r.ID), Hint: "they are told by: inbasket show " + r.ID.String(), Status: http.StatusNotFound}
	}
	x := p.Attachments[n]
	f.Name, f.ContentType = x.Name, x.ContentType
	if f.ContentType == "" {
		f.ContentType = "application/octet-stream"
	}
	return f, stored(store, x.Digest, &f.Blob)
}

// stored opens a piece of content as a blob of its true size.
func stored(store *content.Store, d connectors.Digest, to *connectors.Blob) error {
	size, err := store.Size(d)
	if err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeContent, Op: "read it from the content store", Hint: "look at the disk below state, and by: inbasket journal check --content", Err: err}
	}
	*to = store.Blob(d, size)
	return nil
}

// CheckJournal looks whether the journal is whole.
func (a *Agent) CheckJournal(ctx context.Context, r control.CheckJournalRequest) (journal.Checkup, error) {
	o := journal.CheckupOrder{Full: r.Full}
	if r.Content {
		o.Content = a.content
	}
	return a.journal.Checkup(ctx, o)
}

// CompactJournal makes the journal's file small.
func (a *Agent) CompactJournal(ctx context.Context, _ control.CompactJournalRequest) (journal.Compaction, error) {
	if !a.purging.TryLock() {
		return journal.Compaction{}, &control.Error{Code: CodePurgeRuns, Message: "a purge is running", Hint: "wait until it is done", Status: http.StatusConflict}
	}
	defer a.purging.Unlock()
	return a.journal.Compact(ctx, FreeBelow(a.options.Config.State))
}

// FreeBelow tells how much room the disk of a folder has.
func FreeBelow(dir string) func() (int64, error) {
	return func() (int64, error) {
		s, err := disk.Of(dir)
		return int64(min(s.Free, 1<<62)), err
	}
}
