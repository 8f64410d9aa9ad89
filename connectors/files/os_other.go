//go:build unix && !linux

package files

// renameNoReplace renames without ever writing over an existing file; that is an fs.ErrExist.
func renameNoReplace(from, to string) error { return linkRename(from, to) }
