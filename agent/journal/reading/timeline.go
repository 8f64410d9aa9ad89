package reading

import (
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/telling"
)

// timeline joins what has a row of its own with what the other tables tell: acceptance, deliveries,
// results and events.
func timeline(l *journal.Look, v *journal.View) []journal.Moment {
	list := []journal.Moment{{At: v.At, What: "accepted", Text: v.Route}}
	for _, d := range v.Deliveries {
		if d.Progress == journal.Done || d.Progress == journal.Skipped {
			list = append(list, journal.Moment{At: d.At, What: string(d.Progress), Target: d.Target, Text: journal.BatchText(d.Batch)})
		}
	}
	for _, r := range v.Results {
		list = append(list, journal.Moment{At: r.At, What: "decided", Text: r.Outcome, By: r.By})
	}
	list = append(list, journal.All[journal.Moment](l, "SELECT at, what, target, code, text, by, raw FROM history WHERE sub=? ORDER BY n", v.ID)...)
	if v.State == journal.Rejected && !slices.ContainsFunc(list, func(m journal.Moment) bool { return m.What == string(journal.Rejected) }) {
		list = append(list, journal.Moment{At: v.Changed, What: string(journal.Rejected), Code: v.Code}) // with its acceptance
	}
	for _, e := range telling.List(l, "WHERE e.sub=? ORDER BY e.seq", v.ID) {
		list = append(list, journal.Moment{At: e.At, What: "event", Text: e.Type})
	}
	slices.SortStableFunc(list, func(a, b journal.Moment) int { return a.At.Compare(b.At) })
	return list
}
