// Package replay compares what two versions of a mapping make of the forms that an agent keeps. Nothing is written, and no target is asked.
package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Verdict is what a mapping says of a form.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	Rejected Verdict = "rejected"
	Parked   Verdict = "parked"
)

// Kind says how two versions stand to each other for one submission.
type Kind string

// The kinds.
const (
	Equal       Kind = "equal"
	Differs     Kind = "differs"        // both take the form, or both refuse it, in another way
	NowRejected Kind = "rejected-now"   //
	NowParked   Kind = "parked-now"     //
	NowAccepted Kind = "newly-accepted" //
	Unknown     Kind = "not-compared"   // the form or the mapping that it was accepted with cannot be read
)

// Compared is one submission by both versions.
type Compared struct {
	ID       journal.ID
	Kind     Kind
	Was, Now Verdict
	Why      []string // of what the new version refuses, and of what cannot be compared; it holds no content
	Changes  []Change
}

// Summary counts submissions.
type Summary struct {
	Equal       int `json:"equal"`
	Differ      int `json:"differ"`
	NowRejected int `json:"rejectedNow"`
	NowParked   int `json:"parkedNow"`
	NowAccepted int `json:"newlyAccepted"`
	Unknown     int `json:"notCompared"`
	Purged      int `json:"purged"` // of the time and route, by whatever mapping: nothing is left to compare
}

// Same tells whether each submission that is kept is equal.
func (s *Summary) Same() bool {
	return s.Differ+s.NowRejected+s.NowParked+s.NowAccepted+s.Unknown == 0
}

// Compared is how many submissions were looked at.
func (s *Summary) Compared() int {
	return s.Equal + s.Differ + s.NowRejected + s.NowParked + s.NowAccepted + s.Unknown
}

func (s *Summary) count(k Kind) {
	of := map[Kind]*int{Equal: &s.Equal, Differs: &s.Differ, NowRejected: &s.NowRejected, NowParked: &s.NowParked, NowAccepted: &s.NowAccepted, Unknown: &s.Unknown}
	*of[k]++
}

// page is how many submissions are compared at a time; their forms are some 8 MiB.
const page = 500

// Run maps each kept submission by the mapping that it is pinned to and by another one, with the values that targets returned, and calls each for
// what is not equal, in the order of acceptance.
func Run(ctx context.Context, j *journal.Journal, store *content.Store, k delivering.Kept, by *mapping.Plan, each func(Compared) error) (sum Summary, err error) {
	plans := prepare.NewPlans(j)
	for after := journal.ID(0); ; {
		list, err := delivering.Of(j).Kept(ctx, k, after, page)
		if err != nil || len(list) == 0 {
			return sum, errors.Join(err, purged(ctx, j, k, &sum))
		}
		after = list[len(list)-1].ID
		all, later := make([]Compared, len(list)), make([]error, len(list))
		loop.Parallel(len(list), func(i int) { all[i], later[i] = compare(ctx, j, plans, store, &list[i], by) })
		if err := errors.Join(later...); err != nil {
			return sum, err
		}
		for _, c := range all {
			if sum.count(c.Kind); c.Kind == Equal {
				continue
			}
			if err := each(c); err != nil {
				return sum, err
			}
		}
	}
}

// purged counts those of which nothing but a tombstone is left.
func purged(ctx context.Context, j *journal.Journal, k delivering.Kept, sum *Summary) error {
	f := journal.Filter{State: journal.Purged, Route: k.Route, Since: k.Since, Until: k.Until, Limit: page}
	for {
		list, err := reading.Of(j).List(ctx, f)
		if err != nil || len(list) == 0 {
			return err
		}
		sum.Purged += len(list)
		f.After = list[len(list)-1].ID
	}
}

// compare is for one submission. An error is none of its own: the journal cannot be read.
func compare(ctx context.Context, j *journal.Journal, plans *prepare.Plans, store *content.Store, s *journal.Stored, by *mapping.Plan) (Compared, error) {
	c := Compared{ID: s.ID, Kind: Unknown}
	if s.Lost != nil {
		c.Why = []string{"the form is not in the content store any more [" + content.CodeUnavailable + "]"}
		return c, nil
	}
	pinned, err := plans.Get(ctx, s.Plan)
	if err != nil {
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		c.Why = []string{"the mapping that it was accepted with cannot be read [" + prepare.CodePlan + "]"}
		return c, nil
	}
	in := prepare.Input(store, s)
	numbers, missing, err := numbered(ctx, j, s, pinned, by)
	if err != nil {
		return c, err
	}
	was, now := in, in
	was.Numbers, now.Numbers = numbers[0], numbers[1]
	v, err := verdict(pinned, by, Through(pinned, s, was), Through(by, s, now))
	if err != nil { // of content that cannot be read
		c.Why = []string{"an attachment of it cannot be read [" + content.CodeUnavailable + "]"}
		return c, nil
	}
	for _, name := range missing {
		v.Why = append(v.Why, "no number of sequence "+name+" is on record; the first one stands for it")
	}
	v.ID = s.ID
	return v, nil
}

// numbered reads the numbers that a submission has of the sequences of two mappings, and names those of the second that it has none of.
func numbered(ctx context.Context, j *journal.Journal, s *journal.Stored, plans ...*mapping.Plan) (numbers [2]map[string]int64, missing []string, err error) {
	for i, p := range plans {
		var wants []numbering.Want
		for _, q := range p.Sequences() {
			name, _ := q.Series(s.At)
			wants = append(wants, numbering.Want{ID: s.ID, Series: name})
		}
		given, err := numbering.Of(j).Known(ctx, wants)
		if err != nil {
			return numbers, nil, err
		}
		numbers[i] = map[string]int64{}
		for n, q := range p.Sequences() {
			if number := given[s.ID][wants[n].Series]; number != 0 {
				numbers[i][q.Name] = number
			} else if i == 1 {
				missing = append(missing, q.Name)
			}
		}
	}
	return numbers, missing, nil
}

// verdict says how what two versions make of a form stands to each other.
func verdict(pinned, by *mapping.Plan, was, now Made) (c Compared, err error) {
	c.Was, c.Now, c.Why = was.Verdict, now.Verdict, now.Why
	switch {
	case c.Was != c.Now:
		c.Kind = map[Verdict]Kind{Accepted: NowAccepted, Rejected: NowRejected, Parked: NowParked}[c.Now]
	case c.Now == Accepted:
		c.Kind = Equal
		if c.Changes, err = changes(pinned, by, was, now); len(c.Changes) > 0 {
			c.Kind = Differs
		}
	case fmt.Sprint(was.Why) == fmt.Sprint(now.Why):
		c.Kind = Equal
	default:
		c.Kind = Differs
	}
	return c, err
}

// Made is what a mapping makes of one form.
type Made struct {
	Verdict Verdict
	Why     []string // of what is refused: code and place, no content
	Mapped  *mapping.Mapped
	Form    mapping.Form // nil: it cannot be decoded
}

// Through sends a stored form through a mapping.
func Through(p *mapping.Plan, s *journal.Stored, in mapping.Input) (m Made) {
	defer func() {
		if r := recover(); r != nil { // it may hold what the citizen wrote
			m = Made{Verdict: Parked, Why: []string{"the mapping broke while it was at this form [" + prepare.CodeMapping + "]"}}
		}
	}()
	var err error
	if m.Form, err = p.Decode(s.Form, s.ContentType); err == nil {
		err = p.Validate(m.Form)
	}
	if err == nil {
		_, err = p.Reference(m.Form)
	}
	if err == nil {
		m.Mapped, err = p.Map(m.Form, in)
	}
	var wrong *mapping.MapError
	var unread *decode.Error
	switch {
	case err == nil:
		m.Verdict = Accepted
	case errors.As(err, &wrong):
		m.Verdict = Rejected
		for _, e := range wrong.Fields {
			m.Why = append(m.Why, fmt.Sprintf("%s: %s [%s]", e.Pointer, e.Message, e.Code))
		}
	case errors.As(err, &unread) && unread.Limit() == "":
		m.Verdict, m.Why = Parked, []string{fmt.Sprintf("it cannot be decoded at %s [%s]", unread.Pointer, unread.Code)}
	default:
		why := prepare.Unmapped(err)
		m.Verdict, m.Why = Parked, []string{fmt.Sprintf("%s [%s]", why.Text, why.Code)}
	}
	return m
}
