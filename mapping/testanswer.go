package mapping

import (
	"cmp"
	"fmt"
	"io/fs"
	slashpath "path"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
)

// runAnswer reads a sample answer file and returns what differs from the decisions that are expected of it.
func (p *Plan) runAnswer(fsys fs.FS, t testSpec) (diffs []string) {
	if _, files := p.HasAnswer(); !files {
		return []string{"the mapping takes no answer files"}
	}
	raw, err := fs.ReadFile(fsys, slashpath.Clean(t.Answer))
	if err != nil {
		return []string{"answer: " + fileMessage(err)}
	}
	r := connectors.Result{ID: "answer", File: slashpath.Base(t.Answer), Content: raw}
	for _, name := range t.Beside {
		r.Documents = append(r.Documents, connectors.Attachment{Name: name, Blob: connectors.BytesBlob(nil)})
	}
	have := p.Answers(r)
	if len(have) != len(t.ExpectAnswers) {
		diffs = append(diffs, fmt.Sprintf("decisions: want %d, have %d", len(t.ExpectAnswers), len(have)))
	}
	for i := range min(len(have), len(t.ExpectAnswers)) {
		for _, want := range t.ExpectAnswers[i] {
			if got, known := have[i].told(want.Key); !known || got != want.Value {
				diffs = append(diffs, fmt.Sprintf("answers[%d].%s: want %s, have %s", i, want.Key, want.Value, cmp.Or(got, "nothing")))
			}
		}
	}
	return diffs
}

// answerKeys are what a test may expect of a decision.
var answerKeys = []string{"id", "match", "outcome", "status", "case", "reason", "documents", "error"}

// told is a part of what a decision says, as a test writes it.
func (r Reading) told(key string) (string, bool) {
	names := make([]string, len(r.Documents))
	for i, d := range r.Documents {
		names[i] = d.Name
	}
	why := ""
	if r.Err != nil {
		why = r.Err.Error()
	}
	plainly := strings.NewReplacer(keySeparator, ", ")
	got, known := map[string]string{"id": plainly.Replace(r.ID), "match": plainly.Replace(r.MatchKey), "outcome": r.Outcome, "status": r.Status,
		"case": r.CaseNumber, "reason": r.Reason, "documents": strings.Join(names, ", "), "error": why}[key]
	return got, known
}

// checkSample wants a case to be of a form or of an answer file, and to expect what there is.
func (t *testSpec) checkSample(n *diag.Node) (problems diag.Problems) {
	if (t.Form == "") == (t.Answer == "") {
		problems = append(problems, n.Problem(CodeMissingKey, "a case has either form or answer", ""))
	}
	for _, a := range t.ExpectAnswers {
		for _, want := range a {
			if !slices.Contains(answerKeys, want.Key) {
				problems = append(problems, n.KeyProblem("expect-answers", expr.CodeUnknownName, fmt.Sprintf("a decision has no %q", want.Key), diag.DidYouMean(want.Key, answerKeys)))
			}
		}
	}
	return problems
}
