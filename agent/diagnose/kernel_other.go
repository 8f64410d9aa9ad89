//go:build !linux && !windows

package diagnose

// kernel is not known here.
func kernel() string { return "" }
