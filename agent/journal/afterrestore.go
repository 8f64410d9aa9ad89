package journal

import "time"

// afterRestore is what acceptance must know after a restore; the writer's own.
type afterRestore struct {
	Active bool             // there are ghosts that may come again, or forms that were put back
	Unsure map[NameID]int64 // targets that cannot tell what they got before this time, in nanoseconds
}

// LoadAfterRestore reads what acceptance must know. It may say too much where its transaction fails, which does no harm.
func (l *Look) LoadAfterRestore() {
	m := afterRestore{Unsure: map[NameID]int64{}}
	m.Active = l.Is("SELECT EXISTS(SELECT 1 FROM ghost WHERE adopted=0 AND digest IS NOT NULL) OR EXISTS(SELECT 1 FROM recall)")
	Each(l, "SELECT target, restored FROM doubt", nil, func(d struct {
		Target   string
		Restored int64
	}) {
		if w, ok := l.Journal.names.find(d.Target); ok {
			m.Unsure[w] = d.Restored
		}
	})
	if l.Err == nil {
		l.Journal.afterRestore = m
	}
}

// RestoredReason says why something is parked that may have been delivered in the time that a restored journal has lost.
func RestoredReason() *Reason {
	return &Reason{Code: CodeRestore, Text: "it may have been delivered after the backup was made that the journal was restored from, and the target cannot tell",
		Next: "look in the target: if it has the data, inbasket confirm; if not, inbasket retry --target delivers it"}
}

// forgetRecalls drops names of forms that were to come again and never did: a form that bears such a name long after
// is another one.
const forgetRecalls = "DELETE FROM recall WHERE NOT EXISTS(SELECT 1 FROM reread) AND EXISTS(SELECT 1 FROM hold WHERE released>0 AND released<?)"

// recallDays is how long a form may take to come again.
const recallDays = 7 * 24 * time.Hour

// HeldNow tells whether a restore is in force.
const HeldNow = "SELECT count(*) FROM hold WHERE released=0"

// AfterRestore returns what acceptance must know after a restore.
func (l *Look) AfterRestore() afterRestore { return l.Journal.afterRestore }

// Held tells whether a restore is in force. It asks no disk.
func (j *Journal) Held() bool { return j.held.Load() }

// Released ends what Held tells, once it is on disk.
func (j *Journal) Released() { j.held.Store(false) }
