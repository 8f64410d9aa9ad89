package reading

import (
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// listPurged is List for purged submissions; a reference finds the one whose hash it has, in any scope.
func listPurged(l *journal.Look, f journal.Filter) (list []journal.Entry) {
	if !l.Has(journal.PurgeVersion) {
		return nil
	}
	var c conditions
	c.add("id>?", f.After)
	c.name("route=?", f.Route)
	c.name("office=?", f.Office)
	c.between("at", f)
	if f.Reference != "" {
		hashes := hashesOf(l, f.Reference)
		if len(hashes) == 0 {
			return nil
		}
		c.add("ref IN "+engine.Placeholders(1, len(hashes)), hashes...)
	}
	where, args := c.where("id", f.Limit)
	for _, t := range l.Tombstones(where, args...) {
		list = append(list, t.Entry())
	}
	return list
}

// hashesOf returns the hashes that a reference has in every scope that the journal knows.
func hashesOf(l *journal.Look, reference string) (hashes []any) {
	key := l.KeyOf()
	if key == nil {
		return nil
	}
	const scopes = "SELECT text FROM word WHERE id IN (SELECT DISTINCT scope FROM submission UNION SELECT office FROM tombstone UNION SELECT route FROM tombstone)"
	journal.Each(l, scopes, nil, func(scope string) { hashes = append(hashes, journal.RefHash(key, scope, reference)) })
	return hashes
}
