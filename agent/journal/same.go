package journal

import (
	"slices"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// is tells whether a digest is that of the form that arrives, by its mapping or by an earlier version of it.
func (r *Arrival) is(digest connectors.Digest) bool {
	return digest == r.Digest || slices.Contains(r.Also, digest)
}

// recognises tells whether a known submission is the form that arrives: by its digest, or, where the mapping declares
// what makes forms the same, by comparing both. differs says in what else they differ, without content.
func (t *tx) recognises(r *Arrival, k knownForm) (same bool, differs string, err error) {
	if same = r.is(k.Digest); r.Known == nil {
		return same, "", nil
	}
	row, found, err := t.j.formOf(t.c, k.ID)
	if err != nil || !found {
		return same, "", err
	}
	files, err := decodeFiles(row.Files)
	if err != nil {
		return same, "", err
	}
	form, err := t.j.form(row.stored())
	if err != nil {
		return same, "", nil // it is not there any more: the digests tell
	}
	alike, differs := r.Known(form, typeOf(row.Type), row.Transport, files)
	return same || alike, differs, nil
}

// otherRoute names the route that took a known submission, if that is another one than now and still there: then it is not
// the same form, whatever its bytes.
func (t *tx) otherRoute(r *Arrival, id ID) (string, error) {
	if len(r.Elsewhere) == 0 {
		return "", nil
	}
	route, _, err := engine.One[nameID](t.c, "SELECT route FROM submission WHERE id=?", id)
	if name := t.j.name(t.c, route); err == nil && slices.Contains(r.Elsewhere, name) {
		return name, nil
	}
	return "", err
}

// knownAlias answers an arrival without a reference of its own that is known by the one that an earlier version of its
// mapping gave it.
func (a *acceptance) knownAlias(t *tx, n int) (known bool, err error) {
	r := &a.arrivals[n]
	if len(r.Aliases) == 0 {
		return false, nil
	}
	scope, err := t.name(r.Scope)
	if err != nil {
		return false, err
	}
	for _, alias := range r.Aliases {
		k, found, err := claimant(t, scope, alias)
		if err != nil {
			return false, err
		}
		same := false
		if found {
			same, _, err = t.recognises(r, k)
		}
		if err != nil {
			return false, err
		}
		if same { // else two forms had one name by different rules
			return true, a.answerKnown(t, n, k, "reference")
		}
	}
	return false, nil
}
