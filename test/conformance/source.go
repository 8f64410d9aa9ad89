package conformance

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Source is what the test of an in-basket or a result source gives to TestSource.
type Source[T any] struct {
	// Open opens the source anew, as after a restart of the agent. The suite closes what it opened.
	Open func() connectors.Source[T]
	// Put puts an item of that name and content where the source takes it from; it is complete at once.
	// The content is what Content returns for the item later.
	Put func(name, content string)
	// Remove takes the item away behind the source's back, as a person with rights there may.
	// Nil: nobody can.
	Remove func(name string)
	// Waiting returns the names of all items that are still to be taken, in any order.
	Waiting func() []string
	// Handle and Content read an item.
	Handle  func(T) string
	Content func(T) string
	// Reopened tells whether an item that is put again under its old name after it was settled is a new
	// one, as a file is and a row with a mark may not be.
	Reopened bool
	// Refusable tells whether a refused item is not offered again.
	Refusable bool
}

// TestSource runs the suite for sources: in-baskets and result sources.
func TestSource[T any](t *testing.T, harness func(testing.TB) Source[T]) {
	runSteps(t, harness, []step[Source[T]]{
		{"hands out what is there", sourceNext[T]},
		{"at most as many as asked for, each once", sourceMax[T]},
		{"an item that was handed out is not handed out again", sourceOnce[T]},
		{"an unsettled item comes again after a restart", sourceRestart[T]},
		{"a settled item never comes again", sourceSettled[T]},
		{"a released item comes again", sourceReleased[T]},
		{"a refused item is set aside", sourceRefused[T]},
		{"settling twice is harmless", sourceTwice[T]},
		{"settling what is unknown is harmless", sourceUnknown[T]},
		{"waits for an item", sourceWaits[T]},
		{"waiting ends with its context", sourceCancelled[T]},
		{"an item that is taken away", sourceRemoved[T]},
		{"an item under an old name is a new one", sourceReopened[T]},
		{"close twice, then nothing works", sourceClose[T]},
	})
}

func (h Source[T]) open(t testing.TB) connectors.Source[T] {
	t.Helper()
	s := h.Open()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// take calls Next until n items have come, and returns them by content.
func (h Source[T]) take(t testing.TB, s connectors.Source[T], n int) map[string]T {
	t.Helper()
	got := map[string]T{}
	for len(got) < n {
		items, err := s.Next(within(t), n)
		if err != nil {
			t.Fatalf("after %d of %d items: %v", len(got), n, err)
		}
		if len(items) == 0 {
			t.Fatal("Next returned nothing and no error")
		}
		for _, item := range items {
			content := h.Content(item)
			if _, twice := got[content]; twice {
				t.Fatalf("item %q came twice", content)
			}
			got[content] = item
		}
	}
	return got
}

// nothing fails when Next has something within a moment.
func (h Source[T]) nothing(t testing.TB, s connectors.Source[T]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	items, err := s.Next(ctx, 10)
	for _, item := range items {
		t.Errorf("item %q came, nothing should", h.Content(item))
	}
	if err == nil {
		t.Error("Next returned without an error and without an item")
	}
}

func (h Source[T]) settle(t testing.TB, s connectors.Source[T], v connectors.Verdict, items ...T) {
	t.Helper()
	var receipts []connectors.Receipt
	for _, item := range items {
		receipts = append(receipts, connectors.Receipt{Handle: h.Handle(item), ID: "0123456789ABC", Verdict: v, Reason: "for the test"})
	}
	if err := s.Settle(within(t), receipts); err != nil {
		t.Errorf("settle: %v", err)
	}
}

func (h Source[T]) waiting(t testing.TB, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(h.Waiting()))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("waiting are %q, want %q", got, want)
	}
}

func sourceNext[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content a")
	h.Put("b", "content b ü")
	got := h.take(t, h.open(t), 2)
	for _, want := range []string{"content a", "content b ü"} {
		item, ok := got[want]
		if !ok || h.Handle(item) == "" {
			t.Errorf("item %q came: %v, or it has no handle", want, ok)
		}
	}
	h.waiting(t, "a", "b")
}

func sourceMax[T any](t *testing.T, h Source[T]) {
	const n = 23
	for i := range n {
		h.Put(fmt.Sprintf("item%02d", i), fmt.Sprintf("content %d", i))
	}
	s, seen := h.open(t), map[string]bool{}
	for len(seen) < n {
		items, err := s.Next(within(t), 5)
		if err != nil {
			t.Fatalf("after %d items: %v", len(seen), err)
		}
		if len(items) == 0 || len(items) > 5 {
			t.Fatalf("%d items, want 1 to 5", len(items))
		}
		for _, item := range items {
			if seen[h.Content(item)] {
				t.Fatalf("item %q came twice", h.Content(item))
			}
			seen[h.Content(item)] = true
		}
		h.settle(t, s, connectors.Taken, items...)
	}
	h.waiting(t)
}

func sourceOnce[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content")
	s := h.open(t)
	h.take(t, s, 1)
	h.nothing(t, s)
	h.waiting(t, "a")
}

func sourceRestart[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content")
	s := h.Open()
	h.take(t, s, 1)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	s = h.open(t)
	for _, item := range h.take(t, s, 1) {
		h.settle(t, s, connectors.Taken, item)
	}
	h.waiting(t)
}

func sourceSettled[T any](t *testing.T, h Source[T]) {
	for i, v := range []connectors.Verdict{connectors.Taken, connectors.Repeat, connectors.Conflict} {
		name := fmt.Sprintf("item%d", i)
		h.Put(name, "content of "+name)
		s := h.Open()
		for _, item := range h.take(t, s, 1) {
			h.settle(t, s, v, item)
		}
		h.nothing(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		h.nothing(t, h.open(t))
		h.waiting(t)
	}
}

func sourceReleased[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content")
	s := h.open(t)
	for range 3 {
		for _, item := range h.take(t, s, 1) {
			h.settle(t, s, connectors.Released, item)
		}
	}
	h.waiting(t, "a")
}

func sourceRefused[T any](t *testing.T, h Source[T]) {
	if !h.Refusable {
		t.Skip("cannot refuse")
	}
	h.Put("a", "content")
	s := h.open(t)
	for _, item := range h.take(t, s, 1) {
		h.settle(t, s, connectors.Refused, item)
	}
	h.nothing(t, s)
	h.nothing(t, h.open(t))
	h.waiting(t)
}

func sourceTwice[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content a")
	h.Put("b", "content b")
	s := h.open(t)
	for content, item := range h.take(t, s, 2) {
		if content == "content a" {
			h.settle(t, s, connectors.Taken, item)
			h.settle(t, s, connectors.Taken, item)
		}
	}
	h.waiting(t, "b")
}

func sourceUnknown[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content")
	s := h.open(t)
	// Whether it is an error is up to the source; it harms nothing either way.
	_ = s.Settle(within(t), []connectors.Receipt{{Handle: "no such handle", Verdict: connectors.Taken}})
	_ = s.Settle(within(t), nil)
	h.take(t, s, 1)
	h.waiting(t, "a")
}

func sourceWaits[T any](t *testing.T, h Source[T]) {
	s := h.open(t)
	type answer struct {
		items []T
		err   error
	}
	got := make(chan answer, 1)
	ctx := within(t)
	go func() {
		items, err := s.Next(ctx, 10)
		got <- answer{items, err}
	}()
	select {
	case a := <-got:
		t.Fatalf("Next did not wait: %d items, %v", len(a.items), a.err)
	case <-time.After(100 * time.Millisecond):
	}
	h.Put("a", "content")
	a := <-got
	if a.err != nil || len(a.items) != 1 || h.Content(a.items[0]) != "content" {
		t.Errorf("Next returned %d items, %v", len(a.items), a.err)
	}
}

func sourceCancelled[T any](t *testing.T, h Source[T]) {
	s := h.open(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	items, err := s.Next(ctx, 10)
	if err == nil || len(items) > 0 {
		t.Errorf("Next returned %d items, %v", len(items), err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("Next noticed the end of its context after %v", took)
	}
	h.Put("a", "content")
	h.take(t, s, 1)
}

func sourceRemoved[T any](t *testing.T, h Source[T]) {
	if h.Remove == nil {
		t.Skip("nobody can take an item away")
	}
	h.Put("before", "taken away before")
	s := h.open(t)
	h.Remove("before")
	h.Put("after", "taken away after")
	for content, item := range h.take(t, s, 1) {
		if content != "taken away after" {
			t.Errorf("item %q came", content)
		}
		h.Remove("after")
		h.settle(t, s, connectors.Taken, item)
	}
	h.Put("next", "content")
	h.take(t, s, 1)
	h.waiting(t, "next")
}

func sourceReopened[T any](t *testing.T, h Source[T]) {
	if !h.Reopened {
		t.Skip("a name is an item's for life")
	}
	s := h.open(t)
	for _, content := range []string{"first", "second", "second"} {
		h.Put("a", content)
		got := h.take(t, s, 1)
		item, ok := got[content]
		if !ok {
			t.Fatalf("%d items came, none with %q", len(got), content)
		}
		h.settle(t, s, connectors.Taken, item)
		h.waiting(t)
	}
}

func sourceClose[T any](t *testing.T, h Source[T]) {
	h.Put("a", "content")
	s := h.Open()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if items, err := s.Next(within(t), 1); err == nil || len(items) > 0 {
		t.Errorf("a closed source returned %d items, %v", len(items), err)
	}
	h.waiting(t, "a")
}
