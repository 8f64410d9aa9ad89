package durable

import (
	"os"

	"golang.org/x/sys/windows"
)

// Rename renames, over an existing file too, and returns when the disk has it.
func Rename(from, to string) error { return move(from, to, windows.MOVEFILE_REPLACE_EXISTING) }

// RenameNew renames without ever writing over an existing file; that is an fs.ErrExist. It returns when the disk has it.
func RenameNew(from, to string) error { return move(from, to, 0) }

// move renames. MOVEFILE_WRITE_THROUGH is Windows' word for a durable rename.
func move(from, to string, flags uint32) error {
	f, err := windows.UTF16PtrFromString(from)
	if err == nil {
		var t *uint16
		if t, err = windows.UTF16PtrFromString(to); err == nil {
			err = windows.MoveFileEx(f, t, flags|windows.MOVEFILE_WRITE_THROUGH)
		}
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// SyncDir does nothing: Windows cannot flush a folder; renames are written through instead.
func SyncDir(string) error { return nil }
