//go:build windows

package content

// syncDir does nothing: NTFS journals names, and Windows has no call to sync a folder.
func syncDir(string) error { return nil }
