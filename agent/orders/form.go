package orders

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/connectors"
)

// FormOf reads what a citizen wrote from a journal and its content store.
func FormOf(ctx context.Context, j *journal.Journal, store *content.Store, r control.FormRequest) (f control.Form, err error) {
	p, err := delivering.Of(j).Payload(ctx, r.ID)
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
		return &connectors.Error{Class: connectors.TargetError, Code: content.CodeUnavailable, Op: "read it from the content store", Hint: "look at the disk below state, and by: inbasket journal check --content", Err: err}
	}
	*to = store.Blob(d, size)
	return nil
}

// show returns everything about one submission; with Raw also what systems said in their own words.
func (d *Desk) show(ctx context.Context, r control.ShowRequest) (control.View, error) {
	v, err := reading.Of(d.Journal).Show(ctx, r.ID)
	view := control.ViewOf(v, r.Raw)
	for i := range view.Deliveries {
		to := &view.Deliveries[i]
		if l := d.Running().Lanes().Get(to.Target); l != nil && to.Code == "" {
			if before := l.Behind(r.ID); before != 0 {
				to.Code, to.Text = lane.CodeBehind, "it waits for submission "+before.String()+", which has the same order key and goes first"
				to.Next = "inbasket show " + before.String()
			}
		}
	}
	return view, err
}

// checkJournal looks whether the journal is whole, while it is used.
func (d *Desk) checkJournal(ctx context.Context, r control.CheckJournalRequest) (checking.Checkup, error) {
	o := checking.CheckupOrder{Full: r.Full}
	if r.Content {
		o.Content = d.Content
	}
	return checking.Of(d.Journal).Checkup(ctx, o)
}

// backup streams a backup of the journal and the content store while everything goes on.
func (d *Desk) backup(ctx context.Context, r control.BackupRequest) (done control.Nothing, err error) {
	if !d.backups.TryLock() {
		return done, &control.Error{Code: CodeBackupRuns, Message: "another backup is being made", Hint: "wait until it is done", Status: http.StatusConflict}
	}
	defer d.backups.Unlock()
	_, err = backup.Write(ctx, backup.Source{State: d.State, Journal: d.Journal, Content: d.Content, Agency: d.Running().Configuration().Agency,
		Version: d.Version, Now: d.Clock.Now()}, r.To)
	return done, err
}

// backedUp notes when the last verified backup was made.
func (d *Desk) backedUp(ctx context.Context, r control.BackedUpRequest) (done control.Nothing, err error) {
	d.Log.Info().Str("by", r.By).Time("made", r.Made).Msg("a backup was made and verified")
	return done, restoring.Of(d.Journal).NoteBackup(ctx, r.Made)
}
