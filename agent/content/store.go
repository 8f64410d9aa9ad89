// Package content keeps attachments, documents and large forms as files named by the SHA-256 of their
// bytes. The same bytes are stored once; what Put returned is on disk with its name.
package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// CodeUnavailable is for content that cannot be kept or had.
const CodeUnavailable = "content.unavailable" // an attachment, document or sealed batch cannot be stored or read; look at the disk below state

// MaxSize bounds one attachment or document, in bytes; in-baskets have smaller bounds of their own.
const MaxSize = 4 << 30

// The errors that callers act on.
var (
	ErrTooLarge = errors.New("content is over its size limit")
	ErrNotFound = errors.New("content is not in the store")
	ErrDamaged  = errors.New("content is not what its name says")
)

const (
	tempDir  = "tmp"
	parallel = 8 // files that PutAll syncs at once; more does not help a disk
)

// Store is safe for concurrent use, also by Puts of the same bytes.
type Store struct {
	dir   string
	gate  sync.RWMutex // written by who removes; read by who relies on what is there
	holds holds
}

// Open opens the store in dir and makes it if need be. What a crash left half-written is removed.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, tempDir), 0o700); err != nil {
		return nil, fmt.Errorf("open the content store: %w", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, tempDir))
	if err != nil {
		return nil, fmt.Errorf("open the content store: %w", err)
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(dir, tempDir, e.Name())); err != nil {
			return nil, fmt.Errorf("open the content store: %w", err)
		}
	}
	return s, nil
}

// OpenReadOnly opens a store that another process may be using; it changes nothing.
func OpenReadOnly(dir string) *Store { return &Store{dir: dir} }

// path is where content lies: two folders by the first bytes of the digest, so that none grows large.
func (s *Store) path(d connectors.Digest) string {
	h := hex.EncodeToString(d[:])
	return filepath.Join(s.dir, h[:2], h[2:4], h)
}

// Put stores what r gives, at most limit bytes, and returns it as a blob. On return it is on disk. More
// bytes are ErrTooLarge, and nothing is stored.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (connectors.Blob, error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, tempDir), "put-*")
	if err != nil {
		return connectors.Blob{}, fmt.Errorf("store content: %w", err)
	}
	d, size, err := copyTo(ctx, f, r, limit)
	known := err == nil && s.claim(f, d, size)
	if err == nil && !known {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	switch {
	case err != nil:
	case known:
		// A Put that runs at the same time may have renamed it and not yet synced the folder.
		err = errors.Join(os.Remove(f.Name()), durable.SyncDir(filepath.Dir(s.path(d))))
	default:
		err = s.settle(f.Name(), d, size)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // Open removes it as well
		return connectors.Blob{}, fmt.Errorf("store content: %w", err)
	}
	return s.Blob(d, size), nil
}

// copyTo copies at most limit bytes, in steps between which ctx may end it.
func copyTo(ctx context.Context, w io.Writer, r io.Reader, limit int64) (d connectors.Digest, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(w, h), io.LimitReader(&ctxReader{ctx, r}, limit+1))
	if err == nil && size > limit {
		err = ErrTooLarge
	}
	h.Sum(d[:0])
	return d, size, err
}

// Reader reads from r until ctx ends: a long copy then ends as well.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &ctxReader{ctx, r} }

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// settle gives the temporary file, which is on disk, its name.
func (s *Store) settle(temp string, d connectors.Digest, size int64) error {
	final := s.path(d)
	dir := filepath.Dir(final)
	if err := s.makeDir(dir); err != nil {
		return err
	}
	if err := durable.Rename(temp, final); err != nil {
		if s.has(d, size) { // Windows refuses a rename over a file that is open; it is the same content
			return errors.Join(os.Remove(temp), durable.SyncDir(dir))
		}
		return err
	}
	return durable.SyncDir(dir)
}

// makeDir makes both folders durably.
func (s *Store) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(durable.SyncDir(filepath.Dir(dir)), durable.SyncDir(s.dir))
}

func (s *Store) has(d connectors.Digest, size int64) bool {
	info, err := os.Stat(s.path(d))
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// Item is one piece of content for PutAll.
type Item struct {
	Open  func() (io.ReadCloser, error)
	Limit int64
}

// PutAll stores several pieces, syncing them in parallel. After an error some of them may be stored,
// which does no harm.
func (s *Store) PutAll(ctx context.Context, items []Item) ([]connectors.Blob, error) {
	blobs := make([]connectors.Blob, len(items))
	errs := make([]error, len(items))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for n := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			blobs[n], errs[n] = s.putItem(ctx, items[n])
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return blobs, nil
}

func (s *Store) putItem(ctx context.Context, i Item) (connectors.Blob, error) {
	r, err := i.Open()
	if err != nil {
		return connectors.Blob{}, fmt.Errorf("store content: %w", err)
	}
	b, err := s.Put(ctx, r, i.Limit)
	return b, errors.Join(err, r.Close())
}

// Blob returns content by its digest and size without looking whether it is there.
func (s *Store) Blob(d connectors.Digest, size int64) connectors.Blob {
	return connectors.Blob{Digest: d, Size: size, Open: func() (io.ReadCloser, error) { return s.Open(d) }}
}

// Open opens content for reading, or returns ErrNotFound.
func (s *Store) Open(d connectors.Digest) (*os.File, error) {
	f, err := os.Open(s.path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%x: %w", d, ErrNotFound)
	}
	return f, err
}

// Has reports whether content is there.
func (s *Store) Has(d connectors.Digest) bool {
	info, err := os.Stat(s.path(d))
	return err == nil && info.Mode().IsRegular()
}

// Remove removes content durably; what is not there is no error.
func (s *Store) Remove(d connectors.Digest) error {
	p := s.path(d)
	err := os.Remove(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(p))
	}
	return err
}

// Verify reads content and reports ErrDamaged if it does not have its digest.
func (s *Store) Verify(ctx context.Context, d connectors.Digest) error {
	f, err := s.Open(d)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(h, &ctxReader{ctx, f})
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if connectors.Digest(h.Sum(nil)) != d {
		return fmt.Errorf("%x: %w", d, ErrDamaged)
	}
	return nil
}

// Walk calls f for everything in the store, in the order of digests.
func (s *Store) Walk(ctx context.Context, f func(connectors.Digest, int64) error) error {
	return walk(ctx, s.dir, f)
}

func walk(ctx context.Context, dir string, f func(connectors.Digest, int64) error) error {
	return filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		var d connectors.Digest
		if d.UnmarshalText([]byte(e.Name())) != nil {
			return nil // a temporary file
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return f(d, info.Size())
	})
}
