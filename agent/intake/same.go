package intake

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// recognise gives an arrival the digest that its mapping declares, and those by which earlier versions of the mapping
// would know the same form.
func (a *arrival) recognise() {
	r, e := a.route, &a.entry
	raw := e.Digest
	e.Raw, e.Before = raw, r.Before
	by := func(p *mapping.Plan) connectors.Digest {
		if p == nil {
			return raw
		}
		if d, ok := p.SameDigest(a.form); ok {
			return digestOf(d, e.Attachments, a.item.Transport)
		}
		return raw
	}
	e.Digest = by(r.Plan)
	for _, old := range r.Older {
		if d := by(old); d != e.Digest {
			e.Also = append(e.Also, d)
		}
	}
	e.Known = a.known
}

// renamed adds the references by which earlier versions of the mapping would know the same form, and the mappings between which the form chose.
func (a *arrival) renamed() {
	a.entry.Unnamed = a.entry.Named && a.route.Unnamed()
	for _, old := range a.route.Named {
		a.alias(old)
	}
	for _, r := range a.others {
		for _, plan := range append([]*mapping.Plan{r.Plan}, r.Named...) {
			a.alias(plan)
		}
	}
}

// alias adds the reference by which another mapping would know the form.
func (a *arrival) alias(plan *mapping.Plan) {
	form := a.form
	if !plan.SameInput(a.route.Plan) {
		var err error
		if form, err = plan.Decode(a.entry.Form, a.entry.ContentType); err != nil {
			return
		}
	}
	ref, err := plan.Reference(form)
	if ref == "" {
		ref = a.item.Transport
	}
	if err == nil && ref != "" && ref != a.entry.Reference {
		a.entry.Aliases = append(a.entry.Aliases, ref)
	}
}

// known compares a form that is known with this one, by the mapping of today.
func (a *arrival) known(stored []byte, contentType, transport string, files []journal.File) (l journal.Likeness) {
	defer func() {
		if recover() != nil { // the journal goes on, and equal bytes were told before
			l = journal.Likeness{}
		}
	}()
	plan, e := a.route.Plan, &a.entry
	names := transport
	if a.item.Transport == "" { // names of attachments are the sender's, not made of a form's file name
		names = ""
	}
	if l.Exact = digestOf(rawDigest(stored), files, names) == e.Raw; l.Exact {
		return l
	}
	form, err := plan.Decode(stored, contentType)
	if err != nil {
		return l
	}
	derived := a.item.Transport == "" && e.IdempotencyKey == "" // named by what is compared
	l.Named = e.Named || derived || transport == e.Transport
	if d, ok := plan.SameDigest(form); ok {
		l.Same = digestOf(d, files, names) == e.Digest
	}
	if other := mapping.Differences(form, a.form); len(other) > 0 {
		l.Differs = "; it differs at " + strings.Join(other, ", ") + ", which input.same leaves out"
	}
	return l
}

// derive gives a posted form that has neither reference nor idempotency key its digest for a name.
func (a *arrival) derive() {
	e := &a.entry
	if e.IdempotencyKey != "" {
		return
	}
	name := func(d connectors.Digest) string { return fmt.Sprintf("sha256:%x", d) }
	own := e.Reference != e.Transport
	e.Transport = name(e.Digest)
	also := e.Also
	switch {
	case !own:
		e.Reference = e.Transport
	case len(a.route.Named) == 0: // its mapping always took a reference out of a form
		return
	default:
		also = append([]connectors.Digest{e.Digest}, also...)
	}
	for _, d := range also {
		e.Aliases = append(e.Aliases, name(d))
	}
}

// rawDigest is the digest of a form's bytes.
func rawDigest(form []byte) connectors.Digest { return sha256.Sum256(form) }
