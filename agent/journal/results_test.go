package journal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

func decision(rid, key string) journal.Outcome {
	return journal.Outcome{Source: "register", ResultID: rid, Plan: "permit", MatchKey: key, Outcome: "approved", Status: "A", CaseNo: "4711"}
}

func (r *rig) result(o journal.Outcome) connectors.Verdict {
	r.Helper()
	v, err := r.Results(r.ctx(), []journal.Outcome{o})
	r.must(err)
	return v[0]
}

// delivered accepts and delivers a submission that results find by key.
func (r *rig) delivered(ref, key string) journal.ID {
	r.Helper()
	id := r.one(ref, "x")
	r.found(id, key)
	return id
}

// found delivers a submission that results find by key.
func (r *rig) found(id journal.ID, key string) {
	r.Helper()
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, MatchKey: key}}))
}

func TestSecondDecisionIsASecondResult(t *testing.T) {
	r := newRig(t)
	id := r.delivered("A", "CASE=1")
	first := decision("1", "CASE=1")
	first.Documents = []journal.File{{Name: "a.pdf", Size: 1}, {Name: "b.pdf", Size: 2}}
	second := decision("2", "CASE=1")
	second.Outcome, second.Documents = "refused", []journal.File{{Name: "c.pdf", Size: 3, ContentType: "application/pdf"}}
	if r.result(first) != connectors.Taken || r.result(first) != connectors.Repeat || r.result(second) != connectors.Taken {
		t.Fatal("verdicts")
	}
	if got := r.types(id); got != "accepted delivered decided! decided! " {
		t.Fatalf("events %q", got)
	}
	events, err := r.EventsOf(r.ctx(), id)
	r.must(err)
	data := events[3].Data
	docs, _ := data["documents"].([]any)
	if data["revision"] != float64(2) || data["outcome"] != "refused" || len(docs) != 1 || docs[0].(map[string]any)["n"] != float64(3) {
		t.Errorf("data: %v", data)
	}
	files, err := r.Documents(r.ctx(), id)
	r.must(err)
	if len(files) != 3 || files[2].Name != "c.pdf" {
		t.Errorf("documents: %+v", files)
	}
	r.must(r.Ack(r.ctx(), "portal", "c", events[2].Seq)) // the first decision only
	if s := r.state(id); s != journal.Decided {
		t.Errorf("state %s", s)
	}
	r.must(r.Ack(r.ctx(), "portal", "c", events[3].Seq))
	if s := r.state(id); s != journal.Closed {
		t.Errorf("state %s", s)
	}
	if r.result(decision("3", "CASE=1")) != connectors.Taken || r.state(id) != journal.Decided {
		t.Errorf("a decision after the end: %s", r.state(id))
	}
	r.check()
}

func TestOrphansFindTheirSubmission(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x")
	r.result(decision("1", "CASE=1"))
	r.result(decision("2", "CASE=2"))
	list, err := r.Orphans(r.ctx(), 10)
	r.must(err)
	if len(list) != 2 || list[0].ResultID != "1" || list[0].MatchKey != "CASE=1" {
		t.Fatalf("%+v", list)
	}
	r.found(id, "CASE=1") // the decision was faster
	if got := r.types(id); got != "accepted delivered decided! " || r.state(id) != journal.Decided {
		t.Errorf("events %q, %s", got, r.state(id))
	}
	b := r.delivered("B", "CASE=9")
	r.must(r.AttachOrphan(r.ctx(), 2, b, "", "me"))
	if s := r.state(b); s != journal.Decided {
		t.Errorf("attached: %s", s)
	}
	if err := r.AttachOrphan(r.ctx(), 2, id, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("attached twice: %v", err)
	}
	if err := r.AttachOrphan(r.ctx(), 99, id, "", "me"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("no such result: %v", err)
	}
	sum, err := r.Summary(r.ctx())
	r.must(err)
	if sum.Orphans != 0 {
		t.Errorf("%d orphans", sum.Orphans)
	}
	r.check()
}

func TestResultsThatWaitForAPerson(t *testing.T) {
	r := newRig(t)
	a, b := r.delivered("A", "CASE=1"), r.delivered("B", "CASE=1")
	unknown := decision("1", "")
	unknown.Outcome, unknown.Park = "", &journal.Reason{Code: "result.status", Text: "unknown status"}
	r.result(unknown)
	r.result(decision("2", "CASE=1")) // fits both
	rejected := r.one("C", "x")
	r.must(r.Reject(r.ctx(), rejected, nil, journal.Reason{Code: "operator.rejected"}, "me", false))
	r.result(journal.Outcome{Source: "person", ResultID: "1", ID: rejected, Outcome: "approved"})
	list, err := r.ParkedResults(r.ctx(), 0, 10)
	r.must(err)
	if len(list) != 3 || list[0].Park.Code != "result.status" || list[1].Park.Code != journal.CodeAmbiguous || list[2].Park.Code != journal.CodeRejected {
		t.Fatalf("%+v", list)
	}
	if s := r.state(a); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	if err := r.AttachOrphan(r.ctx(), 1, a, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("attached without a meaning: %v", err)
	}
	r.must(r.AttachOrphan(r.ctx(), 1, a, "approved", "me"))
	if v, err := r.Show(r.ctx(), a); err != nil || v.State != journal.Decided || len(v.Results) != 1 || v.Results[0].Outcome != "approved" || v.Results[0].Park != nil {
		t.Errorf("given a meaning: %+v, %v", v, err)
	}
	r.must(r.AttachOrphan(r.ctx(), 2, b, "", "me"))
	if s := r.state(b); s != journal.Decided {
		t.Errorf("state %s", s)
	}
	if got := r.types(rejected); got != "accepted rejected! " {
		t.Errorf("events %q", got)
	}
	r.check()
}

func TestDropResult(t *testing.T) {
	r := newRig(t)
	_, err := r.Results(r.ctx(), []journal.Outcome{{Source: "register", ResultID: "1", Plan: "p", MatchKey: "CASE=1", Outcome: "approved"},
		{Source: "register", ResultID: "2", Plan: "p", Park: &journal.Reason{Code: "result.status"}}})
	r.must(err)
	for n := range int64(2) {
		r.must(r.DropResult(r.ctx(), n+1, "not ours", "me"))
		if err := r.DropResult(r.ctx(), n+1, "not ours", "me"); !errors.Is(err, journal.ErrState) {
			t.Errorf("dropped twice: %v", err)
		}
	}
	if err := r.DropResult(r.ctx(), 9, "x", "me"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("no such result: %v", err)
	}
	sum, err := r.Summary(r.ctx())
	r.must(err)
	if sum.Orphans != 0 || sum.ParkedResults != 0 {
		t.Errorf("%+v", sum)
	}
	id := r.delivered("A", "CASE=1") // it does not come back
	if s := r.state(id); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	if err := r.AttachOrphan(r.ctx(), 1, id, "approved", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("attached: %v", err)
	}
	verdicts, err := r.Results(r.ctx(), []journal.Outcome{{Source: "register", ResultID: "1", Plan: "p", MatchKey: "CASE=1", Outcome: "approved"}})
	r.must(err)
	if verdicts[0] != connectors.Taken || r.state(id) != journal.Delivered {
		t.Errorf("sent again, it waits for a person: %v", verdicts)
	}
	r.check()
}

func TestDecisionBeforeDelivery(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.done(id, "x")
	r.result(journal.Outcome{Source: "person", ResultID: "1", ID: id, Outcome: "approved", By: "clerk"})
	if s := r.state(id); s != journal.Decided {
		t.Errorf("state %s", s)
	}
	r.done(id, "y")
	if got := r.types(id); got != "accepted decided! delivered " || r.state(id) != journal.Decided {
		t.Errorf("events %q, %s", got, r.state(id))
	}
	quiet := arrival("B", "x")
	quiet.Office = ""
	id = r.accept(quiet)[0].ID
	r.result(journal.Outcome{Source: "person", ResultID: "2", ID: id, Outcome: "approved", By: "clerk"})
	if s := r.state(id); s != journal.Decided {
		t.Errorf("undelivered without office: %s", s)
	}
	r.done(id, "x")
	if s := r.state(id); s != journal.Closed {
		t.Errorf("delivered without office: %s", s)
	}
	r.check()
}

// A front office that knows the decision early must not close what a target still waits for.
func TestHeardBeforeDelivery(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.done(id, "x")
	r.result(journal.Outcome{Source: "person", ResultID: "1", ID: id, Outcome: "approved", By: "clerk"})
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	if s := r.state(id); s != journal.Decided {
		t.Errorf("closed with an open delivery: %s", s)
	}
	r.done(id, "y")
	if s := r.state(id); s != journal.Closed {
		t.Errorf("delivered at last: %s", s)
	}
	r.check()
}

func TestOverdue(t *testing.T) {
	r := newRig(t)
	a := r.delivered("A", "")
	open := r.one("B", "x")
	r.clock.add(time.Hour)
	late := r.delivered("C", "")
	list, err := r.Overdue(r.ctx(), "building", r.clock.Now().Add(-time.Minute), 10)
	r.must(err)
	if len(list) != 1 || list[0].ID != a {
		t.Fatalf("%+v", list)
	}
	r.must(r.MarkOverdue(r.ctx(), []journal.ID{a, open, a}))
	if got := r.types(a); got != "accepted delivered overdue " {
		t.Errorf("events %q", got)
	}
	if list, err = r.Overdue(r.ctx(), "building", r.clock.Now().Add(time.Hour), 10); err != nil || len(list) != 1 || list[0].ID != late {
		t.Errorf("%+v %v", list, err)
	}
	r.result(journal.Outcome{Source: "p", ResultID: "1", ID: a, Outcome: "approved"})
	if s := r.state(a); s != journal.Decided {
		t.Errorf("state %s", s)
	}
}

func TestBatches(t *testing.T) {
	r := newRig(t)
	var ids []journal.ID
	for n := range 4 {
		ids = append(ids, r.one(fmt.Sprint(n), "line", "x"))
	}
	seq, err := r.NextSeq(r.ctx(), "line")
	r.must(err)
	sealed := r.clock.Now().In(time.FixedZone("", 3600))
	b := journal.Batch{Seq: seq, Target: "line", Name: "PERM000001.DAT", Digest: planA.Digest, Size: 9, SealedAt: sealed, Members: []journal.ID{ids[1], ids[0]}, Why: "count"}
	if seq != 1 {
		t.Fatalf("first number %d", seq)
	}
	r.must(r.Seal(r.ctx(), b))
	r.must(r.Seal(r.ctx(), b)) // repeated after a fault
	wrong := b
	wrong.Members = ids[2:3]
	for _, s := range []int64{1, 3} {
		wrong.Seq = s
		if err := r.Seal(r.ctx(), wrong); !errors.Is(err, journal.ErrSequence) {
			t.Errorf("sealed %d: %v", s, err)
		}
	}
	wrong.Seq, wrong.Members = 2, ids[:1]
	if err := r.Seal(r.ctx(), wrong); !errors.Is(err, journal.ErrState) {
		t.Errorf("sealed a member twice: %v", err)
	}
	r.reopen()
	list, err := r.Batches(r.ctx(), "line", true)
	r.must(err)
	if len(list) != 1 || !list[0].SealedAt.Equal(sealed) || list[0].SealedAt.Format("-07:00") != "+01:00" || list[0].Members[0] != ids[1] || list[0].Progress != journal.Batched || list[0].Why != "count" {
		t.Fatalf("%+v", list)
	}
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Staged, nil, nil))
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Unclear, &journal.Reason{Code: "ftp.lost"}, nil))
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Held, &journal.Reason{Code: "files.name-taken"}, nil))
	if s := r.state(ids[0]); s != journal.Parked {
		t.Errorf("state %s", s)
	}
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Batched, nil, nil))
	if s := r.state(ids[0]); s != journal.Accepted {
		t.Errorf("state %s", s)
	}
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Done, nil, []journal.Change{{ID: ids[0], Target: "line", To: journal.Done, MatchKey: "K=0"}}))
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Done, nil, nil))
	r.done(ids[0], "x")
	if s := r.state(ids[0]); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	if list, err = r.Batches(r.ctx(), "line", true); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	if list, err = r.Batches(r.ctx(), "", false); err != nil || len(list) == 0 {
		t.Errorf("of all targets: %v %v", list, err)
	}
	if err := r.VoidBatch(r.ctx(), "line", 1, "me", "no"); !errors.Is(err, journal.ErrState) {
		t.Errorf("voided what is delivered: %v", err)
	}
	r.check()
}

func TestVoidedNumbersStayUsed(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "line")
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 1, Target: "line", Name: "1", Members: []journal.ID{id}}))
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Held, &journal.Reason{Code: "c"}, nil))
	r.must(r.VoidBatch(r.ctx(), "line", 1, "me", "lost"))
	list, err := r.Backlog(r.ctx(), "line", 0, 10)
	r.must(err)
	seq, err := r.NextSeq(r.ctx(), "line")
	r.must(err)
	if len(list) != 1 || list[0].Progress != journal.Pending || list[0].Batch != 0 || seq != 2 || r.state(id) != journal.Accepted {
		t.Fatalf("%+v, next %d, %s", list, seq, r.state(id))
	}
	r.must(r.Put(r.ctx(), "raise", journal.RaiseMeta, "seq:line", 41))
	r.must(r.Put(r.ctx(), "raise", journal.RaiseMeta, "seq:line", 7))
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 42, Target: "line", Name: "42", Members: []journal.ID{id}}))
	r.check()
}

// A parked member of a sealed batch must not leave it by being released.
func TestReleaseKeepsTheBatch(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "line")
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 1, Target: "line", Name: "1", Members: []journal.ID{id}}))
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "line", To: journal.Held, Reason: &journal.Reason{Code: "c"}}}))
	r.must(r.Release(r.ctx(), id, "", "me"))
	list, err := r.Load(r.ctx(), "line", []journal.ID{id})
	r.must(err)
	if list[0].Progress != journal.Batched || list[0].Batch != 1 {
		t.Errorf("%+v", list[0])
	}
}
