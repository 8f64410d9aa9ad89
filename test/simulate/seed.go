package simulate

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// stream is a source of chance of its own: what one part of a world draws does not move what another part draws.
type stream struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newStream(seed uint64, name string) *stream {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return &stream{r: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// one is true once in n times.
func (s *stream) one(n int) bool { return n > 0 && s.below(n) == 0 }

func (s *stream) below(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.IntN(n)
}

func (s *stream) float() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Float64()
}

// between returns a time from least to most, to the nanosecond: hardly two of them are equal.
func (s *stream) between(least, most time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return least + time.Duration(s.r.Int64N(int64(most-least)))
}

// Read fills p; it makes a stream the source of an agent's IDs.
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range p {
		p[i] = byte(s.r.Uint32())
	}
	return len(p), nil
}

// clock is the time of a world: that of its bubble, moved to the day that the seed has chosen. Alarms that would go off
// at one moment go off some nanoseconds apart, in an order that the seed decides.
type clock struct {
	seed   uint64
	start  time.Time // of the world
	bubble time.Time // when that was
	mu     sync.Mutex
	set    time.Duration           // by how much people or NTP have set it
	alarms map[time.Duration]int64 // how many were set for a moment
}

func newClock(start time.Time, seed uint64) *clock {
	return &clock{seed: seed, start: start, bubble: time.Now(), alarms: map[time.Duration]int64{}}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start.Add(time.Since(c.bubble) + c.set)
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Since(c.bubble) + max(d, 0)
	c.alarms[at]++ // those of other moments move nothing
	apart := rand.New(rand.NewPCG(c.seed, uint64(at)+uint64(c.alarms[at]))).Int64N(int64(100 * time.Microsecond))
	return time.After(max(d, 0) + time.Duration(apart))
}

// elapsed is the time since the world began, which nobody can set.
func (c *clock) elapsed() time.Duration { return time.Since(c.bubble) }

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	c.set += d
	c.mu.Unlock()
}
