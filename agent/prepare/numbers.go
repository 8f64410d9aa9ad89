package prepare

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/mapping"
)

// Number has the journal give forms the numbers of their mappings' sequences, which they keep for good. Mapping comes after it.
func (p *Preparer) Number(ctx context.Context, forms ...*Form) error {
	var wants []numbering.Want
	for _, f := range forms {
		if f == nil || f.Plan == nil || f.Stored.Numbers != nil {
			continue
		}
		for _, s := range f.Plan.Sequences() {
			name, begins := s.Series(f.Stored.At)
			wants = append(wants, numbering.Want{ID: f.Stored.ID, Series: name, First: s.First, Begins: begins})
		}
	}
	if len(wants) == 0 {
		return nil
	}
	given, err := numbering.Of(p.Journal).Give(ctx, wants)
	if err != nil {
		return err
	}
	for _, f := range forms {
		if f == nil || f.Plan == nil || f.Stored.Numbers != nil {
			continue
		}
		f.Stored.Numbers = map[string]int64{}
		for _, s := range f.Plan.Sequences() {
			name, _ := s.Series(f.Stored.At)
			if n := given[f.Stored.ID][name]; n != 0 {
				f.Stored.Numbers[s.Name] = n
			}
		}
	}
	return nil
}

// numbered stops a form that lacks a number.
func numbered(plan *mapping.Plan, s *journal.Stored) error {
	for _, q := range plan.Sequences() {
		if s.Numbers[q.Name] == 0 {
			name, _ := q.Series(s.At)
			return &noNumber{name}
		}
	}
	return nil
}

// noNumber says that nobody knows which numbers of a series are free.
type noNumber struct{ series string }

func (e *noNumber) Error() string {
	return fmt.Sprintf("which number of sequence %s is free is not known: the journal was restored, and numbers that were given since the backup are lost", e.series)
}

func (e *noNumber) reason() journal.Reason {
	return journal.Reason{Code: CodeNumber, Text: e.Error(),
		Next: "look for the highest number at the targets, then inbasket sequences set " + e.series + " NUMBER, then inbasket retry --code " + CodeNumber}
}
