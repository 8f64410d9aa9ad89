package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Error is an error as it travels from the agent to the command line. It holds no form content.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Details string `json:"details,omitempty"` // several lines, such as the problems of a configuration
	Status  int    `json:"-"`                 // HTTP status
}

// Error returns message and hint.
func (e *Error) Error() string {
	s := e.Message
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// The errors of a connection, for errors.Is.
var (
	ErrNotRunning = errors.New("no agent is running here")
	ErrPermission = errors.New("not permitted")
)

// Unwrap lets callers tell apart what they act on.
func (e *Error) Unwrap() error {
	switch e.Code {
	case CodeNotRunning:
		return ErrNotRunning
	case CodePermission:
		return ErrPermission
	}
	return nil
}

// errorOf makes an Error of any error of the agent. What it does not know is internal, without its text:
// that could hold anything.
func errorOf(err error) *Error {
	var (
		known    *Error
		problems diag.Problems
		partly   *journal.PartlyDeliveredError
		coded    *connectors.Error
		move     *journal.TransitionError
		gone     *journal.PurgedError
		unclear  *journal.UnclearError
	)
	switch {
	case errors.As(err, &known):
		if known.Status == 0 {
			known.Status = http.StatusConflict
		}
		return known
	case errors.As(err, &problems):
		return &Error{Code: "config.refused", Message: "the configuration is refused; the running one stays in force", Details: problems.Format(), Status: http.StatusUnprocessableEntity}
	case errors.As(err, &partly):
		return &Error{Code: CodePartly, Message: partly.Error(), Hint: "to reject it all the same say --force; what stands in those targets stays there", Status: http.StatusConflict}
	case errors.As(err, &coded):
		return &Error{Code: coded.Code, Message: coded.Op + " failed (" + coded.Code + ")", Hint: coded.Hint, Status: http.StatusConflict}
	case errors.As(err, &move):
		return &Error{Code: CodeState, Message: move.Error(), Hint: "look at it by: inbasket show " + move.ID.String(), Status: http.StatusConflict}
	case errors.As(err, &unclear):
		return &Error{Code: journal.CodeUnclear, Message: unclear.Error(), Status: http.StatusConflict,
			Hint: fmt.Sprintf("look there: if it has the data, inbasket confirm %s TARGET; if not, inbasket retry %[1]s --target TARGET", unclear.ID)}
	case errors.As(err, &gone):
		return &Error{Code: journal.CodePurged, Message: gone.Error(), Hint: "nothing of its content is kept here; the targets that have it are told by: inbasket show " + gone.ID.String(), Status: http.StatusGone}
	case errors.Is(err, journal.ErrNotFound):
		return &Error{Code: CodeNotFound, Message: "there is no such submission, target or batch", Hint: "look for it by: inbasket list", Status: http.StatusNotFound}
	case errors.Is(err, journal.ErrState):
		return &Error{Code: CodeState, Message: "this is not possible in its present state", Hint: "look at it by: inbasket show ID", Status: http.StatusConflict}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: CodeProtocol, Message: "the order was broken off", Hint: "look by status what became of it", Status: http.StatusServiceUnavailable}
	default:
		return &Error{Code: CodeInternal, Message: "the agent failed at this order", Hint: "its log says more", Status: http.StatusInternalServerError}
	}
}

// ErrorOf returns err as an *Error, for callers that answer for several submissions at once.
func ErrorOf(err error) *Error {
	if err == nil {
		return nil
	}
	return errorOf(err)
}
