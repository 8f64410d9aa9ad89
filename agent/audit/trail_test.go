package audit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/connectors"
)

// values are what a journal remembers, or cannot.
type values struct {
	kept map[string]string
	err  error
}

func (v *values) Value(_ context.Context, name string) (string, error) { return v.kept[name], v.err }

func (v *values) SetValue(_ context.Context, name, value string) error {
	if v.err == nil {
		v.kept[name] = value
	}
	return v.err
}

// kept is a trail with everything that it tells.
type kept struct {
	*Trail
	state   string
	journal *values
	log     bytes.Buffer
	notices []connectors.Notice
}

func newTrail(t *testing.T, state string, j *values) *kept {
	t.Helper()
	k := &kept{state: state, journal: j}
	k.Trail = NewTrail(state, newClock(), j, zerolog.New(&k.log), func(n connectors.Notice) { k.notices = append(k.notices, n) })
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func (k *kept) actions(t *testing.T) string {
	t.Helper()
	list, err := Read(t.Context(), k.Dir(), Filter{})
	must(t, err)
	var actions []string
	for _, e := range list {
		actions = append(actions, e.Action)
	}
	return strings.Join(actions, " ")
}

var retried = Record{Who: "anna", Via: ViaControl, Action: "retry"}

// TestTrail: what is on record is remembered by the journal, and the agent's own log says where it ends.
func TestTrail(t *testing.T) {
	k := newTrail(t, t.TempDir(), &values{kept: map[string]string{}})
	must(t, k.Open(t.Context()))
	e, err := k.Add(t.Context(), retried)
	must(t, err)
	k.Tell(t.Context(), Record{Who: "agent", Via: ViaSystem, Action: "started"})
	if got := k.actions(t); got != "retry started" || e.N != 1 {
		t.Errorf("%s, entry %d", got, e.N)
	}
	head, err := HeadOf(t.Context(), k.journal)
	if err != nil || head.N != 2 || head != k.file.Head() {
		t.Errorf("the journal remembers %+v: %v", head, err)
	}
	k.log.Reset()
	k.Say()
	if !strings.Contains(k.log.String(), head.Hash) {
		t.Errorf("%s", k.log.String())
	}
	r, err := VerifyAgainst(t.Context(), k.journal, k.state, strings.ToUpper(e.Hash))
	if err != nil || !r.OK || r.Entries != 2 || r.Memory != "the journal, --head" {
		t.Errorf("%+v %v", r, err)
	}
	if len(k.notices) > 0 {
		t.Errorf("%+v", k.notices)
	}
	other := newTrail(t, k.state, k.journal)
	if err := other.Open(t.Context()); !errors.Is(err, ErrLocked) {
		t.Errorf("two have the log: %v", err)
	}
	var none *Trail
	must(t, none.Close())
}

// TestTrailOnAFullDisk refuses orders, and puts on record later what the agent did all the same.
func TestTrailOnAFullDisk(t *testing.T) {
	state := t.TempDir()
	must(t, os.WriteFile(filepath.Join(state, Folder), nil, 0o600)) // no folder can be made here
	k := newTrail(t, state, &values{kept: map[string]string{}})
	must(t, k.Open(t.Context()))
	if len(k.notices) != 1 || k.notices[0].Code != CodeUnwritten || strings.Contains(k.notices[0].Text, state) {
		t.Errorf("%+v", k.notices)
	}
	var e *connectors.Error
	if _, err := k.Add(t.Context(), retried); !errors.As(err, &e) || e.Code != CodeUnwritten || !strings.Contains(e.Hint, "nothing is done that is not on record") {
		t.Errorf("an order without a record: %v", err)
	}
	k.Tell(t.Context(), Record{Who: "SIGHUP", Via: ViaSystem, Action: "reload"})
	k.Say()
	must(t, os.Remove(filepath.Join(state, Folder)))
	_, err := k.Add(t.Context(), retried)
	must(t, err)
	if got := k.actions(t); got != "reload retry" {
		t.Error(got)
	}
}

// TestTrailThatWasCut says so in the log itself, before the journal forgets it.
func TestTrailThatWasCut(t *testing.T) {
	state, j := t.TempDir(), &values{kept: map[string]string{}}
	k := newTrail(t, state, j)
	must(t, k.Open(t.Context()))
	for range 3 {
		_, err := k.Add(t.Context(), retried)
		must(t, err)
	}
	must(t, k.Close())
	path := filepath.Join(k.Dir(), fileName(1))
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, text[:bytes.IndexByte(text, '\n')+1], 0o600))
	k = newTrail(t, state, j)
	must(t, k.Open(t.Context()))
	if len(k.notices) != 1 || k.notices[0].Code != CodeBroken || !strings.Contains(k.notices[0].Text, "entry 3") {
		t.Errorf("%+v", k.notices)
	}
	_, err = k.Add(t.Context(), retried)
	must(t, err)
	r, err := VerifyAgainst(t.Context(), j, state, "")
	if err != nil || r.OK || !strings.Contains(r.Wrong, "the chain begins anew here: "+whyForged) {
		t.Errorf("what was cut looks right again: %+v %v", r, err)
	}
	if got := k.actions(t); got != "retry log-broken retry" {
		t.Error(got)
	}
}

// TestTrailWithoutAJournal goes on: what the journal cannot take now it learns with the next entry.
func TestTrailWithoutAJournal(t *testing.T) {
	k := newTrail(t, t.TempDir(), &values{kept: map[string]string{}})
	must(t, k.Open(t.Context()))
	k.journal.err = errors.New("the disk is gone")
	_, err := k.Add(t.Context(), retried)
	must(t, err)
	if !strings.Contains(k.log.String(), "the journal could not note the end of the audit log") {
		t.Errorf("%s", k.log.String())
	}
	if _, err := VerifyAgainst(t.Context(), k.journal, k.state, ""); !errors.Is(err, k.journal.err) {
		t.Errorf("%v", err)
	}
	k.journal.err = nil
	_, err = k.Add(t.Context(), retried)
	must(t, err)
	if head, err := HeadOf(t.Context(), k.journal); err != nil || head.N != 2 {
		t.Errorf("%+v %v", head, err)
	}
	k.journal.kept[auditMark] = "nonsense"
	if head, err := HeadOf(t.Context(), k.journal); err != nil || head.N != 0 {
		t.Errorf("%+v %v", head, err)
	}
}

// TestOwedIsBounded: a disk that is full for long does not fill the memory, and it is said that something is lost.
func TestOwedIsBounded(t *testing.T) {
	state := t.TempDir()
	must(t, os.WriteFile(filepath.Join(state, Folder), nil, 0o600))
	k := newTrail(t, state, &values{kept: map[string]string{}})
	for range maxOwed + 7 {
		k.Tell(t.Context(), Record{Who: "agent", Via: ViaSystem, Action: "reload"})
	}
	must(t, os.Remove(filepath.Join(state, Folder)))
	k.Tell(t.Context(), Record{Who: "agent", Via: ViaSystem, Action: "stopped"})
	list, err := Read(t.Context(), k.Dir(), Filter{Last: 2})
	must(t, err)
	if len(list) != 2 || list[0].Action != "records-lost" || list[0].Details["count"] != "7" || list[1].Action != "stopped" {
		t.Errorf("%+v", list)
	}
}
