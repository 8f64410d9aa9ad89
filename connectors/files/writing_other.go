//go:build !linux

package files

import "os"

// ownFileSystem is asked about leases, which are Linux's.
func ownFileSystem(string) bool { return false }

// writers knows nothing: on Windows a file that is being written cannot be opened in the first place.
func writers(*os.File) (some, known bool) { return false, false }
