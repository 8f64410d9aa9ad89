//go:build !linux

package main

import (
	"errors"
	"time"
)

var errLinux = errors.New("the crash test runs on Linux only")

// running stands in for systems where nothing is killed.
type running struct{}

func (*world) start(...string) (*running, error) { return nil, errLinux }
func (*world) ready(time.Duration) bool          { return false }
func (*running) hook([]string) error             { return errLinux }
func (*running) how() string                     { return "" }
func (*running) unhook()                         {}
func (*running) kill() bool                      { return false }
func (*running) killed() bool                    { return false }
func (*running) ended(time.Duration) bool        { return true }
func (*running) stop() error                     { return errLinux }

// disk stands in for systems where no power is cut.
type disk struct{}

func newDisk(string, string) (*disk, error) { return nil, errLinux }
func (*disk) shutdown() error               { return errLinux }
func (*disk) again() error                  { return errLinux }
func (*disk) close()                        {}

// tmpfs stands in for systems where no disk gets full.
type tmpfs struct{}

func newTmpfs(string) (*tmpfs, error) { return nil, errLinux }
func (*tmpfs) fill() error            { return errLinux }
func (*tmpfs) free()                  {}
func (*tmpfs) grow() error            { return errLinux }
func (*tmpfs) close()                 {}
