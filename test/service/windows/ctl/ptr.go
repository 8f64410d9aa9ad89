//go:build windows

package main

import "unsafe"

func ptr(words []uint64) unsafe.Pointer { return unsafe.Pointer(&words[0]) }
