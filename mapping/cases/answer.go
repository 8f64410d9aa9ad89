package cases

import (
	"cmp"
	"fmt"
	"io/fs"
	slashpath "path"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/source"
)

// runAnswer reads a sample answer file and returns what differs from the decisions that are expected of it.
func runAnswer(p *mapping.Plan, fsys fs.FS, t source.Case) (diffs []string) {
	if _, files := p.HasAnswer(); !files {
		return []string{"the mapping takes no answer files"}
	}
	raw, err := fs.ReadFile(fsys, slashpath.Clean(t.Answer))
	if err != nil {
		return []string{"answer: " + source.Message(err)}
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
			if got, known := have[i].Told(want.Key); !known || got != want.Value {
				diffs = append(diffs, fmt.Sprintf("answers[%d].%s: want %s, have %s", i, want.Key, want.Value, cmp.Or(got, "nothing")))
			}
		}
	}
	return diffs
}
