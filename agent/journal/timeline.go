package journal

import (
	"slices"
	"sort"
	"strconv"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// timeline joins what has a row of its own with what the other tables tell: acceptance, deliveries,
// results and events.
func (j *Journal) timeline(c *engine.Conn, v *View) ([]Moment, error) {
	list := []Moment{{At: v.At, What: "accepted", Text: v.Route}}
	for _, d := range v.Deliveries {
		if d.Progress == Done || d.Progress == Skipped {
			m := Moment{At: d.At, What: string(d.Progress), Target: d.Target}
			if d.Batch != 0 {
				m.Text = batchText(d.Batch)
			}
			list = append(list, m)
		}
	}
	for _, r := range v.Results {
		list = append(list, Moment{At: r.At, What: "decided", Text: r.Outcome, By: r.By})
	}
	notes, err := engine.All[Moment](c, "SELECT at, what, target, code, text, by, raw FROM history WHERE sub=? ORDER BY n", v.ID)
	if err != nil {
		return nil, err
	}
	list = append(list, notes...)
	if v.State == Rejected && !slices.ContainsFunc(list, func(m Moment) bool { return m.What == string(Rejected) }) {
		list = append(list, Moment{At: v.Changed, What: string(Rejected), Code: v.Code}) // with its acceptance
	}
	events, err := j.queryEvents(c, eventColumns+"WHERE e.sub=? ORDER BY e.seq", v.ID)
	for _, e := range events {
		list = append(list, Moment{At: e.At, What: "event", Text: e.Type})
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].At.Before(list[b].At) })
	return list, err
}

func batchText(seq int64) string { return "in batch " + strconv.FormatInt(seq, 10) }
