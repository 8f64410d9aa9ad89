//go:build !windows

package system

// Service is for Windows: elsewhere a service is a process like any other.
func (Program) Service([]string) (exit int, yes bool) { return 0, false }
