package agent

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// audited is the operator as the control socket sees it: an order is on record before it is carried out, and
// one that fails is put on record again, with the code of the failure. What only looks passes through; a test
// holds the list of that. A new order that changes something, or shows what a citizen wrote, gets one method here.
type audited struct {
	control.Operator
	trail *trail
}

// carryOut puts an order on record and carries it out.
func (o audited) carryOut(ctx context.Context, by, action, object string, details map[string]string, do func() error) error {
	return o.trail.carryOut(ctx, audit.Record{Who: by, Via: audit.ViaControl, Action: action, Object: object, Details: details}, do)
}

func (t *trail) carryOut(ctx context.Context, r audit.Record, do func() error) error {
	e, err := t.add(ctx, r)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		t.tell(ctx, audit.Record{Who: r.Who, Via: r.Via, Action: r.Action + failedSuffix, Object: r.Object,
			Details: map[string]string{"entry": strconv.FormatInt(e.N, 10), "code": control.ErrorOf(err).Code}})
		return err
	}
	return nil
}

// failedSuffix ends the action of an entry that says that an order failed.
const failedSuffix = ".failed"

// maxNamed is how many submissions an entry names.
const maxNamed = 100

func named(ids []journal.ID) string {
	list := make([]string, 0, min(len(ids), maxNamed)+1)
	for n, id := range ids {
		if n == maxNamed {
			list = append(list, fmt.Sprintf("and %d more", len(ids)-n))
			break
		}
		list = append(list, id.String())
	}
	return strings.Join(list, " ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (o audited) Retry(ctx context.Context, r control.RetryRequest) (out []control.Settled, err error) {
	d := map[string]string{"target": r.Target, "route": r.Route, "code": r.Code, "mapping": yes(r.Mapping)}
	return out, o.carryOut(ctx, r.By, "retry", named(r.IDs), d, func() error { out, err = o.Operator.Retry(ctx, r); return err })
}

func (o audited) Release(ctx context.Context, r control.ReleaseRequest) (out []control.Settled, err error) {
	return out, o.carryOut(ctx, r.By, "release", named(r.IDs), nil, func() error { out, err = o.Operator.Release(ctx, r); return err })
}

func (o audited) Reject(ctx context.Context, r control.RejectRequest) (out control.Settled, err error) {
	d := map[string]string{"reason": r.Reason, "force": yes(r.Force)}
	return out, o.carryOut(ctx, r.By, "reject", r.ID.String(), d, func() error { out, err = o.Operator.Reject(ctx, r); return err })
}

func (o audited) Confirm(ctx context.Context, r control.ConfirmRequest) (out control.Settled, err error) {
	d := map[string]string{"target": r.Target, "batch": number(r.Seq), "reason": r.Reason}
	object := ""
	if r.ID != 0 {
		object = r.ID.String()
	}
	return out, o.carryOut(ctx, r.By, "confirm", object, d, func() error { out, err = o.Operator.Confirm(ctx, r); return err })
}

func (o audited) Decide(ctx context.Context, r control.DecideRequest, documents iter.Seq2[control.Document, error]) (out control.Settled, err error) {
	d := map[string]string{"outcome": r.Outcome}
	return out, o.carryOut(ctx, r.By, "decide", r.ID.String(), d, func() error { out, err = o.Operator.Decide(ctx, r, documents); return err })
}

func (o audited) Attach(ctx context.Context, r control.AttachRequest) (out control.Settled, err error) {
	d := map[string]string{"result": number(r.Result), "outcome": r.Outcome}
	return out, o.carryOut(ctx, r.By, "attach", r.ID.String(), d, func() error { out, err = o.Operator.Attach(ctx, r); return err })
}

func (o audited) DropResult(ctx context.Context, r control.DropResultRequest) error {
	return o.carryOut(ctx, r.By, "drop-result", number(r.Result), map[string]string{"reason": r.Reason}, func() error { return o.Operator.DropResult(ctx, r) })
}

func (o audited) Pause(ctx context.Context, r control.PauseRequest) error {
	action := "resume"
	if r.Paused {
		action = "pause"
	}
	return o.carryOut(ctx, r.By, action, r.Target, map[string]string{"reason": r.Reason}, func() error { return o.Operator.Pause(ctx, r) })
}

func (o audited) Redeliver(ctx context.Context, r control.RedeliverRequest) (out control.RedeliverReport, err error) {
	if r.DryRun {
		return o.Operator.Redeliver(ctx, r)
	}
	d := map[string]string{"since": r.Since.UTC().Format("2006-01-02T15:04:05Z")}
	return out, o.carryOut(ctx, r.By, "redeliver", r.Target, d, func() error { out, err = o.Operator.Redeliver(ctx, r); return err })
}

func (o audited) Void(ctx context.Context, r control.VoidRequest) error {
	d := map[string]string{"batch": number(r.Seq), "reason": r.Reason}
	return o.carryOut(ctx, r.By, "void", r.Target, d, func() error { return o.Operator.Void(ctx, r) })
}

func (o audited) Reload(ctx context.Context, r control.ReloadRequest) (out control.ReloadReport, err error) {
	d := map[string]string{"force": yes(r.Force)}
	return out, o.carryOut(ctx, r.By, "reload", "", d, func() error { out, err = o.Operator.Reload(ctx, r); return err })
}

func (o audited) ShowRaw(ctx context.Context, r control.ShowRawRequest) (out journal.View, err error) {
	return out, o.carryOut(ctx, r.By, "show-raw", r.ID.String(), nil, func() error { out, err = o.Operator.ShowRaw(ctx, r); return err })
}

func (o audited) Note(ctx context.Context, r control.NoteRequest) error {
	return o.carryOut(ctx, r.By, r.Action, r.Object, map[string]string{"code": r.Code}, func() error { return o.Operator.Note(ctx, r) })
}

// Note has nothing to do: it is done beside the agent.
func (a *Agent) Note(context.Context, control.NoteRequest) error { return nil }

// ShowRaw returns one submission with what systems said in their own words.
func (a *Agent) ShowRaw(ctx context.Context, r control.ShowRawRequest) (journal.View, error) {
	return a.journal.Show(ctx, r.ID)
}

// Audit returns entries of the audit log.
func (a *Agent) Audit(ctx context.Context, f audit.Filter) ([]audit.Entry, error) {
	return audit.Read(ctx, a.trail.dir, f)
}

// VerifyAudit reads the whole audit log and holds it against what the journal and the caller remember.
func (a *Agent) VerifyAudit(ctx context.Context, r control.VerifyAuditRequest) (audit.Report, error) {
	// The journal's memory is asked first: the log may grow meanwhile, and never shrinks.
	return VerifyAudit(ctx, a.journal, filepath.Dir(a.trail.dir), r.Head)
}

// VerifyAudit reads the audit log below a state folder and holds it against what the journal remembers of it
// and, where it is not empty, the digest that somebody wrote down.
func VerifyAudit(ctx context.Context, j *journal.Journal, state, head string) (audit.Report, error) {
	known, err := AuditHead(ctx, j)
	if err != nil {
		return audit.Report{}, err
	}
	memories := []audit.Memory{{Name: "the journal", Head: known}}
	if head != "" {
		memories = append(memories, audit.Memory{Name: "--head", Head: audit.Head{Hash: strings.ToLower(head)}})
	}
	return audit.Verify(ctx, filepath.Join(state, audit.Folder), memories...)
}
