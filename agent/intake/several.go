package intake

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/decode/several"
)

// file is an item of an in-basket that has several forms. Each is accepted, rejected or parked by itself; the in-basket is told once all of them are
// durable. After a crash it gives the file again, and those that were accepted are repeats.
type file struct {
	whole   *arrival
	forms   []several.Form
	left    int                // forms that are not durable yet
	verdict connectors.Receipt // of those that are
}

// part is one form of a file.
type part struct {
	of    *file
	form  *several.Form
	chain connectors.Digest // of all forms of the file up to this one: without a reference that says which form it is
}

// split takes a file apart where its mapping says so; nil: it is one form, or is parked as it is.
func split(a *arrival) *file {
	defer a.recovered()
	plan := a.route.Plan
	if !plan.Several() {
		return nil
	}
	forms, err := plan.Split(a.entry.Form, a.entry.ContentType)
	if err == nil && len(a.entry.Attachments) > 0 {
		err = &decode.Error{Code: decode.CodeForms, Message: "files came with it, and nobody can tell which of its forms they belong to"}
	}
	if err != nil {
		a.entry.Office, a.entry.Scope, a.entry.Route = a.route.Office, a.route.Scope(), a.route.Name
		a.entry.Plan, a.entry.Targets = plan.Digest(), plan.Targets()
		why := prepare.Undecodable(err)
		a.entry.Park = &why
		return nil
	}
	return &file{whole: a, forms: forms, left: len(forms), verdict: connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Repeat}}
}

// arrivals gives forms of the file in its order. The name of one is that of the file with its place there.
func (f *Intake) arrivals(of *file, each func(*arrival)) {
	h := sha256.New()
	for i := range of.forms {
		p := &part{of: of, form: &of.forms[i]}
		a := *of.whole
		a.part, a.item.Transport = p, journal.PartName(of.whole.item.Transport, p.form.At)
		e := &a.entry
		e.Form, e.More = p.form.Bytes(), i < len(of.forms)-1
		e.Transport, e.Reference, e.Digest = a.item.Transport, f.UnreadName(a.item.Transport), rawDigest(e.Form)
		fmt.Fprintf(h, "%d:", len(e.Form))
		h.Write(e.Form)
		h.Sum(p.chain[:0])
		each(&a)
	}
}

// batches hands arrivals on, some at once: those of one file in its order.
func (f *Intake) batches(ctx context.Context, items []*arrival, out chan<- []*arrival) {
	var batch []*arrival
	send := func() {
		loop.Parallel(len(batch), func(i int) {
			if batch[i].part != nil {
				read(batch[i])
			}
		})
		loop.Send(ctx, out, batch)
		batch = nil
	}
	add := func(a *arrival) {
		if batch = append(batch, a); len(batch) >= atOnce {
			send()
		}
	}
	for _, a := range items {
		if a.several != nil {
			f.arrivals(a.several, add)
			continue
		}
		add(a)
	}
	if len(batch) > 0 {
		send()
	}
}

// told says what an in-basket is told of an arrival that ended so; false: other forms of its file are still to come.
func (a *arrival) told(r connectors.Receipt) (connectors.Receipt, bool) {
	if a.part == nil {
		return r, true
	}
	of := a.part.of
	rank := map[connectors.Verdict]int{connectors.Repeat: 0, connectors.Conflict: 1, connectors.Taken: 2, connectors.Released: 3}
	if of.verdict.ID == "" || rank[r.Verdict] > rank[of.verdict.Verdict] {
		of.verdict = r
	}
	of.left--
	return of.verdict, of.left == 0
}
