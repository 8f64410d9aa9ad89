package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Archivist keeps what was sent as long as it is to be kept, and shows it to those who have to see it.
type Archivist interface {
	// Form returns a form as it came, or one of its attachments.
	Form(ctx context.Context, r FormRequest) (Form, error)
	// Purge takes away submissions whose life is over, but for a tombstone each.
	Purge(ctx context.Context, r PurgeRequest) (PurgeReport, error)
	// CheckJournal looks whether the journal is whole, while it is used.
	CheckJournal(ctx context.Context, r CheckJournalRequest) (journal.Checkup, error)
	// CompactJournal makes the journal's file small; what is to be written waits meanwhile.
	CompactJournal(ctx context.Context, r CompactJournalRequest) (journal.Compaction, error)
}

// FormRequest asks for what a citizen wrote.
type FormRequest struct {
	ID         journal.ID `json:"id"`
	Attachment string     `json:"attachment,omitempty"` // its name; empty: the form itself
	By         string     `json:"by,omitempty"`
}

// Form is what a citizen wrote.
type Form struct {
	Name        string // of an attachment; empty for the form itself
	ContentType string
	Blob        connectors.Blob
}

// PurgeRequest says what to purge: some submissions, or with none everything that retention says.
type PurgeRequest struct {
	IDs    []journal.ID `json:"ids,omitempty"`
	DryRun bool         `json:"dryRun,omitempty"` // only say what would be purged
	Reason string       `json:"reason,omitempty"` // needed with IDs; it stays on record
	By     string       `json:"by,omitempty"`
}

// PurgeReport says what was purged, or would be.
type PurgeReport struct {
	DryRun       bool                  `json:"dryRun,omitempty"`
	Purged       int64                 `json:"purged"`
	Groups       []PurgeGroup          `json:"groups,omitempty"` // of a dry run, and of what retention purged
	Kept         []Settled             `json:"kept,omitempty"`   // named submissions that could not be purged, and why
	Dropped      int64                 `json:"dropped"`          // results that had been set aside
	Tombstones   int64                 `json:"tombstones"`       // that have expired
	Files        int64                 `json:"files"`            // removed from the content store
	FilesLater   int64                 `json:"filesLater"`       // too young to be removed safely, or held by a backup
	Overwritten  bool                  `json:"overwritten"`      // nothing of it is left in the journal's file
	Certificates []journal.Certificate `json:"certificates,omitempty"`
}

// PurgeGroup is one route's submissions in one state.
type PurgeGroup struct {
	Route  string        `json:"route"`
	State  journal.State `json:"state"`
	Keep   string        `json:"keep"` // how long they are kept, as the configuration says it
	Count  int64         `json:"count"`
	Oldest time.Time     `json:"oldest"` // end of the one that ended first
}

// CheckJournalRequest says how closely to look.
type CheckJournalRequest struct {
	Full    bool   `json:"full,omitempty"`    // every page and every index
	Content bool   `json:"content,omitempty"` // also read everything in the content store
	By      string `json:"by,omitempty"`
}

// CompactJournalRequest has the journal made small.
type CompactJournalRequest struct {
	By string `json:"by,omitempty"`
}

// Form asks for what a citizen wrote and writes it to w, once it is known that it can be read.
func (c *Client) Form(ctx context.Context, r FormRequest, w func(Form) (io.Writer, error)) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	resp, err := c.ask(ctx, "form", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	f := Form{ContentType: resp.Header.Get("Content-Type"), Blob: connectors.Blob{Size: resp.ContentLength}}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
		f.Name = params["filename"]
	}
	to, err := w(f)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		return &Error{Code: CodeProtocol, Message: "the agent broke off; what was written is not whole", Hint: "ask again"}
	}
	return nil
}

// Purge orders what Archivist.Purge does.
func (c *Client) Purge(ctx context.Context, r PurgeRequest) (x PurgeReport, err error) {
	return x, c.post(ctx, "purge", r, &x)
}

// CheckJournal orders what Archivist.CheckJournal does.
func (c *Client) CheckJournal(ctx context.Context, r CheckJournalRequest) (x journal.Checkup, err error) {
	return x, c.post(ctx, "checkjournal", r, &x)
}

// CompactJournal orders what Archivist.CompactJournal does.
func (c *Client) CompactJournal(ctx context.Context, r CompactJournalRequest) (x journal.Compaction, err error) {
	return x, c.post(ctx, "compactjournal", r, &x)
}

// archiveOrders is the part of the protocol that is about what is kept.
func archiveOrders(mux *http.ServeMux, op Archivist) {
	order(mux, "purge", func(ctx context.Context, r PurgeRequest, by string) (PurgeReport, error) {
		r.By = by
		return op.Purge(ctx, r)
	})
	order(mux, "checkjournal", func(ctx context.Context, r CheckJournalRequest, by string) (journal.Checkup, error) {
		r.By = by
		return op.CheckJournal(ctx, r)
	})
	order(mux, "compactjournal", func(ctx context.Context, r CompactJournalRequest, by string) (journal.Compaction, error) {
		r.By = by
		return op.CompactJournal(ctx, r)
	})
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) { form(w, r, op) })
}

// form streams what a citizen wrote.
func form(w http.ResponseWriter, r *http.Request, op Archivist) {
	var req FormRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&req); err != nil {
		fail(w, &Error{Code: CodeProtocol, Message: "the order cannot be read", Hint: "command and agent must be of one version", Status: http.StatusBadRequest})
		return
	}
	req.By = actor(r)
	f, err := op.Form(r.Context(), req)
	if err != nil {
		fail(w, errorOf(err))
		return
	}
	body, err := f.Blob.Open()
	if err != nil {
		fail(w, errorOf(err))
		return
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Length", strconv.FormatInt(f.Blob.Size, 10))
	if f.Name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	}
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, body) // a length that falls short tells the caller
}
