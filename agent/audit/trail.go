package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Values is what a journal remembers under a name.
type Values interface {
	Value(ctx context.Context, name string) (string, error)
	SetValue(ctx context.Context, name, value string) error
}

// Trail is the audit log as the agent keeps it. An order of a person is refused where it cannot be put on
// record; what the agent and its service manager do goes on, and is put on record as soon as the disk lets it.
type Trail struct {
	dir     string
	clock   connectors.Clock
	journal Values
	log     zerolog.Logger
	notice  func(connectors.Notice)

	mu   sync.Mutex
	file *Log     // nil: it could not be opened yet
	owed []Record // of the agent itself
	lost int64    // records that did not fit there; an entry will say so
}

// maxOwed bounds what waits for the disk.
const maxOwed = 200

// auditMark is under what name the journal remembers the end of the log.
const auditMark = "audit-head"

// NewTrail makes the trail of a state folder.
func NewTrail(state string, clock connectors.Clock, j Values, log zerolog.Logger, notice func(connectors.Notice)) *Trail {
	return &Trail{dir: filepath.Join(state, Folder), clock: clock, journal: j, log: log, notice: notice}
}

// Dir is the folder of the log.
func (t *Trail) Dir() string { return t.dir }

// Open opens the log. A disk that is full now does not keep the agent from starting, another program that has
// the log does.
func (t *Trail) Open(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.reach(ctx)
	if errors.Is(err, ErrLocked) {
		return err
	}
	if err != nil {
		t.notice(connectors.Notice{Code: CodeUnwritten, Text: "the audit log cannot be written, and orders are refused until it can: " + cause(err)})
		return nil
	}
	if f := t.file.Found(); f.Damaged {
		t.notice(connectors.Notice{Code: CodeDamaged, Text: "the end of the audit log is not what was written; look by: inbasket audit verify"})
	}
	head := t.file.Head()
	t.log.Info().Int64("entry", head.N).Str("digest", head.Hash).Msg("the audit log ends here")
	return nil
}

// cause returns what lies at the ground of an error, which names no path.
func cause(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// reach opens the log if it is not open, and writes what is owed. The caller holds mu.
func (t *Trail) reach(ctx context.Context) error {
	if t.file == nil {
		file, err := Open(t.dir, t.clock)
		if err != nil {
			return err
		}
		if err := t.compare(ctx, file); err != nil {
			return errors.Join(err, file.Close())
		}
		t.file = file
	}
	for len(t.owed) > 0 {
		if _, err := t.file.Add(t.owed[0]); err != nil {
			return err
		}
		t.owed = t.owed[1:]
	}
	if t.lost == 0 {
		return nil
	}
	_, err := t.file.Add(Record{Who: "agent", Via: ViaSystem, Action: "records-lost", Details: map[string]string{"count": strconv.FormatInt(t.lost, 10), "why": "the disk was full for too long"}})
	if err == nil {
		t.lost = 0
	}
	return err
}

// compare holds a log that was just opened against what the journal remembers of it. Before the journal is told of
// newer entries, the log itself says that older ones are gone or others.
func (t *Trail) compare(ctx context.Context, file *Log) error {
	ctx = context.WithoutCancel(ctx)
	known, err := HeadOf(ctx, t.journal)
	if err != nil || known.N == 0 || file.Found().Damaged { // damage is said already
		return err
	}
	held, err := Holds(ctx, t.dir, known)
	if err != nil || held {
		return err
	}
	t.notice(connectors.Notice{Code: CodeBroken, Text: fmt.Sprintf("the journal remembers entry %d of the audit log, and the log does not hold it; look by: inbasket audit verify", known.N)})
	if err := file.StartAnew(known); err != nil {
		return err
	}
	t.learn(ctx, file.Head())
	return nil
}

// Add puts something on record; without an error it is on disk.
func (t *Trail) Add(ctx context.Context, r Record) (Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.reach(ctx); err != nil {
		return Entry{}, err
	}
	e, err := t.file.Add(r)
	if err == nil {
		t.remember(ctx)
	}
	return e, err
}

// Tell puts on record what the agent does anyway: at once, or when the disk lets it.
func (t *Trail) Tell(ctx context.Context, r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.reach(ctx)
	if err == nil {
		_, err = t.file.Add(r)
	}
	if err != nil {
		if len(t.owed) < maxOwed {
			t.owed = append(t.owed, r)
		} else {
			t.lost++
		}
		t.log.Error().Str("code", CodeUnwritten).Str("action", r.Action).Err(err).Msg("the audit log cannot be written; it is tried again")
		return
	}
	t.remember(ctx)
}

// remember has the journal know the end of the log, so that a log that was cut off shows. What the journal
// cannot take now it learns with the next entry.
func (t *Trail) remember(ctx context.Context) {
	t.learn(ctx, t.file.Head())
}

func (t *Trail) learn(ctx context.Context, head Head) {
	err := t.journal.SetValue(context.WithoutCancel(ctx), auditMark, strconv.FormatInt(head.N, 10)+" "+head.Hash)
	if err != nil {
		t.log.Warn().Str("code", journal.CodeUnavailable).Err(err).Msg("the journal could not note the end of the audit log")
	}
}

// HeadOf returns the end of the audit log as a journal remembers it; N is 0 where it remembers none.
func HeadOf(ctx context.Context, j Values) (h Head, err error) {
	text, err := j.Value(ctx, auditMark)
	if err != nil {
		return h, err
	}
	n, hash, _ := strings.Cut(text, " ")
	if h.N, err = strconv.ParseInt(n, 10, 64); err != nil {
		return Head{}, nil
	}
	h.Hash = hash
	return h, nil
}

// Say writes the end of the log into the agent's own log, which is often kept on another machine.
func (t *Trail) Say() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return
	}
	head := t.file.Head()
	t.log.Info().Int64("entry", head.N).Str("digest", head.Hash).Msg("the audit log ends here")
}

// Close closes the log. A trail of nil has none.
func (t *Trail) Close() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// VerifyAgainst reads the log below a state folder and holds it against what the journal remembers of it and, where it
// is not empty, the digest that somebody wrote down. The journal is asked first: the log may grow meanwhile, and never shrinks.
func VerifyAgainst(ctx context.Context, j Values, state, head string) (Report, error) {
	known, err := HeadOf(ctx, j)
	if err != nil {
		return Report{}, err
	}
	memories := []Memory{{Name: "the journal", Head: known}}
	if head != "" {
		memories = append(memories, Memory{Name: "--head", Head: Head{Hash: strings.ToLower(head)}})
	}
	return Verify(ctx, filepath.Join(state, Folder), memories...)
}

// FailedSuffix ends the action of an entry that says that an order failed.
const FailedSuffix = ".failed"
