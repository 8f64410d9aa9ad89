package content

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/connectors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files returns the names of all files in the store.
func files(t *testing.T, s *Store) (names []string) {
	t.Helper()
	err := filepath.WalkDir(s.dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPutAndOpen(t *testing.T) {
	s := newStore(t)
	for _, size := range []int{0, 1, 4096, 1 << 20} {
		body := bytes.Repeat([]byte("x"), size)
		for range 2 { // the same bytes are stored once
			b, err := s.Put(t.Context(), bytes.NewReader(body), int64(size))
			if err != nil {
				t.Fatal(err)
			}
			if b.Digest != sha256.Sum256(body) || b.Size != int64(size) || !s.Has(b.Digest) {
				t.Errorf("%d: %+v", size, b)
			}
			for range 2 { // and opened as often as one likes
				r, err := b.Open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d: read %d bytes, %v", size, len(got), err)
				}
			}
			if err := s.Verify(t.Context(), b.Digest); err != nil {
				t.Error(err)
			}
		}
	}
	if got := files(t, s); len(got) != 4 {
		t.Errorf("%d files: %v", len(got), got)
	}
	n := 0
	err := s.Walk(t.Context(), func(d connectors.Digest, size int64) error {
		n++
		return s.Verify(t.Context(), d)
	})
	if err != nil || n != 4 {
		t.Errorf("walked over %d, %v", n, err)
	}
}

func TestPutThatFailsLeavesNothing(t *testing.T) {
	s := newStore(t)
	boom := errors.New("boom")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		r     io.Reader
		limit int64
		want  error
	}{
		{"too large", t.Context(), strings.NewReader("four"), 3, ErrTooLarge},
		{"endless", t.Context(), iotest.DataErrReader(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<16)), iotest.ErrReader(boom))), 1 << 20, boom},
		{"cancelled", cancelled, strings.NewReader("x"), 3, context.Canceled},
	} {
		if _, err := s.Put(c.ctx, c.r, c.limit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if got := files(t, s); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestPutAll(t *testing.T) {
	s := newStore(t)
	var items []Item
	for n := range 50 {
		items = append(items, Item{Limit: 10, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(fmt.Sprint(n % 7))), nil // many at once with the same bytes
		}})
	}
	blobs, err := s.PutAll(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	for n, b := range blobs {
		if b.Digest != sha256.Sum256([]byte(fmt.Sprint(n%7))) {
			t.Errorf("%d: %x", n, b.Digest)
		}
	}
	if got := files(t, s); len(got) != 7 {
		t.Errorf("%d files", len(got))
	}
	items[3].Limit = 0
	if _, err := s.PutAll(t.Context(), items); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestRemoveAndDamage(t *testing.T) {
	s := newStore(t)
	b, err := s.Put(t.Context(), strings.NewReader("content"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(b.Digest), []byte("CONTENT"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), b.Digest); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
	for range 2 {
		if err := s.Remove(b.Digest); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Open(); !errors.Is(err, ErrNotFound) || s.Has(b.Digest) {
		t.Errorf("%v", err)
	}
	if err := s.Verify(t.Context(), b.Digest); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// A crash can leave a file whose bytes never reached the disk under its final name only if the rename
// came before the sync; a short one is written anew.
func TestShortFileIsReplaced(t *testing.T) {
	s := newStore(t)
	b, err := s.Put(t.Context(), strings.NewReader("content"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.path(b.Digest), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), strings.NewReader("content"), 100); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), b.Digest); err != nil {
		t.Error(err)
	}
}

func TestOpenRemovesWhatACrashLeft(t *testing.T) {
	s := newStore(t)
	if err := os.WriteFile(filepath.Join(s.dir, tempDir, "put-1"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir); err != nil {
		t.Fatal(err)
	}
	if got := files(t, s); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}
