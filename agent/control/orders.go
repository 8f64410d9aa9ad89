package control

import "time"

// RestoredOrder is an order that a restored journal has forgotten: it was given after the backup was made, and is told
// by the audit log that the restore moved aside.
type RestoredOrder struct {
	At      time.Time         `json:"at"`
	Who     string            `json:"who"`
	Action  string            `json:"action"`
	Object  string            `json:"object,omitempty"` // submission, target or result
	Details map[string]string `json:"details,omitempty"`
}
