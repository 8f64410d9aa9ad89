package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen prints what happens, by whoever it happens to, line by line.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	begun time.Time
	steps int
}

func newScreen(w io.Writer) *screen { return &screen{w: w, begun: time.Now()} }

// step begins a chapter.
func (s *screen) step(title, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	fmt.Fprintf(s.w, "\n%d. %s\n", s.steps, title)
	for _, line := range strings.Split(text, "\n") {
		fmt.Fprintf(s.w, "   %s\n", line)
	}
	fmt.Fprintln(s.w)
}

// say prints one line: when, who, what.
func (s *screen) say(who, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, "%6.1fs  %-12s  %s\n", time.Since(s.begun).Seconds(), who, fmt.Sprintf(format, args...))
}

// show prints one line with an excerpt below it.
func (s *screen) show(who, title, excerpt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, "%6.1fs  %-12s  %s\n", time.Since(s.begun).Seconds(), who, title)
	for _, line := range strings.Split(strings.TrimRight(excerpt, "\r\n"), "\n") {
		fmt.Fprintf(s.w, "%22s| %s\n", "", strings.TrimRight(line, "\r"))
	}
}

// plain prints text as it is.
func (s *screen) plain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, format+"\n", args...)
}
