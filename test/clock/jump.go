package clock

import "time"

// Jump sets the clock, by d forward or back, as an operator or NTP does: alarms keep their distance.
func (m *Manual) Jump(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for i := range m.alarms {
		m.alarms[i].at = m.alarms[i].at.Add(d)
	}
}

// Jump sets the clock, by d forward or back; what After has promised does not move.
func (f *Fast) Jump(d time.Duration) { f.set.Add(int64(d)) }
