package control

import (
	"net/http"
	"slices"
)

// NoteRequest says what is about to be done, on whose word and to what.
type NoteRequest struct {
	Action string `json:"action"`           // one of Noted, also with .failed
	Object string `json:"object,omitempty"` // such as the name of a secret, never itself
	Code   string `json:"code,omitempty"`   // of a failure
	By     string `json:"by,omitempty"`
}

// Noted returns the actions that a note may tell of: one who may give orders must not write others' entries.
func Noted() []string {
	return []string{"secret-set", "secret-remove", "service-install", "service-uninstall", "replay", "replay-reveal", "test-from", "plan", "plan-reveal"}
}

// Check refuses what is no note.
func (r NoteRequest) Check() error {
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

// VerifyAuditRequest says what the log is held against beside what the journal remembers of it.
type VerifyAuditRequest struct {
	Head string `json:"head,omitempty"` // digest that somebody wrote down; empty: none
}
