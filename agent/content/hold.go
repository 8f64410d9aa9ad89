package content

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

// holds counts those who read the store as a whole, such as a backup.
type holds struct {
	mu sync.Mutex
	n  int
}

// Hold keeps everything in the store until release, which may be called twice. Whoever removes what nothing
// refers to any more asks Held before each removal, and leaves it for later while somebody holds.
func (s *Store) Hold() (release func()) {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	s.holds.n++
	var once sync.Once
	return func() {
		once.Do(func() {
			s.holds.mu.Lock()
			defer s.holds.mu.Unlock()
			s.holds.n--
		})
	}
}

// Held tells whether somebody holds the store.
func (s *Store) Held() bool {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	return s.holds.n > 0
}

// Size returns how many bytes a piece of content has, or ErrNotFound.
func (s *Store) Size(d connectors.Digest) (int64, error) {
	info, err := os.Stat(s.path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%x: %w", d, ErrNotFound)
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
