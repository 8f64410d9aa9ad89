package mapping

import (
	"github.com/inbasket/inbasket/connectors"
)

// Work tells what the plan may do with a target; false: nothing. It is what connectors.Examiner compares.
func (p *Plan) Work(target string) (connectors.Work, bool) {
	var work connectors.Work
	for i, w := range p.parts.writes {
		if w.target != target {
			continue
		}
		one := connectors.Writing{Index: i, Shape: w.shape}
		for f := range w.fields {
			one.Contents = append(one.Contents, p.parts.content(&w.fields[f]))
		}
		work.Writes = append(work.Writes, one)
	}
	if from, q, ok := p.Question(); ok && from == target {
		work.Asks = &connectors.Asking{Question: q, Names: p.parts.answer.Names}
	}
	return work, len(work.Writes) > 0 || work.Asks != nil
}
