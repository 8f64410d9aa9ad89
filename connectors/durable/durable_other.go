//go:build unix && !linux

package durable

// RenameNew renames without ever writing over an existing file; that is an fs.ErrExist.
func RenameNew(from, to string) error { return linkRename(from, to) }
