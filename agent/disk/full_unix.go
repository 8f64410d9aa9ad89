//go:build unix

package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Full tells whether an error says that a disk has no room left, or that the account may use no more of it.
func Full(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
