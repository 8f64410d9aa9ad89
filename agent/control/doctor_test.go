package control

import (
	"context"
	"strings"
	"testing"
)

func (f *fake) Examine(_ context.Context, r ExamineRequest) (Examination, error) {
	return Examination{Account: "inbasket", Inside: true, Findings: []Finding{
		{Area: "disk", Level: LevelWarn, Code: "doctor.disk-low", Text: "asked by " + r.By, Cure: "make space"}}}, nil
}

func (f *fake) Vitals(context.Context) (Vitals, error) { return Vitals{HeapBytes: 1}, nil }

func TestExamine(t *testing.T) {
	c, _ := serve(t, &fake{})
	e, err := c.Examine(t.Context(), ExamineRequest{Only: []string{"disk"}})
	if err != nil || !e.Inside || len(e.Findings) != 1 || e.Findings[0].Code != "doctor.disk-low" || !strings.HasPrefix(e.Findings[0].Text, "asked by ") {
		t.Errorf("%+v, %v", e, err)
	}
	if e.Worst() != LevelWarn {
		t.Errorf("the worst is %s", e.Worst())
	}
	e.Findings = append(e.Findings, Finding{Level: LevelFail}, Finding{Level: LevelOK})
	if e.Worst() != LevelFail || (Examination{}).Worst() != LevelOK {
		t.Error("a failure is the worst, and nothing is well")
	}
	if v, err := c.Vitals(t.Context()); err != nil || v.HeapBytes != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}
