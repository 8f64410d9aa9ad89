package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// waitingFor finds the result on record that waits for a document and is this one, apart from its documents; 0: none.
func waitingFor(known []saidBefore, o *Outcome) int64 {
	for _, k := range known {
		if k.sub == 0 && k.park != nil && k.park.Waits && k.bare == o.withoutDocuments() {
			return k.n
		}
	}
	return 0
}

// complete goes on with a result that was kept while it waited for a document: it has come, or comes no more.
func (t *tx) complete(n int64, o Outcome, known []saidBefore) connectors.Verdict {
	if o.Park != nil && o.Park.Waits {
		return connectors.Repeat
	}
	documents, err := encodeFiles(o.Documents)
	t.fail(err)
	const sql = "UPDATE result SET plan=?, outcome=?, documents=?, said=?, park=? WHERE n=?"
	t.exec(sql, engine.Word(o.Plan), o.Outcome, documents, o.said(), encodeReason(o.Park), n)
	if o.Park == nil {
		t.goOn(n, o, known)
	}
	return connectors.Taken
}

// goOn places a result that waited, unless something else was said under its ID since.
func (t *tx) goOn(n int64, o Outcome, known []saidBefore) {
	if len(known) > 0 && known[0].n != n {
		t.parkResult(n, overtakenReason())
		return
	}
	t.place(n, o, known)
}

// notByItself says why a person must look at a result before a submission is decided by it.
func (t *tx) notByItself(n int64, id ID, known []saidBefore) *Reason {
	if park := otherCase(known, id); park != nil || !t.overtaken(n, id) {
		return park
	}
	return overtakenReason()
}

// overtaken tells whether a result had come already when the last decision of its submission was told: told now, it
// would be taken for the newest.
func (l *look) overtaken(n int64, id ID) bool {
	return l.is("SELECT EXISTS(SELECT 1 FROM result WHERE sub=? AND told>=? AND n<>?)", id, n, n)
}

func overtakenReason() *Reason {
	return &Reason{Code: CodeOvertaken, Text: "a newer decision was told, or came under the same ID, while this one waited: it does not go on by itself",
		Next: "ask the office which one holds; attach this one to its submission by hand, or drop it"}
}

// markOvertaken replaces what is said of results that would go on by themselves, where something newer has overtaken them.
func (l *look) markOvertaken(list []Outcome) {
	for i := range list {
		o := &list[i]
		if l.has(resultVersion) && o.Park != nil && (o.Park.Code == CodeStatus || o.Park.Waits) && l.isOvertaken(o) {
			o.Park = overtakenReason()
		}
	}
}

func (l *look) isOvertaken(o *Outcome) bool {
	if l.is("SELECT EXISTS(SELECT 1 FROM result WHERE source=? AND rid=? AND n>?)", engine.Word(o.Source), o.ResultID, o.N) {
		return true
	}
	if o.MatchKey == "" {
		return false
	}
	fit := l.fit(o)
	return len(fit) == 1 && l.overtaken(o.N, fit[0])
}

// Understood gives a result that was parked for its status a meaning that its mapping has now, and goes on with it as
// if it had just come. One that something newer has overtaken stays for a person.
func (j *Journal) Understood(ctx context.Context, n int64, outcome string) (done bool, err error) {
	err = j.do(ctx, "go on with a parked result", func(t *tx) error {
		done = false
		o, open := t.result(n)
		if !open || o.Park == nil {
			return nil
		}
		o.Outcome, o.Park = outcome, nil
		t.exec("UPDATE result SET outcome=?, park=NULL WHERE n=?", outcome, n)
		t.goOn(n, o, t.versionsOf(&o))
		o, _ = t.result(n)
		done = o.Park == nil
		return nil
	})
	return done, err
}
