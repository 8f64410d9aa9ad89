package journal

import (
	"bytes"
	"database/sql/driver"
)

// is tells whether a digest is that of the form that arrives, by its mapping or by an earlier version of it.
func (r *Arrival) is(digest []byte) bool {
	if bytes.Equal(digest, r.Digest[:]) {
		return true
	}
	for i := range r.Also {
		if bytes.Equal(digest, r.Also[i][:]) {
			return true
		}
	}
	return false
}

// recognises tells whether a known submission is the form that arrives: by its digest, or, where the mapping declares
// what makes forms the same, by comparing both. differs says in what else they differ, without content.
func (t *tx) recognises(r *Arrival, id ID, digest []byte) (same bool, differs string, err error) {
	if same = r.is(digest); r.Known == nil {
		return same, "", nil
	}
	const sql = "SELECT s.ctype, s.files, f.body, f.digest, coalesce(s.transport, s.reference) FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?"
	_, err = t.c.one(sql, []any{id}, func(row []driver.Value) error {
		form, ctype := bytesOf(row[2]), usualType
		if row[0] != nil {
			ctype = text(row[0])
		}
		files, err := decodeFiles(text(row[1]))
		if err != nil {
			return err
		}
		if d := bytesOf(row[3]); d != nil {
			if form, err = t.j.largeForm(d); err != nil {
				return nil // it is not there any more: the digests tell
			}
		}
		var alike bool
		alike, differs = r.Known(form, ctype, text(row[4]), files)
		same = same || alike
		return nil
	})
	return same, differs, err
}

// knownAlias answers an arrival without a reference of its own that is known by the one that an earlier version of its
// mapping gave it.
func (a *acceptance) knownAlias(t *tx, n int) (known bool, err error) {
	r := &a.arrivals[n]
	if len(r.Aliases) == 0 {
		return false, nil
	}
	scope, err := t.word(r.Scope)
	if err != nil {
		return false, err
	}
	for _, alias := range r.Aliases {
		id, digest, found, err := claimant(t, scope, alias)
		if err != nil {
			return false, err
		}
		if found {
			return true, a.answerKnown(t, n, id, digest, "reference")
		}
	}
	return false, nil
}
