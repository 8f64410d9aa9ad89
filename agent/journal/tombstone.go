package journal

import (
	"bytes"
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
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Purged is the state of a submission of which only a tombstone is left.
const Purged State = "purged"

// Tombstone is what stays of a purged submission, so that it stays known: no content, no reference, no name of a
// file. Reference and digest are keyed hashes, by which only the same form is recognised.
type Tombstone struct {
	ID      ID        `json:"id"`
	Was     State     `json:"was"` // closed, rejected, or decided and never fetched
	Route   string    `json:"route,omitempty"`
	Office  string    `json:"office,omitempty"`
	Targets []string  `json:"targets,omitempty"` // that have it
	At      time.Time `json:"at"`                // accepted
	Ended   time.Time `json:"ended"`             // last change of the submission
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

func (j *Journal) loadTombstones(c *engine.Conn) (err error) {
	if j.purged.key, err = keyOf(c); err != nil || j.purged.key == nil {
		return err
	}
	j.purged.any, err = engine.Value[bool](c, "SELECT EXISTS(SELECT 1 FROM tombstone)")
	return err
}

// keyOf returns the key of the hashes; nil where nothing was ever purged.
func keyOf(c *engine.Conn) ([]byte, error) {
	s, err := storedValue(c, tombstoneKey)
	if err != nil || s == "" {
		return nil, err
	}
	return hex.DecodeString(s)
}

// tombstoneKey returns the key and makes it before the first purge.
func (t *tx) tombstoneKey() ([]byte, error) {
	key, err := keyOf(t.c)
	if err != nil || key != nil {
		return key, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, t.setValue(tombstoneKey, hex.EncodeToString(key))
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

const tombColumns = "SELECT id, state, route, office, reached, at, ended, purged, run, by, why FROM tombstone "

func (j *Journal) tombstones(c *engine.Conn, where string, args ...any) (list []Tombstone, err error) {
	err = engine.Each(c, tombColumns+where, args, func(r struct {
		ID                     ID
		Was                    states.State
		Route, Office, Targets nameID
		At, Ended, Purged      time.Time
		Run                    int64
		By, Reason             string
	}) error {
		list = append(list, Tombstone{ID: r.ID, Was: State(r.Was.String()), Route: j.name(c, r.Route), Office: j.name(c, r.Office),
			Targets: splitList(j.name(c, r.Targets)), At: r.At, Ended: r.Ended, Purged: r.Purged, Run: r.Run, By: r.By, Reason: r.Reason})
		return nil
	})
	return list, err
}

// tombstone returns what is left of a submission.
func (j *Journal) tombstone(c *engine.Conn, id ID) (t Tombstone, found bool, err error) {
	if !j.has(purgeVersion) {
		return t, false, nil
	}
	list, err := j.tombstones(c, "WHERE id=?", id)
	if err != nil || len(list) == 0 {
		return t, false, err
	}
	return list[0], true, nil
}

// missing is the error about a submission that is not there.
func (j *Journal) missing(c *engine.Conn, id ID) error {
	t, found, err := j.tombstone(c, id)
	if err != nil {
		return err
	}
	if found {
		return &PurgedError{t}
	}
	return fmt.Errorf("submission %s: %w", id, ErrNotFound)
}

// Tombstone returns what is left of a purged submission; ErrNotFound if it was not purged.
func (j *Journal) Tombstone(ctx context.Context, id ID) (t Tombstone, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		var found bool
		if t, found, err = j.tombstone(c, id); err == nil && !found {
			err = fmt.Errorf("tombstone of %s: %w", id, ErrNotFound)
		}
		return err
	})
	return t, err
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
func (j *Journal) listPurged(c *engine.Conn, f Filter) (list []Entry, err error) {
	if !j.has(purgeVersion) {
		return nil, nil
	}
	where, args := "WHERE id>?", []any{f.After}
	for _, named := range []struct{ column, name string }{{"route", f.Route}, {"office", f.Office}} {
		if named.name == "" {
			continue
		}
		w, ok := j.nameID(c, named.name)
		if !ok {
			return nil, nil
		}
		where, args = where+" AND "+named.column+"=?", append(args, w)
	}
	if !f.Since.IsZero() {
		where, args = where+" AND at>=?", append(args, f.Since)
	}
	if !f.Until.IsZero() {
		where, args = where+" AND at<?", append(args, f.Until)
	}
	if f.Reference != "" {
		hashes, err := j.hashesOf(c, f.Reference)
		if err != nil || len(hashes) == 0 {
			return nil, err
		}
		where, args = where+" AND ref IN "+engine.Placeholders(1, len(hashes)), append(args, hashes...)
	}
	purged, err := j.tombstones(c, where+" ORDER BY id LIMIT ?", append(args, bounded(f.Limit))...)
	for _, t := range purged {
		list = append(list, t.entry())
	}
	return list, err
}

// hashesOf returns the hashes that a reference has in every scope that the journal knows.
func (j *Journal) hashesOf(c *engine.Conn, reference string) (hashes []any, err error) {
	key, err := keyOf(c)
	if err != nil || key == nil {
		return nil, err
	}
	const scopes = "SELECT text FROM word WHERE id IN (SELECT DISTINCT scope FROM submission UNION SELECT office FROM tombstone UNION SELECT route FROM tombstone)"
	err = engine.Each(c, scopes, nil, func(scope string) error {
		hashes = append(hashes, refHash(key, scope, reference))
		return nil
	})
	return hashes, err
}

// purgedHolder finds the purged submission that holds a reference of a front office.
func (j *Journal) purgedHolder(c *engine.Conn, office, reference string) (id ID, found bool, err error) {
	if !j.has(purgeVersion) {
		return 0, false, nil
	}
	key, err := keyOf(c)
	if err != nil || key == nil {
		return 0, false, err
	}
	n, err := c.Number("SELECT id FROM tombstone WHERE ref=? AND claim=1", refHash(key, office, reference))
	return ID(n), n != 0, err
}

// purgedForm is a tombstone as acceptance needs it.
type purgedForm struct {
	id    ID
	state states.State
	claim int64
	same  bool // the very content came again
}

// tombstonesOf finds the tombstones that carry the references of arrivals, those that hold a reference first. Where
// nothing was purged it costs nothing.
func (t *tx) tombstonesOf(arrivals []Arrival) (found map[int][]purgedForm, err error) {
	if !t.j.purged.any {
		return nil, nil
	}
	h := hmac.New(sha256.New, t.j.purged.key)
	refs := make([]any, len(arrivals))
	at := make(map[string][]int, len(arrivals))
	for n := range arrivals {
		ref := hashOf(h, "reference", arrivals[n].Scope, arrivals[n].Reference)
		refs[n] = ref
		at[string(ref)] = append(at[string(ref)], n)
	}
	for _, size := range [...]int{64, 16, 4, 1} {
		sql := "SELECT ref, id, state, claim, digest, route FROM tombstone WHERE ref IN " + engine.Placeholders(1, size) + " ORDER BY claim DESC, id"
		for ; len(refs) >= size; refs = refs[size:] {
			err := engine.Each(t.c, sql, refs[:size], func(r struct {
				Ref    []byte
				ID     ID
				State  states.State
				Claim  int64
				Digest []byte
				Route  nameID
			}) error {
				if found == nil {
					found = map[int][]purgedForm{}
				}
				for _, n := range at[string(r.Ref)] {
					found[n] = append(found[n], purgedForm{id: r.ID, state: r.State, claim: r.Claim, same: tombstoneIs(h, r.Digest, &arrivals[n]) && !slices.Contains(arrivals[n].Elsewhere, t.j.name(t.c, r.Route))})
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return found, nil
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
func (t *tx) tooLate(o *Outcome) (*Reason, error) {
	if !t.j.purged.any {
		return nil, nil
	}
	id, err := t.c.Number("SELECT sub FROM tombmatch WHERE key=? LIMIT 1", matchHash(t.j.purged.key, o.Plan, o.MatchKey))
	if err != nil || id == 0 {
		return nil, err
	}
	return &Reason{Code: CodePurged, Text: "the result came after submission " + ID(id).String() + " was purged",
		Next: "tell the front office in another way if it must know; then inbasket results drop"}, nil
}
