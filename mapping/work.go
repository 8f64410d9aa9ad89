package mapping

import (
	"github.com/inbasket/inbasket/connectors"
)

// Work tells what the plan may do with a target; false: nothing. It is what connectors.Examiner compares.
func (p *Plan) Work(target string) (connectors.Work, bool) {
	var work connectors.Work
	for i, w := range p.parts.Writes {
		if w.Target != target {
			continue
		}
		one := connectors.Writing{Index: i, Shape: w.Shape}
		for f := range w.Fields {
			one.Contents = append(one.Contents, p.parts.content(&w.Fields[f]))
		}
		work.Writes = append(work.Writes, one)
	}
	if from, q, ok := p.Question(); ok && from == target {
		work.Asks = &connectors.Asking{Question: q, Names: p.parts.Answer.Names}
	}
	return work, len(work.Writes) > 0 || work.Asks != nil
}
