package content

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Cutoff returns the moment that lies an age ago by the clock of the disk that the store is on, which is the
// clock that dates the files.
func (s *Store) Cutoff(age time.Duration) (time.Time, error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, tempDir), "now-*")
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, err
	}
	return info.ModTime().Add(-age), nil
}

// RemoveOlder removes content that was not put since a cutoff, and tells whether it is gone. Who puts content
// refers to it soon after: what was put lately may be about to be referred to and stays, and so does everything
// while somebody holds the store.
func (s *Store) RemoveOlder(d connectors.Digest, cutoff time.Time) (gone bool, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	info, err := os.Stat(s.path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil || !info.ModTime().Before(cutoff) || s.Held() {
		return false, err
	}
	return true, s.Remove(d)
}

// claim tells whether content is there, and then makes it as young as the temporary file with the same bytes, so
// that nobody removes it before it is referred to.
func (s *Store) claim(temp *os.File, d connectors.Digest, size int64) bool {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.has(d, size) {
		return false
	}
	info, err := temp.Stat()
	return err == nil && os.Chtimes(s.path(d), time.Time{}, info.ModTime()) == nil
}

// WalkPart is Walk over one of several parts of about the same size; parts is at most 256.
func (s *Store) WalkPart(ctx context.Context, part, parts int, f func(connectors.Digest, int64) error) error {
	for first := part; first < 256; first += parts {
		dir := filepath.Join(s.dir, hex.EncodeToString([]byte{byte(first)}))
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := walk(ctx, dir, f); err != nil {
			return err
		}
	}
	return nil
}
