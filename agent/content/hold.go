package content

import "sync"

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
