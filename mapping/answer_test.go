package mapping_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
)

func example(t *testing.T, dir, name string) *mapping.Plan {
	t.Helper()
	p, err := load.Mapping(os.DirFS("../configs/"+dir+"/mappings"), name+".yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sample(t *testing.T, p *mapping.Plan, name string) mapping.Form {
	t.Helper()
	raw, err := os.ReadFile("../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Decode(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnswerFromRow(t *testing.T) {
	t.Parallel()
	p := example(t, "building-permit", "building-permit")
	from, q, ok := p.Question()
	if !ok || from != "register" || len(q.ID) != 1 || q.ID[0] != "ID" || q.Mark == "" || q.Binary[0] != "PDF" {
		t.Fatalf("question %q %+v %v", from, q, ok)
	}
	f := sample(t, p, "building-permit/mappings/samples/typical.json")
	if _, ok := p.MatchKey(f, expr.Input{}, nil); ok {
		t.Error("a match key before the case number is known")
	}
	key, ok := p.MatchKey(f, expr.Input{}, map[string]connectors.Value{"application.CASE_NO": {Kind: connectors.Integer, Int: 4711}})
	if !ok {
		t.Fatal("no match key")
	}
	pdf := connectors.BytesBlob([]byte("%PDF"))
	row := map[string]connectors.Value{"id": {Kind: connectors.Integer, Int: 1}, "case_no": {Kind: connectors.Decimal, Str: "4711.00"},
		"status": {Kind: connectors.Text, Str: "A "}, "reason": {Kind: connectors.Null}, "pdf": {Kind: connectors.Binary, Blob: &pdf}}
	d, err := answerOf(p, connectors.Result{ID: "1", Fields: row})
	if err != nil || d.MatchKey != key || d.Outcome != "approved" || d.CaseNumber != "4711.00" || d.Reason != "" || len(d.Documents) != 1 ||
		d.Documents[0].ContentType != "application/pdf" || d.ID != "1" {
		t.Fatalf("%+v %v (key %q)", d, err, key)
	}
	row["status"] = connectors.Value{Kind: connectors.Text, Str: "X"}
	var unknown *answers.UnknownStatus
	if d, err = answerOf(p, connectors.Result{ID: "2", Fields: row}); !errors.As(err, &unknown) || unknown.Status != "X" || d.MatchKey != key {
		t.Errorf("%+v %v", d, err)
	}
	delete(row, "case_no")
	if _, err = answerOf(p, connectors.Result{ID: "3", Fields: row}); !errors.Is(err, answers.ErrAnswer) {
		t.Errorf("a row without the match column: %v", err)
	}
}

func TestAnswerFromFile(t *testing.T) {
	t.Parallel()
	p := example(t, "dog-licence", "dog-licence")
	if answers, files := p.HasAnswer(); !answers || !files {
		t.Fatal("not answer files")
	}
	f := sample(t, p, "dog-licence/mappings/samples/two-dogs.xml")
	key, ok := p.MatchKey(f, expr.Input{}, nil)
	if !ok {
		t.Fatal("no match key")
	}
	notice := connectors.Attachment{Name: "notice.pdf"}
	d, err := answerOf(p, connectors.Result{ID: "x", File: "DL-77.csv", Documents: []connectors.Attachment{notice},
		Content: []byte("REFERENCE;STATUS;LICENCE;REASON\r\nDL-77;ok;H-12;Geb\xfchr f\xe4llig\r\n")})
	if err != nil || d.MatchKey != key || d.Outcome != "approved" || d.CaseNumber != "H-12" || d.Reason != "Gebühr fällig" || len(d.Documents) != 1 {
		t.Fatalf("%+v %v", d, err)
	}
	if d.ID != "DL-77"+answers.Separator+"OK"+answers.Separator+"H-12" {
		t.Errorf("ID %q", d.ID)
	}
	for name, content := range map[string]string{"DL-77.txt": "", "DL-77.csv": "not;the\ncolumns\n"} {
		if _, err := answerOf(p, connectors.Result{File: name, Content: []byte(content)}); !errors.Is(err, answers.ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// answerOf reads a result that is one decision.
func answerOf(p *mapping.Plan, r connectors.Result) (answers.Decision, error) {
	list := p.Answers(r)
	if len(list) != 1 {
		return answers.Decision{}, fmt.Errorf("%w: it holds %d decisions", answers.ErrAnswer, len(list))
	}
	return list[0].Decision, list[0].Err
}
