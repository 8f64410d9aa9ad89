package deciding

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// waitingFor finds the result on record that waits for a document and is this one, apart from its documents; 0: none.
func waitingFor(known []saidBefore, o *journal.Outcome) int64 {
	for _, k := range known {
		if k.sub == 0 && k.park != nil && k.park.Waits && k.bare == withoutDocuments(o) {
			return k.n
		}
	}
	return 0
}

// complete goes on with a result that was kept while it waited for a document: it has come, or comes no more.
func complete(t *journal.Tx, n int64, o journal.Outcome, known []saidBefore) connectors.Verdict {
	if o.Park != nil && o.Park.Waits {
		return connectors.Repeat
	}
	documents, err := journal.EncodeFiles(o.Documents)
	t.Fail(err)
	const sql = "UPDATE result SET plan=?, outcome=?, documents=?, said=?, park=? WHERE n=?"
	t.Exec(sql, engine.Word(o.Plan), o.Outcome, documents, said(&o), journal.EncodeReason(o.Park), n)
	if o.Park == nil {
		goOn(t, n, o, known)
	}
	return connectors.Taken
}

// goOn places a result that waited, unless something else was said under its ID since.
func goOn(t *journal.Tx, n int64, o journal.Outcome, known []saidBefore) {
	if len(known) > 0 && known[0].n != n {
		parkResult(t, n, overtakenReason())
		return
	}
	place(t, n, o, known)
}

// notByItself says why a person must look at a result before a submission is decided by it.
func notByItself(t *journal.Tx, n int64, o *journal.Outcome, id journal.ID, known []saidBefore) *journal.Reason {
	park := otherCase(known, id)
	if park == nil {
		park = early(t, n, o, id)
	}
	if park == nil && overtaken(t.Look, n, id) {
		park = overtakenReason()
	}
	return park
}

// early says why a person must look at a result that may speak of another case which had the number before, or has it now: it had come before its
// submission was accepted, or the value by which it fits was returned anew since. One that came while its submission was being delivered is right.
func early(t *journal.Tx, n int64, o *journal.Outcome, id journal.ID) *journal.Reason {
	since := t.Number("SELECT since FROM match WHERE plan=? AND key=? AND sub=?", engine.Word(o.Plan), o.MatchKey, id)
	seen := journal.Value[journal.ID](t.Look, "SELECT coalesce(seen, ?) FROM result WHERE n=?", journal.FirstAt(o.At), n)
	const next = "ask the office which case it means: if that submission, give it to it; else drop it"
	switch {
	case since == journal.FormerValue:
		return &journal.Reason{Code: journal.CodeFormerValue, Text: "it fits submission " + id.String() + " only by a value that its target has replaced since", Next: next}
	case seen < id:
		return &journal.Reason{Code: journal.CodeEarly, Text: "it had come before submission " + id.String() + " was accepted, which it fits", Next: next}
	case n <= since:
		return &journal.Reason{Code: journal.CodeEarly, Text: "it had come before the target of submission " + id.String() + " returned the value anew by which it fits", Next: next}
	}
	return nil
}

// overtaken tells whether a result had come already when the last decision of its submission was told: told now, it
// would be taken for the newest.
func overtaken(l *journal.Look, n int64, id journal.ID) bool {
	return l.Is("SELECT EXISTS(SELECT 1 FROM result WHERE sub=? AND told>=? AND n<>?)", id, n, n)
}

func overtakenReason() *journal.Reason {
	return &journal.Reason{Code: journal.CodeOvertaken, Text: "a newer decision was told, or came under the same ID, while this one waited: it does not go on by itself",
		Next: "ask the office which one holds; attach this one to its submission by hand, or drop it"}
}

// markOvertaken replaces what is said of results that would go on by themselves, where something newer has overtaken them.
func markOvertaken(l *journal.Look, list []journal.Outcome) {
	for i := range list {
		o := &list[i]
		if l.Has(journal.ResultVersion) && o.Park != nil && (o.Park.Code == journal.CodeStatus || o.Park.Waits) && isOvertaken(l, o) {
			o.Park = overtakenReason()
		}
	}
}

func isOvertaken(l *journal.Look, o *journal.Outcome) bool {
	if l.Is("SELECT EXISTS(SELECT 1 FROM result WHERE source=? AND rid=? AND n>?)", engine.Word(o.Source), o.ResultID, o.N) {
		return true
	}
	if o.MatchKey == "" {
		return false
	}
	fit := fit(l, o)
	return len(fit) == 1 && overtaken(l, o.N, fit[0])
}

// Understood gives a result that was parked for its status a meaning that its mapping has now, and goes on with it as
// if it had just come. One that something newer has overtaken stays for a person.
func (j Decisions) Understood(ctx context.Context, n int64, outcome string) (done bool, err error) {
	err = j.Do(ctx, "go on with a parked result", func(t *journal.Tx) error {
		done = false
		o, open := Result(t, n)
		if !open || o.Park == nil {
			return nil
		}
		o.Outcome, o.Park = outcome, nil
		t.Exec("UPDATE result SET outcome=?, park=NULL WHERE n=?", outcome, n)
		goOn(t, n, o, versionsOf(t, &o))
		o, _ = Result(t, n)
		done = o.Park == nil
		return nil
	})
	return done, err
}
