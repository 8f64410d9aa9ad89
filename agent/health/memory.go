package health

// Bytes of the Go heap that may accumulate before the garbage collector works harder. An agent shares its machine with
// the legacy system, so there is little while nothing is to do, and more for each part that works. It is no limit
// to what large forms may need.
const (
	heapIdle = 24 << 20
	heapPart = 12 << 20 // for each in-basket, target, source and webhook at work
)

// Memory is the goal of the garbage collector, which is one of the whole process.
type Memory struct {
	Set  func(bytes int64) // takes over a goal; nil: it is left alone
	Most int64             // no goal is above that; 0: no bound
}

// AtWork sets the goal for what so many parts at work may accumulate.
func (m Memory) AtWork(parts int) {
	if m.Set == nil {
		return
	}
	goal := int64(heapIdle + parts*heapPart)
	if m.Most > 0 {
		goal = min(goal, m.Most)
	}
	m.Set(goal)
}
