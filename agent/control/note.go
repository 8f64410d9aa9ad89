package control

import (
	"context"
	"net/http"
	"slices"
)

// Recorder puts on record what is done beside the agent: to its secrets and to its service.
type Recorder interface {
	// Note puts one of the actions of Noted on record.
	Note(ctx context.Context, r NoteRequest) error
}

// NoteRequest says what is about to be done, on whose word and to what.
type NoteRequest struct {
	Action string `json:"action"`           // one of Noted, also with .failed
	Object string `json:"object,omitempty"` // such as the name of a secret, never itself
	Code   string `json:"code,omitempty"`   // of a failure
	By     string `json:"by,omitempty"`
}

// Noted returns the actions that a note may tell of: one who may give orders must not write others' entries.
func Noted() []string {
	return []string{"secret-set", "secret-remove", "service-install", "service-uninstall"}
}

// check refuses what is no note.
func (r NoteRequest) check() error {
	if slices.Contains(Noted(), r.Action) {
		return nil
	}
	for _, action := range Noted() {
		if r.Action == action+".failed" {
			return nil
		}
	}
	return &Error{Code: CodeRequest, Message: "nothing of this name is put on record by a note", Hint: "command and agent must be of one version", Status: http.StatusBadRequest}
}

// Note has the agent put something on record.
func (c *Client) Note(ctx context.Context, r NoteRequest) error {
	return c.post(ctx, "note", r, &struct{}{})
}

// noteOrders is the part of the protocol that adds to the record.
func noteOrders(mux *http.ServeMux, op Recorder) {
	order(mux, "note", func(ctx context.Context, r NoteRequest, by string) (struct{}, error) {
		if err := r.check(); err != nil {
			return struct{}{}, err
		}
		r.By = by
		return struct{}{}, op.Note(ctx, r)
	})
}
