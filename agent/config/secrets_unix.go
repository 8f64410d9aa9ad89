//go:build !windows

package config

import "os"

// exposed tells whether others than owner and group can read or change a file.
func exposed(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o004 != 0:
		return "can be read by everybody", true
	case mode&0o022 != 0:
		return "can be changed by others than its owner", true
	default:
		return "", false
	}
}
