package journal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// Purged is the state of a submission of which only a tombstone is left.
const Purged State = "purged"

// Tombstone is what stays of a purged submission, so that it stays known: no content, no reference, no name of a
// file. Reference and digest are keyed hashes, by which only the same form is recognised.
type Tombstone struct {
	ID      ID        `json:"id"`
	Was     State     `json:"was"` // closed, rejected, or decided and never fetched
	Route   string    `json:"route,omitempty" col:"word"`
	Office  string    `json:"office,omitempty" col:"word"`
	Targets []string  `json:"targets,omitempty" col:"words"` // that have it
	At      time.Time `json:"at"`                            // accepted
	Ended   time.Time `json:"ended"`                         // last change of the submission
	Purged  time.Time `json:"purged"`
	Run     int64     `json:"run"`              // number of the purge; several are purged together
	By      string    `json:"by,omitempty"`     // operator; empty: retention
	Reason  string    `json:"reason,omitempty"` // the operator's
}

// PurgedError says that a submission is gone, and what is known of it. It is an ErrNotFound.
type PurgedError struct{ Tombstone }

// Error names submission and day.
func (e *PurgedError) Error() string {
	return fmt.Sprintf("submission %s ended as %s and was purged on %s", e.ID, e.Was, e.Purged.Format(time.DateOnly))
}

// Unwrap makes it an ErrNotFound.
func (e *PurgedError) Unwrap() error { return ErrNotFound }

// purgedKnown is what the writer knows of tombstones without asking the disk.
type purgedKnown struct {
	key []byte // of the hashes; nil: none was made yet
	any bool   // there may be tombstones
}

// tombstoneKey is the mark under which the key lies, in hex.
const tombstoneKey = "tombstone-key"

func (l *look) loadTombstones() {
	if key := l.keyOf(); key != nil {
		l.j.purged = purgedKnown{key, l.is("SELECT EXISTS(SELECT 1 FROM tombstone)")}
	}
}

// keyOf returns the key of the hashes; nil where nothing was ever purged.
func (l *look) keyOf() []byte {
	s := value[string](l, markValue, tombstoneKey)
	if s == "" {
		return nil
	}
	key, err := hex.DecodeString(s)
	l.fail(err)
	return key
}

// tombstoneKey returns the key and makes it before the first purge.
func (t *tx) tombstoneKey() []byte {
	key := t.keyOf()
	if key == nil && t.err == nil {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails: the runtime ends the process instead
		t.exec(setMark, tombstoneKey, hex.EncodeToString(key))
	}
	return key
}

// keyed is the hash of some texts of one kind. 128 bits tell forms apart for good.
func keyed(key []byte, kind string, parts ...string) []byte {
	return hashOf(hmac.New(sha256.New, key), kind, parts...)
}

// hashOf is keyed with a hash that has its key already.
func hashOf(h hash.Hash, kind string, parts ...string) []byte {
	h.Reset()
	text := append(make([]byte, 0, 128), kind...)
	for _, p := range parts {
		text = append(binary.AppendUvarint(append(text, 0), uint64(len(p))), p...)
	}
	h.Write(text)
	return h.Sum(text[:0])[:16]
}

func refHash(key []byte, scope, reference string) []byte {
	return keyed(key, "reference", scope, reference)
}
func digestHash(key, digest []byte) []byte            { return keyed(key, "digest", string(digest)) }
func matchHash(key []byte, plan, match string) []byte { return keyed(key, "match", plan, match) }

func (l *look) tombstones(where string, args ...any) []Tombstone {
	return all[Tombstone](l, "SELECT id, state, route, office, reached, at, ended, purged, run, by, why FROM tombstone "+where, args...)
}

// tombstone returns what is left of a submission.
func (l *look) tombstone(id ID) (t Tombstone, found bool) {
	if !l.has(purgeVersion) {
		return t, false
	}
	list := l.tombstones("WHERE id=?", id)
	if len(list) == 0 {
		return t, false
	}
	return list[0], true
}

// missing fails because a submission is not there.
func (l *look) missing(id ID) {
	if t, found := l.tombstone(id); found {
		l.fail(&PurgedError{t})
	}
	l.fail(fmt.Errorf("submission %s: %w", id, ErrNotFound))
}

// Tombstone returns what is left of a purged submission; ErrNotFound if it was not purged.
func (j *Journal) Tombstone(ctx context.Context, id ID) (Tombstone, error) {
	return find(ctx, j, func(l *look) Tombstone {
		t, found := l.tombstone(id)
		if !found {
			l.fail(fmt.Errorf("tombstone of %s: %w", id, ErrNotFound))
		}
		return t
	})
}

// view is what show can say of a purged submission.
func (t Tombstone) view() View {
	v := View{Entry: t.entry(), Timeline: []Moment{{At: t.At, What: "accepted", Text: t.Route}, {At: t.Ended, What: string(t.Was)},
		{At: t.Purged, What: string(Purged), Text: t.Reason, By: t.By}}}
	for _, name := range t.Targets {
		v.Deliveries = append(v.Deliveries, DeliveryView{Target: name, Progress: Done, At: t.Ended})
	}
	return v
}

func (t Tombstone) entry() Entry {
	return Entry{ID: t.ID, State: Purged, Route: t.Route, Office: t.Office, At: t.At, Changed: t.Purged, Code: string(t.Was)}
}

// listPurged is List for purged submissions; a reference finds the one whose hash it has, in any scope.
func (l *look) listPurged(f Filter) (list []Entry) {
	if !l.has(purgeVersion) {
		return nil
	}
	var c conditions
	c.add("id>?", f.After)
	c.name("route=?", f.Route)
	c.name("office=?", f.Office)
	c.between("at", f)
	if f.Reference != "" {
		hashes := l.hashesOf(f.Reference)
		if len(hashes) == 0 {
			return nil
		}
		c.add("ref IN "+engine.Placeholders(1, len(hashes)), hashes...)
	}
	where, args := c.where("id", f.Limit)
	for _, t := range l.tombstones(where, args...) {
		list = append(list, t.entry())
	}
	return list
}

// hashesOf returns the hashes that a reference has in every scope that the journal knows.
func (l *look) hashesOf(reference string) (hashes []any) {
	key := l.keyOf()
	if key == nil {
		return nil
	}
	const scopes = "SELECT text FROM word WHERE id IN (SELECT DISTINCT scope FROM submission UNION SELECT office FROM tombstone UNION SELECT route FROM tombstone)"
	each(l, scopes, nil, func(scope string) { hashes = append(hashes, refHash(key, scope, reference)) })
	return hashes
}

// purgedHolder finds the purged submission that holds a reference of a front office; 0: there is none.
func (l *look) purgedHolder(office, reference string) ID {
	if !l.has(purgeVersion) {
		return 0
	}
	key := l.keyOf()
	if key == nil {
		return 0
	}
	return value[ID](l, "SELECT id FROM tombstone WHERE ref=? AND claim=1", refHash(key, office, reference))
}

// purgedForm is a tombstone as acceptance needs it.
type purgedForm struct {
	id    ID
	state State
	claim int64
	same  bool // the very content came again
}

// tombstonesOf finds the tombstones that carry the references of arrivals, those that hold a reference first. Where
// nothing was purged it costs nothing.
func (l *look) tombstonesOf(arrivals []Arrival) map[int][]purgedForm {
	if !l.j.purged.any {
		return nil
	}
	h := hmac.New(sha256.New, l.j.purged.key)
	refs := make([][]byte, len(arrivals))
	at := make(map[string][]int, len(arrivals))
	for n := range arrivals {
		refs[n] = hashOf(h, "reference", arrivals[n].Scope, arrivals[n].Reference)
		at[string(refs[n])] = append(at[string(refs[n])], n)
	}
	found := map[int][]purgedForm{}
	eachOf(l, "SELECT ref, id, state, claim, digest, route FROM tombstone WHERE ref IN ", nil, refs, func(r struct {
		Ref    []byte
		ID     ID
		State  State
		Claim  int64
		Digest []byte
		Route  string `col:"word"`
	}) {
		for _, n := range at[string(r.Ref)] {
			same := tombstoneIs(h, r.Digest, &arrivals[n]) && !slices.Contains(arrivals[n].Elsewhere, r.Route)
			found[n] = append(found[n], purgedForm{id: r.ID, state: r.State, claim: r.Claim, same: same})
		}
	})
	for _, list := range found {
		slices.SortFunc(list, func(a, b purgedForm) int { return cmp.Or(cmp.Compare(b.claim, a.claim), cmp.Compare(a.id, b.id)) })
	}
	return found
}

// tombstoneIs tells whether a tombstone is that of the very form that arrives.
func tombstoneIs(h hash.Hash, hashed []byte, r *Arrival) bool {
	for _, digest := range append([]connectors.Digest{r.Digest}, r.Also...) {
		if bytes.Equal(hashed, hashOf(h, "digest", string(digest[:]))) {
			return true
		}
	}
	return false
}

// tooLate says of a result that fits nothing whether what it speaks of was purged.
func (l *look) tooLate(o *Outcome) *Reason {
	if !l.j.purged.any {
		return nil
	}
	id := value[ID](l, "SELECT sub FROM tombmatch WHERE key=? LIMIT 1", matchHash(l.j.purged.key, o.Plan, o.MatchKey))
	if id == 0 {
		return nil
	}
	return &Reason{Code: CodePurged, Text: "the result came after submission " + id.String() + " was purged",
		Next: "tell the front office in another way if it must know; then inbasket results drop"}
}
