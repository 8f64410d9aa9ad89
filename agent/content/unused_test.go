package content

import (
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// age makes content look as if it was put that long ago.
func age(t *testing.T, s *Store, d connectors.Digest, by time.Duration) {
	t.Helper()
	info, err := os.Stat(s.path(d))
	if err == nil {
		err = os.Chtimes(s.path(d), time.Time{}, info.ModTime().Add(-by))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyWhatIsOldIsRemoved(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func() connectors.Digest {
		b, err := s.Put(t.Context(), strings.NewReader("attached"), 100)
		if err != nil {
			t.Fatal(err)
		}
		return b.Digest
	}
	remove := func(want bool) {
		t.Helper()
		cutoff, err := s.Cutoff(time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		gone, err := s.RemoveOlder(digestOf("attached"), cutoff)
		if err != nil || gone != want {
			t.Fatalf("gone: %v, %v", gone, err)
		}
	}
	d := put()
	remove(false) // put just now
	age(t, s, d, 2*time.Hour)
	put() // put again: somebody is about to refer to it
	remove(false)
	age(t, s, d, 2*time.Hour)
	release := s.Hold()
	remove(false)
	release()
	remove(true)
	if s.Has(d) {
		t.Fatal("it is still there")
	}
	remove(true) // what is not there is gone
}

// digestOf is the digest of a text.
func digestOf(text string) connectors.Digest { return sha256.Sum256([]byte(text)) }

// Puts of what is being removed at the same time find it afterwards.
func TestNoPutLosesItsContent(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		b, err := s.Put(t.Context(), strings.NewReader("attached"), 100)
		if err != nil {
			t.Fatal(err)
		}
		age(t, s, b.Digest, 2*time.Hour)
		cutoff, err := s.Cutoff(time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := s.RemoveOlder(b.Digest, cutoff); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := s.Put(t.Context(), strings.NewReader("attached"), 100); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if !s.Has(b.Digest) {
			t.Fatal("what was put is gone")
		}
	}
}

func TestPartsAreTheWhole(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 40 {
		if _, err := s.Put(t.Context(), strings.NewReader(strings.Repeat("x", n)), 100); err != nil {
			t.Fatal(err)
		}
	}
	var whole, parts []connectors.Digest
	collect := func(to *[]connectors.Digest) func(connectors.Digest, int64) error {
		return func(d connectors.Digest, _ int64) error { *to = append(*to, d); return nil }
	}
	if err := s.Walk(t.Context(), collect(&whole)); err != nil {
		t.Fatal(err)
	}
	for n := range 8 {
		if err := s.WalkPart(t.Context(), n, 8, collect(&parts)); err != nil {
			t.Fatal(err)
		}
	}
	order := func(a, b connectors.Digest) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(parts, order)
	if !slices.Equal(whole, parts) || len(parts) != 40 {
		t.Fatalf("%d of %d", len(parts), len(whole))
	}
}
