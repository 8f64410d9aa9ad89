package disk

import (
	"errors"

	"golang.org/x/sys/windows"
)

// Full tells whether an error says that a disk has no room left, or that the account may use no more of it.
func Full(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
