package journal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"
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

func (l *Look) loadTombstones() {
	if key := l.KeyOf(); key != nil {
		l.Journal.purged = purgedKnown{key, l.Is("SELECT EXISTS(SELECT 1 FROM tombstone)")}
	}
}

// KeyOf returns the key of the hashes; nil where nothing was ever purged.
func (l *Look) KeyOf() []byte {
	s := Value[string](l, markValue, tombstoneKey)
	if s == "" {
		return nil
	}
	key, err := hex.DecodeString(s)
	l.Fail(err)
	return key
}

// TombstoneKey returns the key and makes it before the first purge.
func (t *Tx) TombstoneKey() []byte {
	key := t.KeyOf()
	if key == nil && t.Err == nil {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails: the runtime ends the process instead
		t.Exec(setMark, tombstoneKey, hex.EncodeToString(key))
	}
	return key
}

// keyed is the hash of some texts of one kind. 128 bits tell forms apart for good.
func keyed(key []byte, kind string, parts ...string) []byte {
	return HashOf(hmac.New(sha256.New, key), kind, parts...)
}

// HashOf is keyed with a hash that has its key already.
func HashOf(h hash.Hash, kind string, parts ...string) []byte {
	h.Reset()
	text := append(make([]byte, 0, 128), kind...)
	for _, p := range parts {
		text = append(binary.AppendUvarint(append(text, 0), uint64(len(p))), p...)
	}
	h.Write(text)
	return h.Sum(text[:0])[:16]
}

// RefHash is by which a reference is known once its submission is purged.
func RefHash(key []byte, scope, reference string) []byte {
	return keyed(key, "reference", scope, reference)
}

// DigestHash is by which a form is.
func DigestHash(key, digest []byte) []byte { return keyed(key, "digest", string(digest)) }

// MatchHash is by which the match key of a result is.
func MatchHash(key []byte, plan, match string) []byte { return keyed(key, "match", plan, match) }

// Tombstones returns what is left of submissions.
func (l *Look) Tombstones(where string, args ...any) []Tombstone {
	return All[Tombstone](l, "SELECT id, state, route, office, reached, at, ended, purged, run, by, why FROM tombstone "+where, args...)
}

// Tombstone returns what is left of a submission.
func (l *Look) Tombstone(id ID) (t Tombstone, found bool) {
	if !l.Has(PurgeVersion) {
		return t, false
	}
	list := l.Tombstones("WHERE id=?", id)
	if len(list) == 0 {
		return t, false
	}
	return list[0], true
}

// Missing fails because a submission is not there.
func (l *Look) Missing(id ID) {
	if t, found := l.Tombstone(id); found {
		l.Fail(&PurgedError{t})
	}
	l.Fail(fmt.Errorf("submission %s: %w", id, ErrNotFound))
}

// View is what show can say of a purged submission.
func (t Tombstone) View() View {
	v := View{Entry: t.Entry(), Timeline: []Moment{{At: t.At, What: "accepted", Text: t.Route}, {At: t.Ended, What: string(t.Was)},
		{At: t.Purged, What: string(Purged), Text: t.Reason, By: t.By}}}
	for _, name := range t.Targets {
		v.Deliveries = append(v.Deliveries, DeliveryView{Target: name, Progress: Done, At: t.Ended})
	}
	return v
}

// Entry is what a list can say of a purged submission.
func (t Tombstone) Entry() Entry {
	return Entry{ID: t.ID, State: Purged, Route: t.Route, Office: t.Office, At: t.At, Changed: t.Purged, Code: string(t.Was)}
}

// PurgedKey returns the key of the hashes where there may be tombstones; else nil. It asks no disk.
func (l *Look) PurgedKey() []byte {
	if !l.Journal.purged.any {
		return nil
	}
	return l.Journal.purged.key
}

// Purges says that there are tombstones, which is also right if the commit fails: it makes the writer look.
func (t *Tx) Purges(key []byte) { t.Journal.purged = purgedKnown{key: key, any: true} }
