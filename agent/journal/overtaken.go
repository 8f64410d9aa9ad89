package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// waitingFor finds the result on record that waits for a document and is this one, apart from its documents; 0: none.
func waitingFor(known []resultVersionRow, o *Outcome) int64 {
	for _, k := range known {
		if k.sub == 0 && k.park != nil && k.park.Waits && k.bare == o.withoutDocuments() {
			return k.n
		}
	}
	return 0
}

// complete goes on with a result that was kept while it waited for a document: it has come, or comes no more.
func (t *tx) complete(n int64, plan nameID, o Outcome, known []resultVersionRow) (connectors.Verdict, error) {
	if o.Park != nil && o.Park.Waits {
		return connectors.Repeat, nil
	}
	documents, err := encodeFiles(o.Documents)
	if err != nil {
		return 0, err
	}
	said := o.said()
	const sql = "UPDATE result SET plan=?, outcome=?, documents=?, said=?, park=? WHERE n=?"
	if _, err := t.c.Exec(sql, plan, o.Outcome, documents, said, encodeReason(o.Park), n); err != nil || o.Park != nil {
		return connectors.Taken, err
	}
	return connectors.Taken, t.goOn(n, plan, o, known)
}

// goOn places a result that waited, unless something else was said under its ID since.
func (t *tx) goOn(n int64, plan nameID, o Outcome, known []resultVersionRow) error {
	if len(known) > 0 && known[0].n != n {
		return t.parkResult(n, overtakenReason())
	}
	return t.place(n, plan, o, known)
}

// notByItself says why a person must look at a result before a submission is decided by it.
func (t *tx) notByItself(n int64, id ID, known []resultVersionRow) (*Reason, error) {
	if park := otherCase(known, id); park != nil {
		return park, nil
	}
	late, err := overtaken(t.c, n, id)
	if err != nil || !late {
		return nil, err
	}
	return overtakenReason(), nil
}

// overtaken tells whether a result had come already when the last decision of its submission was told: told now, it
// would be taken for the newest.
func overtaken(c *engine.Conn, n int64, id ID) (bool, error) {
	return engine.Value[bool](c, "SELECT EXISTS(SELECT 1 FROM result WHERE sub=? AND told>=? AND n<>?)", id, n, n)
}

func overtakenReason() *Reason {
	return &Reason{Code: CodeOvertaken, Text: "a newer decision was told, or came under the same ID, while this one waited: it does not go on by itself",
		Next: "ask the office which one holds; attach this one to its submission by hand, or drop it"}
}

// markOvertaken replaces what is said of results that would go on by themselves, where something newer has overtaken them.
func (j *Journal) markOvertaken(c *engine.Conn, list []Outcome) error {
	for i := range list {
		o := &list[i]
		if !j.has(resultVersion) || o.Park == nil || o.Park.Code != CodeStatus && !o.Park.Waits {
			continue
		}
		late, err := j.isOvertaken(c, o)
		if err != nil {
			return err
		}
		if late {
			o.Park = overtakenReason()
		}
	}
	return nil
}

func (j *Journal) isOvertaken(c *engine.Conn, o *Outcome) (late bool, err error) {
	if source, ok := j.nameID(c, o.Source); ok {
		again, err := engine.Value[bool](c, "SELECT EXISTS(SELECT 1 FROM result WHERE source=? AND rid=? AND n>?)", source, o.ResultID, o.N)
		if err != nil || again {
			return again, err
		}
	}
	plan, ok := j.nameID(c, o.Plan)
	if !ok || o.MatchKey == "" {
		return false, nil
	}
	ids, err := engine.All[ID](c, "SELECT sub FROM match WHERE plan=? AND key=? LIMIT 2", plan, o.MatchKey)
	if err != nil || len(ids) != 1 {
		return false, err
	}
	return overtaken(c, o.N, ids[0])
}

// Understood gives a result that was parked for its status a meaning that its mapping has now, and goes on with it as
// if it had just come. One that something newer has overtaken stays for a person.
func (j *Journal) Understood(ctx context.Context, n int64, outcome string) (done bool, err error) {
	err = j.do(ctx, "go on with a parked result", func(t *tx) error {
		done = false
		o, open, err := t.result(n)
		if err != nil || !open || o.Park == nil {
			return err
		}
		source, err := t.name(o.Source)
		if err != nil {
			return err
		}
		known, err := t.versionsOf(source, o.ResultID)
		if err != nil {
			return err
		}
		plan, err := t.name(o.Plan)
		if err != nil {
			return err
		}
		o.Outcome, o.Park = outcome, nil
		if _, err := t.c.Exec("UPDATE result SET outcome=?, park=NULL WHERE n=?", outcome, n); err != nil {
			return err
		}
		if err := t.goOn(n, plan, o, known); err != nil {
			return err
		}
		o, _, err = t.result(n)
		done = o.Park == nil
		return err
	})
	return done, err
}
