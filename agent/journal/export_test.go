package journal

// Watched counts what somebody waits for.
func (j *Journal) Watched() int { return len(j.watches.list) }
