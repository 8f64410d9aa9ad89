package journal

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// maxGroup bounds how many calls share a commit, so that the first of them does not wait for long.
const maxGroup = 64

// gathering is how long after a commit the writer waits for those who were answered to come again. Who waits for an answer before it
// asks again, as each connection of a front office does, comes with all the others or not at all: without waiting, the first of them
// would have a commit of its own while the others stand in line for the next.
const gathering = 2 * time.Millisecond

// Joint is a call that costs less when others of its kind are run with it.
type Joint interface {
	// Run runs calls as one, the first of which it is. After an error each of them is run alone.
	Run(t *Tx, calls []Joint) error
}

// job is one call that changes the journal. state decides who owns it: the caller may give up while it
// waits, never after the writer took it.
type job struct {
	ctx   context.Context
	run   func(*Tx) error
	joint Joint                    // instead of run
	idle  func(*engine.Conn) error // instead of run: outside any transaction
	err   error                    // what the call met in a transaction that was committed
	state atomic.Int32             // 0 waits, 1 the writer has it, 2 given up
	done  chan error
}

// Do has the writer run f and returns when its effect is on disk. After an error of the disk the effect
// may have happened or not; every call may be repeated.
func (j *Journal) Do(ctx context.Context, op string, f func(*Tx) error) error {
	return j.send(ctx, op, &job{run: f})
}

// DoJoint is Do for a call that others may be run with.
func (j *Journal) DoJoint(ctx context.Context, op string, call Joint) error {
	j.joint.Add(1)
	defer j.joint.Add(-1)
	return j.send(ctx, op, &job{joint: call})
}

func (j *Journal) send(ctx context.Context, op string, jb *job) error {
	if j.readOnly {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeReadOnly, Op: op, Hint: "let the running agent do it", Err: ErrReadOnly}
	}
	jb.ctx, jb.done = ctx, make(chan error, 1)
	select {
	case j.jobs <- jb:
	case <-j.quit:
		return closed(op)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-jb.done:
		return j.FaultOf(op, err)
	case <-ctx.Done():
		if jb.state.CompareAndSwap(0, 2) {
			return ctx.Err()
		}
		return j.FaultOf(op, <-jb.done)
	}
}

// write is the one goroutine that changes the journal. Without work it sleeps.
func (j *Journal) write() {
	defer close(j.stopped)
	group := make([]*job, 0, maxGroup)
	for {
		group = group[:0]
		select {
		case jb := <-j.jobs:
			group = append(group, jb)
		case <-j.quit:
			return // nobody else can send any more: they see the end as well
		}
		j.commit(j.gather(group))
	}
}

// gather adds to a group what waits, and for a while what may come again of the joint calls that there were.
func (j *Journal) gather(group []*job) []*job {
	for len(group) < maxGroup {
		select {
		case jb := <-j.jobs:
			group = append(group, jb)
			continue
		default:
		}
		if j.crowd < 2 || jointOf(group) >= j.crowd {
			return group
		}
		select {
		case jb := <-j.jobs:
			group = append(group, jb)
		case <-j.gathered.C:
			j.crowd = 0
			return group
		}
	}
	return group
}

func jointOf(group []*job) (n int) {
	for _, jb := range group {
		if jb.joint != nil {
			n++
		}
	}
	return n
}

// commit runs the calls in one transaction, each as if it were alone, and answers them.
func (j *Journal) commit(group []*job) {
	mine := group[:0]
	for _, jb := range group {
		if !jb.state.CompareAndSwap(0, 1) {
			continue
		}
		if jb.idle != nil {
			jb.done <- j.runIdle(jb)
			continue
		}
		mine = append(mine, jb)
	}
	if len(mine) == 0 {
		return
	}
	calls, err := j.transact(mine)
	j.note(err)
	j.crowd = int(j.joint.Load())
	j.gathered.Reset(gathering)
	if err != nil {
		j.names.forget(0)
		for _, jb := range mine {
			jb.done <- err
		}
		j.reconnect()
		return
	}
	j.names.settle()
	j.announce(calls)
	for _, jb := range mine {
		jb.done <- jb.err
	}
	j.checkpoint()
}

func (j *Journal) runIdle(jb *job) error {
	if err := j.connected(); err != nil {
		return err
	}
	j.maintaining.Store(true)
	defer j.maintaining.Store(false)
	return jb.idle(j.w)
}

// transact tells each call what it met. An error of its own means that nothing is certain and
// every call failed. It returns the calls that were committed.
func (j *Journal) transact(group []*job) (calls []*Tx, err error) {
	if err := j.connected(); err != nil {
		return nil, err
	}
	if err := j.w.Begin(); err != nil {
		return nil, err
	}
	seq := j.seq
	if calls, err = j.runAll(group); err != nil {
		return nil, err
	}
	if len(calls) == 0 {
		_, err := j.w.Exec("ROLLBACK")
		return nil, err
	}
	if err := j.flush(calls, seq); err != nil {
		return nil, err
	}
	if j.hooks.BeforeCommit != nil {
		if err := j.hooks.BeforeCommit(); err != nil {
			return nil, err
		}
	}
	_, err = j.w.Exec("COMMIT")
	if err == nil && j.hooks.AfterCommit != nil {
		err = j.hooks.AfterCommit()
	}
	if err == nil {
		for _, t := range calls {
			for _, id := range t.used {
				j.plans[id] = true
			}
		}
	}
	return calls, err
}

// runAll runs calls: those that go together as one, and each alone where that fails.
func (j *Journal) runAll(group []*job) (calls []*Tx, err error) {
	run := func(jobs ...*job) (ok bool) {
		t := NewTx(&Look{Journal: j, Conn: j.w})
		t.Now = j.now().UTC()
		met := j.runOne(t, jobs, len(group) > 1)
		var fatal *brokenError
		if errors.As(met, &fatal) {
			err = fatal.err
			return false
		}
		if jobs[0].err = met; met == nil {
			calls = append(calls, t)
		}
		return met == nil
	}
	var joint []*job
	rest := slices.DeleteFunc(slices.Clone(group), func(jb *job) bool {
		if jb.joint != nil {
			joint = append(joint, jb)
		}
		return jb.joint != nil
	})
	if len(joint) > 0 && !run(joint...) && len(joint) > 1 {
		rest = append(joint, rest...)
	}
	for _, jb := range rest {
		if err != nil {
			return nil, err
		}
		run(jb)
	}
	return calls, err
}

// brokenError says that the transaction itself cannot go on.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }

// runOne runs calls as one. Alone in its transaction it needs no savepoint: the whole is rolled back.
func (j *Journal) runOne(t *Tx, jobs []*job, shared bool) error {
	fresh := len(j.names.fresh)
	seq := j.seq
	if shared {
		if _, err := j.w.Exec("SAVEPOINT call"); err != nil {
			return &brokenError{err}
		}
	}
	t.Fail(runJobs(t, jobs))
	if t.Err == nil {
		t.finish()
	}
	err := t.Err
	if err == nil {
		if shared {
			if _, err := j.w.Exec("RELEASE call"); err != nil {
				return &brokenError{err}
			}
		}
		return nil
	}
	j.names.forget(fresh)
	j.seq = seq
	if j.engine.Kind(err) != engine.Other {
		return &brokenError{err} // disk full and the like may have ended the transaction already
	}
	if shared {
		if _, e := j.w.Exec("ROLLBACK TO call"); e != nil {
			return &brokenError{errors.Join(err, e)}
		}
		if _, e := j.w.Exec("RELEASE call"); e != nil {
			return &brokenError{errors.Join(err, e)}
		}
	}
	return err
}

func runJobs(t *Tx, jobs []*job) error {
	first := jobs[0]
	if first.joint == nil {
		return first.run(t)
	}
	all := make([]Joint, len(jobs))
	for n, jb := range jobs {
		all[n] = jb.joint
	}
	return first.joint.Run(t, all)
}

// flush writes the counters once for all calls of the transaction.
func (j *Journal) flush(calls []*Tx, seq int64) error {
	if j.seq != seq { // as it is, not as a difference: numbers of failed transactions are skipped
		_, err := j.w.Exec("INSERT INTO tally(kind, a, b, n) VALUES(?, 0, 0, ?) ON CONFLICT(kind, a, b) DO UPDATE SET n=excluded.n", TallySeq, j.seq)
		if err != nil {
			return err
		}
	}
	total := map[TallyKey]int64{}
	for _, t := range calls {
		for k, n := range t.tally {
			total[k] += n
		}
	}
	for k, n := range total {
		if n == 0 {
			continue
		}
		_, err := j.w.Exec("INSERT INTO tally(kind, a, b, n) VALUES(?, ?, ?, ?) ON CONFLICT(kind, a, b) DO UPDATE SET n=tally.n+excluded.n", k.Kind, k.A, k.B, n)
		if err != nil {
			return err
		}
	}
	return nil
}

// reconnect throws the connection away after a fault: what its cache holds is not to be trusted.
func (j *Journal) reconnect() {
	if j.w == nil {
		return
	}
	_, _ = j.w.Exec("ROLLBACK") // fails where the engine rolled back by itself
	_ = j.w.Close()             // the fault itself was reported
	j.w = nil
}

// checkpoint keeps what the engine stores beside its tables small. The callers of the last commit have their answer by then; only
// the next one waits.
func (j *Journal) checkpoint() {
	if j.w == nil {
		return
	}
	if err := j.engine.Trim(j.w); err != nil {
		j.reconnect() // everything is on disk; the next commit tries again and reports
	}
}

// Idle has the writer run f outside any transaction; everything that is to be written waits meanwhile.
func (j *Journal) Idle(ctx context.Context, op string, f func(*engine.Conn) error) error {
	return j.send(ctx, op, &job{idle: f})
}
