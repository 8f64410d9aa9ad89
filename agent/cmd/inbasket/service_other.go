//go:build !windows

package main

// asService is for Windows: elsewhere a service is a process like any other.
func asService([]string) (int, bool) { return 0, false }
