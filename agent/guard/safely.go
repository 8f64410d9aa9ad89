package guard

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/inbasket/inbasket/connectors"
)

// Safely runs a call into a connector; one that breaks is an error, not the end of the agent.
func Safely(op string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &connectors.Error{Class: connectors.Uncertain, Code: CodePanic, Op: op, Err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	return call()
}

// Describe returns code and safe text of an error.
func Describe(err error) (code, text string) {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Code, e.Safe()
	}
	return CodeUnknown, "the target failed without saying how"
}
