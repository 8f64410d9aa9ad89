package system

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/codes"
)

// Of entries alike, so many within so long go to the event log of Windows: a target that is down for a
// night must not push everything else out of it. The log file has all of them.
const (
	eventsAlike  = 10
	eventsWithin = time.Hour
)

// IDs of entries in the event log of Windows about the agent itself; see codes.Events for those about a code.
const (
	eventReady         = 100 // the agent is ready
	eventStopped       = 101 // it was stopped in good order
	eventReloaded      = 102 // an order of the service manager changed the configuration over
	eventReloadRefused = 103 // the new configuration is wrong; the old one stays in force
	EventInstalled     = 104 // the service was installed, mended or removed
	eventEnded         = 110 // it did not start, or ended by itself
	eventSlowStop      = 111 // it was ended before it had stopped by itself
	eventStuck         = 112 // a part of it stood still, and it was ended to be started again
	eventMuted         = 120 // the same entry came too often; the rest is in the log file
)

// EventSink takes entries of an event log; it never fails, for there is nobody left to tell.
type EventSink func(level zerolog.Level, id uint32, text string)

// eventWriter passes warnings and errors of the log on to an event log. What the log has is fit to show
// (IDs and codes, nothing a citizen wrote), so it is passed on as it is.
type eventWriter struct {
	sink EventSink
	now  func() time.Time

	mu   sync.Mutex // guards seen
	seen map[string]*eventCount
}

// eventCount counts entries that are alike.
type eventCount struct {
	since time.Time
	n     int
}

func newEventWriter(sink EventSink, now func() time.Time) *eventWriter {
	return &eventWriter{sink: sink, now: now, seen: map[string]*eventCount{}}
}

// Write is for entries without a level; they stay in the log file.
func (w *eventWriter) Write(p []byte) (int, error) { return len(p), nil }

// WriteLevel passes on one entry of the log, a line of JSON.
func (w *eventWriter) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	if level < zerolog.WarnLevel || level > zerolog.PanicLevel {
		return len(p), nil
	}
	var fields map[string]any
	if json.Unmarshal(p, &fields) != nil {
		return len(p), nil // no entry of ours
	}
	code, _ := fields["code"].(string)
	id, text := codes.Event(code), eventText(fields)
	switch w.count(fmt.Sprintf("%d %s %v %v", id, code, fields["target"], fields["message"])) {
	case 0:
		w.sink(level, id, text)
	case 1:
		w.sink(zerolog.WarnLevel, eventMuted, fmt.Sprintf("This came %d times within an hour; until the hour is over, more of it is in the log file only.\n\n%s", eventsAlike, text))
	}
	return len(p), nil
}

// count returns 0 for an entry to pass on, 1 for the first one too many, and more for the others.
func (w *eventWriter) count(alike string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	c := w.seen[alike]
	if c == nil || now.Sub(c.since) >= eventsWithin || now.Before(c.since) {
		w.forget(now)
		c = &eventCount{since: now}
		w.seen[alike] = c
	}
	c.n++
	return max(0, c.n-eventsAlike)
}

// forget drops what is too old to count, so that the map does not grow with time.
func (w *eventWriter) forget(now time.Time) {
	for k, c := range w.seen {
		if now.Sub(c.since) >= eventsWithin {
			delete(w.seen, k)
		}
	}
}

// eventText returns the message and below it the other fields, in order of their names.
func eventText(fields map[string]any) string {
	var b strings.Builder
	fmt.Fprintln(&b, fields["message"])
	names := make([]string, 0, len(fields))
	for name := range fields {
		if !slices.Contains([]string{"message", "level", "time", "stack"}, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%s: %v", name, fields[name])
	}
	return b.String()
}
