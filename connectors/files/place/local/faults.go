package local

import (
	"context"
	"errors"
	"io/fs"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// Fault says what is wrong with a folder; nothing was changed.
func Fault(op string, err error) error {
	e := fault(op, err)
	if errors.Is(err, fs.ErrNotExist) || isNotFolder(err) {
		e.Class, e.Code = connectors.TargetError, place.CodeFolder
		e.Hint = "create the folder or mount the share"
	}
	return e
}

// fault classes an error of the local file system from which nothing became visible.
func fault(op string, err error) *connectors.Error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return known
	}
	e := &connectors.Error{Class: connectors.TargetError, Op: op, Err: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Class, e.Code = connectors.Transient, place.CodeCancelled
	case isDiskFull(err):
		e.Code, e.Hint = place.CodeDiskFull, "make room; the agent goes on by itself"
	case isReadOnly(err):
		e.Code, e.Hint = place.CodeReadOnly, "mount the file system writable; where systemd runs the agent, open the folder to it by: inbasket service drop-in --write"
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Hint = place.CodePermission, "grant the agent's account read, write and delete on the folder; below /home and /tmp systemd hides it: inbasket service drop-in"
	case errors.Is(err, fs.ErrNotExist), isNotFolder(err):
		e.Code, e.Hint = place.CodeFolder, "create the folder or mount the share"
	default:
		e.Code, e.Hint = place.CodeIO, "look at the disk or the share"
	}
	return e
}
