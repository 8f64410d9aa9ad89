//go:build !linux

package main

import (
	"errors"
	"time"
)

// process stands in for systems where nothing is measured.
type process struct {
	begun time.Time
	log   string
}

// usage is what a process used up.
type usage struct {
	CPU time.Duration
	RSS int64
}

var errLinux = errors.New("the benchmark runs on Linux only")

func start(string, ...string) (*process, error) { return nil, errLinux }
func (*process) peak() int64                    { return 0 }
func (*process) tail() []byte                   { return nil }
func (*process) resident() int64                { return 0 }
func (*process) cpu() time.Duration             { return 0 }
func (*process) ended() (bool, usage, error)    { return true, usage{}, errLinux }
func (*process) stop() (usage, error)           { return usage{}, errLinux }
