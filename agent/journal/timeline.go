package journal

import (
	"slices"
	"strconv"
)

// timeline joins what has a row of its own with what the other tables tell: acceptance, deliveries,
// results and events.
func (l *look) timeline(v *View) []Moment {
	list := []Moment{{At: v.At, What: "accepted", Text: v.Route}}
	for _, d := range v.Deliveries {
		if d.Progress == Done || d.Progress == Skipped {
			list = append(list, Moment{At: d.At, What: string(d.Progress), Target: d.Target, Text: batchText(d.Batch)})
		}
	}
	for _, r := range v.Results {
		list = append(list, Moment{At: r.At, What: "decided", Text: r.Outcome, By: r.By})
	}
	list = append(list, all[Moment](l, "SELECT at, what, target, code, text, by, raw FROM history WHERE sub=? ORDER BY n", v.ID)...)
	if v.State == Rejected && !slices.ContainsFunc(list, func(m Moment) bool { return m.What == string(Rejected) }) {
		list = append(list, Moment{At: v.Changed, What: string(Rejected), Code: v.Code}) // with its acceptance
	}
	for _, e := range l.events("WHERE e.sub=? ORDER BY e.seq", v.ID) {
		list = append(list, Moment{At: e.At, What: "event", Text: e.Type})
	}
	slices.SortStableFunc(list, func(a, b Moment) int { return a.At.Compare(b.At) })
	return list
}

// batchText names a batch in a timeline.
func batchText(seq int64) string {
	if seq == 0 {
		return ""
	}
	return "in batch " + strconv.FormatInt(seq, 10)
}
