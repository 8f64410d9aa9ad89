package mapping

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/expr"
)

// Question is how the target is to be asked for results; false where the mapping has no answer section or takes
// answer files. from is the target, or the entry of the configuration's results, in both cases.
func (p *Plan) Question() (from string, q connectors.Question, ok bool) {
	if p.parts.Answer == nil {
		return "", connectors.Question{}, false
	}
	return p.parts.Answer.From, p.parts.Answer.Question, !p.parts.Answer.Files
}

// HasAnswer tells whether the mapping says how results are read, and whether they are files.
func (p *Plan) HasAnswer() (answers, files bool) {
	return p.parts.Answer != nil, p.parts.Answer != nil && p.parts.Answer.Files
}

// MatchKey is what a result of this submission will have as Decision.MatchKey; false while a value is not known.
func (p *Plan) MatchKey(f Form, in expr.Input, returned map[string]connectors.Value) (string, bool) {
	if p.parts.Answer == nil || len(p.parts.Answer.Match) == 0 {
		return "", false
	}
	in.Returned = returned
	e := expr.NewEnv(&p.parts.Program, p.parts.tree(f), &in)
	defer e.Free()
	var parts []string
	for _, m := range p.parts.Answer.Match {
		v := m.X.Eval(e)
		s, ok := answers.Text(v)
		if e.Err != nil || len(e.Needs) > 0 || !ok {
			return "", false
		}
		parts = append(parts, m.Name+"="+s)
	}
	return strings.Join(parts, answers.Separator), true
}

// AnswerID names the columns or fields by which a result is the same when it comes again.
func (p *Plan) AnswerID() []string {
	if p.parts.Answer == nil {
		return nil
	}
	return p.parts.Answer.ID
}

// MatchNeeds names the returned values without which no result of this submission is found, and that are not known yet.
func (p *Plan) MatchNeeds(f Form, in expr.Input) []string {
	if p.parts.Answer == nil {
		return nil
	}
	e := expr.NewEnv(&p.parts.Program, p.parts.tree(f), &in)
	defer e.Free()
	for _, m := range p.parts.Answer.Match {
		m.X.Eval(e)
		if e.Null != "" {
			e.Needs = append(e.Needs, e.Null)
		}
	}
	return slices.Clone(e.Needs)
}

// Meaning is what the mapping's outcome says of a status.
func (p *Plan) Meaning(status string) (outcome string, ok bool) {
	if p.parts.Answer == nil {
		return "", false
	}
	outcome, ok = p.parts.Answer.Outcomes[status]
	return outcome, ok
}

// Answers reads all decisions of a result: one of a row, and of an answer file one or, with each, many.
func (p *Plan) Answers(r connectors.Result) []answers.Reading { return p.parts.Answer.Read(r) }

// ReadsMany tells whether the mapping reads many decisions out of one answer file.
func (p *Plan) ReadsMany() bool { return p.parts.Answer != nil && p.parts.Answer.Each != nil }
