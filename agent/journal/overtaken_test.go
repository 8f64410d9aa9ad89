package journal_test

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// waiting is a decision whose document has not come.
func waiting(id, key string) journal.Outcome {
	o := decision(id, key)
	o.Park = &journal.Reason{Code: "result.document", Waits: true}
	return o
}

// TestWaitsForItsDocument keeps a decision from the moment it is read, and completes that one record.
func TestWaitsForItsDocument(t *testing.T) {
	r := newRig(t)
	id := r.delivered("A", "CASE=1")
	if r.result(waiting("1", "CASE=1")) != connectors.Taken || r.result(waiting("1", "CASE=1")) != connectors.Repeat {
		t.Error("kept, once")
	}
	if list, err := r.ParkedResults(r.ctx(), 0, 10); err != nil || len(list) != 1 || !list[0].Park.Waits || list[0].Park.Code != "result.document" {
		t.Errorf("%+v %v", list, err)
	}
	whole := decision("1", "CASE=1")
	whole.Documents = []journal.File{{Name: "permit.pdf", Size: 4, Digest: connectors.Digest{1}}}
	if r.result(whole) != connectors.Taken || r.result(whole) != connectors.Repeat || r.types(id) != "accepted delivered decided! " {
		t.Errorf("told, once: %q", r.types(id))
	}
	v, err := r.Show(r.ctx(), id)
	if err != nil || len(v.Results) != 1 || v.Results[0].N != 1 || len(v.Results[0].Documents) != 1 {
		t.Errorf("%+v %v", v.Results, err)
	}
	over := waiting("2", "CASE=1")
	r.result(over)
	over.Park = &journal.Reason{Code: "result.document", Text: "over"}
	r.result(over)
	if list, err := r.ParkedResults(r.ctx(), 0, 10); err != nil || len(list) != 1 || list[0].Park.Waits || list[0].Park.Text != "over" {
		t.Errorf("%+v %v", list, err)
	}
	r.check()
}

// TestOvertaken never tells by itself, after a newer decision, one that was seen before it: neither one that waited for
// its document nor one whose status was unknown, whatever the newer one is.
func TestOvertaken(t *testing.T) {
	for name, newer := range map[string]func(r *rig, id journal.ID){
		"same ID": func(r *rig, _ journal.ID) {
			o := decision("1", "CASE=1")
			o.Reason = "corrected"
			r.result(o)
		},
		"another ID": func(r *rig, _ journal.ID) { r.result(decision("2", "CASE=1")) },
		"by hand": func(r *rig, id journal.ID) {
			r.result(journal.Outcome{Source: "person", ResultID: "p", ID: id, Outcome: "approved", By: "clerk"})
		},
		"attached later": func(r *rig, id journal.ID) { r.must(r.AttachOrphan(r.ctx(), 1, id, "approved", "clerk")) },
	} {
		for _, code := range []string{journal.CodeStatus, "result.document"} {
			t.Run(name+" "+code, func(t *testing.T) {
				r := newRig(t)
				id := r.delivered("A", "CASE=1")
				r.result(decision("0", "ELSE=1"))
				old := waiting("1", "CASE=1")
				old.Park.Code, old.Park.Waits = code, code != journal.CodeStatus
				r.result(old)
				newer(r, id)
				before := r.types(id)
				list, err := r.ParkedResults(r.ctx(), 0, 10)
				if err != nil || len(list) != 1 || list[0].Park.Code != journal.CodeOvertaken {
					t.Errorf("what is said of it before: %+v %v", list, err)
				}
				if code == journal.CodeStatus {
					_, err = r.Understood(r.ctx(), 2, "refused")
					r.must(err)
				} else {
					r.result(decision("1", "CASE=1"))
				}
				if got := r.types(id); got != before {
					t.Errorf("told: %q, was %q", got, before)
				}
				if list, err := r.ParkedResults(r.ctx(), 0, 10); err != nil || len(list) != 1 || list[0].Park.Code != journal.CodeOvertaken {
					t.Errorf("%+v %v", list, err)
				}
				r.must(r.AttachOrphan(r.ctx(), 2, id, map[bool]string{true: "refused"}[code == journal.CodeStatus], "clerk"))
				v, err := r.Show(r.ctx(), id)
				if err != nil || v.Results[len(v.Results)-1].N != 2 {
					t.Errorf("the last word is the one attached: %+v %v", v.Results, err)
				}
				r.check()
			})
		}
	}
}
