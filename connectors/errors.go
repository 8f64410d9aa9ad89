package connectors

import (
	"errors"
	"fmt"
)

// Error is an error with everything the agent needs to act on it and an operator to mend it.
type Error struct {
	Class Class  // what the agent does
	Code  string // stable and documented, such as ftp.login
	Op    string // what was tried, such as "insert into APPLICATION"
	Hint  string // what to do next; may be empty
	Err   error  // the cause; its text may hold data and is never shown outside
}

// Errorf makes an Error whose cause is formatted like fmt.Errorf.
func Errorf(class Class, code, op, hint, format string, args ...any) *Error {
	return &Error{Class: class, Code: code, Op: op, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Error returns operation, code and cause; use Safe where the text leaves the agent.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Op, e.Code)
	}
	return fmt.Sprintf("%s: %s: %v", e.Op, e.Code, e.Err)
}

// Safe returns a text without the cause, fit for logs and for other people.
func (e *Error) Safe() string {
	s := e.Op + ": " + e.Code
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of err: of the Error in its chain, else Uncertain. A nil err is Written.
func ClassOf(err error) Class {
	if err == nil {
		return Written
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Uncertain
}
