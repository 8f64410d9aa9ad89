package mapping

import (
	"strconv"
	"time"
)

// Sequence is one of which the agent gives each submission a number.
type Sequence struct {
	Name  string
	First int64
	Zone  *time.Location // in which its years begin; nil: it has none
}

// Series names what a submission gets its number of, and from when on there can be numbers of it; zero: that is not known.
func (s *Sequence) Series(received time.Time) (name string, begins time.Time) {
	if s.Zone == nil {
		return s.Name, time.Time{}
	}
	year := received.In(s.Zone).Year()
	return s.Name + "/" + strconv.Itoa(year), time.Date(year, 1, 1, 0, 0, 0, 0, s.Zone)
}
