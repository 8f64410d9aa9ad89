package deciding

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// saidBefore is one thing that a result of one identity has said.
type saidBefore struct {
	n    int64
	said connectors.Digest
	bare connectors.Digest // without documents
	sub  journal.ID        // whom it was told to; 0: it waits; negative: it was dropped
	at   time.Time
	park *journal.Reason
}

// said is the digest of all that a result says: a repeat is known by it, and not by the result's identity alone. What
// the mapping calls its status is left out, since that changes with the mapping.
func said(o *journal.Outcome) connectors.Digest {
	h := sha256.New()
	if o.Said != (connectors.Digest{}) {
		h.Write(o.Said[:])
	}
	for _, s := range []string{o.MatchKey, o.Status, o.CaseNo, o.Reason} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	if o.By != "" {
		fmt.Fprintf(h, "by %s", o.Outcome)
	}
	for _, f := range o.Documents {
		fmt.Fprintf(h, "%d:%s", len(f.Name), f.Name)
		h.Write(f.Digest[:])
	}
	return connectors.Digest(h.Sum(nil))
}

// withoutDocuments is the digest of all that a result says apart from its documents.
func withoutDocuments(o *journal.Outcome) connectors.Digest {
	bare := *o
	bare.Documents = nil
	return said(&bare)
}

// versionsOf returns what a result of the identity of this one has said so far, the last first.
func versionsOf(t *journal.Tx, o *journal.Outcome) (list []saidBefore) {
	journal.Each(t.Look, "SELECT said, "+resultColumns+"WHERE source=? AND rid=? ORDER BY n DESC", []any{engine.Word(o.Source), o.ResultID}, func(r struct {
		Said    connectors.Digest
		Outcome journal.Outcome
	}) {
		k := &r.Outcome
		if r.Said == (connectors.Digest{}) { // written before what was said was kept
			r.Said = said(k)
		}
		list = append(list, saidBefore{n: k.N, sub: k.ID, at: k.At, park: k.Park, said: r.Said, bare: withoutDocuments(k)})
	})
	return list
}

// repeats tells whether a result of a known identity says nothing new, or why a person must look at what it says. What
// was said before, and differently since, may be an old state that came back: of a file that is read again, a
// source that was restored, or an office that went back on its word. What a person dropped and the office sends again is
// that person's to look at once more.
func repeats(known []saidBefore, o *journal.Outcome) (repeat bool, park *journal.Reason) {
	said := said(o)
	for i, k := range known {
		if k.said != said && (!o.Bare || k.bare != said) {
			continue
		}
		waits := k.sub == 0 && k.park != nil && k.park.Code == journal.CodeSaidBefore
		if i == 0 && k.sub >= 0 || waits || !o.At.IsZero() && k.at.Equal(o.At) {
			return true, nil
		}
		if i == 0 {
			return false, &journal.Reason{Code: journal.CodeDroppedBefore, Text: fmt.Sprintf("the office has sent again what was dropped as result %d", k.n),
				Next: "give it to its submission: inbasket results attach; or drop it again, and tell the office"}
		}
		park = &journal.Reason{Code: journal.CodeSaidBefore, Text: fmt.Sprintf("the result says again what it said before result %d of the same ID said otherwise", known[0].n),
			Next: "ask the office which one holds: give this one to its submission, or drop it"}
	}
	return false, park
}

// otherCase says why a person must look at a result that is about to decide a submission although one of its
// identity has decided another: the number was used again, or the first was given to the wrong one.
func otherCase(known []saidBefore, id journal.ID) *journal.Reason {
	for _, k := range known {
		if k.sub > 0 && k.sub != id {
			return &journal.Reason{Code: journal.CodeOtherCase, Text: fmt.Sprintf("it speaks of submission %s, and a result of the same ID has decided %s", id, k.sub),
				Next: "if the number was used again, give this one to its submission, and let answer.id name more, such as the case; if the first was wrong, settle that one as well"}
		}
	}
	return nil
}

// Matched gives an orphan to the submission that it was waiting for, or to a person.
func Matched(t *journal.Tx, n int64, o journal.Outcome, id journal.ID) {
	if park := notByItself(t, n, &o, id, versionsOf(t, &o)); park != nil {
		t.Count(journal.TallyOrphans, 0, 0, -1)
		parkResult(t, n, park)
		return
	}
	decideOrphan(t, n, n, o, id)
}
