//go:build !linux

package main

import (
	"context"

	"github.com/inbasket/inbasket/agent/control"
)

// examineSandboxed cannot be done here: nobody can take on the virtual account of a Windows service from outside.
func (a *app) examineSandboxed(context.Context, doctorOptions) (control.Examination, error) {
	return control.Examination{}, &control.Error{Code: control.CodeNotRunning, Message: "the service does not run, and on this system only the running agent can look with its account",
		Hint: "start it by inbasket service start; why it does not start is told by doctor without --as-service and by the event log"}
}
