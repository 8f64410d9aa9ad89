package journal

import (
	"context"
	"math"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Epoch is the number that a restore raises.
const Epoch = "SELECT value FROM meta WHERE key='epoch'"

// LastEvent is the last event's number.
const LastEvent = "SELECT coalesce((SELECT n FROM tally WHERE kind=4), 0)"

// LastID is the highest ID that was used.
const LastID = "SELECT max(n) FROM (SELECT value AS n FROM meta WHERE key='last-id' UNION ALL SELECT max(id) FROM submission) used"

// LastBackup is when the last verified backup was made.
const LastBackup = "SELECT value FROM meta WHERE key='backup'"

// maxList bounds every list that a caller may ask for.
const maxList = 10_000

// Bounded is how many rows a list may have of which so many are asked for.
func Bounded(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, maxList)
}

// The first versions of the tables that know of restores, of purges, of what results said, of compressed forms, of values that deliveries
// lack, of numbers, and of keys. A reader may meet older ones.
const (
	HoldVersion   = 2
	PurgeVersion  = 3
	ResultVersion = 4
	formVersion   = 5
	WaitVersion   = 7
	NumberVersion = 9
	KeyVersion    = 10
)

const (
	lastSeq = `SELECT max(n) FROM (SELECT 0 AS n UNION ALL SELECT max(seq) FROM batch WHERE target=?
		UNION ALL SELECT value FROM meta WHERE key='seq:'||?) used`
	// RaiseMeta keeps a number that only grows.
	RaiseMeta = `INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value WHERE meta.value<excluded.value`
	// SeqOfKey is before a target's name: the number of its batches that evidence showed to be used.
	SeqOfKey = "seq:"
	// LastResult is the highest number of a result that a returned value was compared with: it is not given again after a purge.
	LastResult = "last-result"
)

// LastSeq returns the last number that a target's batches have used.
func (l *Look) LastSeq(target string) int64 { return l.Number(lastSeq, engine.Word(target), target) }

// EntryColumns are those of an Entry.
const EntryColumns = "SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code FROM submission s "

// FormerValue stands in the place of a result's number in a match by a value that its target has replaced.
const FormerValue = math.MaxInt64

const (
	markValue = "SELECT value FROM mark WHERE name=?"
	setMark   = "INSERT INTO mark(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"
)

// SetValue remembers a short text of the agent's own under a name, in place of an older one.
func (j *Journal) SetValue(ctx context.Context, name, value string) error {
	return j.Put(ctx, "remember "+name, setMark, name, value)
}

// Value returns what SetValue remembered; empty: nothing.
func (j *Journal) Value(ctx context.Context, name string) (string, error) {
	return Find(ctx, j, func(l *Look) string {
		if !l.Has(PurgeVersion) {
			return ""
		}
		return Value[string](l, markValue, name)
	})
}
