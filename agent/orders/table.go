package orders

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// table is all orders. One that is new is an entry here, with the line that says what it is below.
func table() []entry {
	return []entry{Status, List, Show, Batches, Sequences, Results, Audit, VerifyAudit, Examine, Internals, CheckJournal,
		Retry, Release, Reject, Confirm, Decide, Attach, DropResult,
		Pause, Redeliver, Void, SetSequence, Reload, Note,
		Form, Purge, CompactJournal, Backup, BackedUp, Restored, EndHold}
}

// Orders that look: they change nothing and show nothing that a citizen wrote.
var (
	Status = Order[control.Nothing, control.Status]{Name: "status", Do: func(d *Desk, ctx context.Context, _ control.Nothing) (control.Status, error) {
		return d.Health.Status(ctx)
	}}
	List = Order[control.ListRequest, []journal.Entry]{Name: "list", Do: func(d *Desk, ctx context.Context, r control.ListRequest) ([]journal.Entry, error) {
		return reading.Of(d.Journal).List(ctx, r.Filter())
	}, Record: func(r control.ListRequest) (audit.Record, bool) {
		return record(r.By, "find-key", "", "key", r.Key), r.Key != ""
	}}
	Show = Order[control.ShowRequest, control.View]{Name: "show", Do: (*Desk).show, Record: func(r control.ShowRequest) (audit.Record, bool) {
		return record(r.By, "show-raw", r.ID.String()), r.Raw
	}}
	Batches = Order[control.BatchesRequest, []control.Batch]{Name: "batches", Do: func(d *Desk, ctx context.Context, r control.BatchesRequest) ([]control.Batch, error) {
		list, err := delivering.Of(d.Journal).Batches(ctx, r.Target, r.Open)
		return control.BatchesOf(list), err
	}}
	Sequences = Order[control.Nothing, []numbering.Series]{Name: "sequences", Do: func(d *Desk, ctx context.Context, _ control.Nothing) ([]numbering.Series, error) {
		return numbering.Of(d.Journal).All(ctx)
	}}
	Results = Order[control.ResultsFilter, []control.Waiting]{Name: "results", Do: func(d *Desk, ctx context.Context, f control.ResultsFilter) ([]control.Waiting, error) {
		list, err := control.WaitingResults(ctx, d.Journal, f)
		if err != nil || f.Orphans && !f.Parked {
			return control.WaitingOf(list), err
		}
		status, err := d.Health.Status(ctx)
		return control.WithUntaken(control.WaitingOf(list), status, f.Limit), err
	}}
	Audit = Order[audit.Filter, []audit.Entry]{Name: "audit", Do: func(d *Desk, ctx context.Context, f audit.Filter) ([]audit.Entry, error) {
		return audit.Read(ctx, d.Trail.Dir(), f)
	}}
	VerifyAudit = Order[control.VerifyAuditRequest, audit.Report]{Name: "verifyaudit", Do: func(d *Desk, ctx context.Context, r control.VerifyAuditRequest) (audit.Report, error) {
		return audit.VerifyAgainst(ctx, d.Journal, d.State, r.Head)
	}}
	Examine = Order[control.ExamineRequest, control.Examination]{Name: "examine", Do: func(d *Desk, ctx context.Context, r control.ExamineRequest) (control.Examination, error) {
		return d.Agent.Examine(ctx, r)
	}}
	Internals = Order[control.Nothing, control.Internals]{Name: "vitals", Do: func(d *Desk, ctx context.Context, _ control.Nothing) (control.Internals, error) {
		return d.Agent.Internals(ctx)
	}}
	CheckJournal = Order[control.CheckJournalRequest, checking.Checkup]{Name: "checkjournal", Do: (*Desk).checkJournal}
)

// Orders that settle what a machine must not decide.
var (
	// Retry tries parked submissions again, on the mapping in force now if asked, and answers for each.
	Retry = Order[control.RetryRequest, []control.Settled]{Name: "retry", WhenReleased: true, Do: (*Desk).retry, Record: func(r control.RetryRequest) (audit.Record, bool) {
		return record(r.By, "retry", named(r.IDs), "target", r.Target, "route", r.Route, "code", r.Code, "mapping", audit.Yes(r.Mapping)), true
	}}
	// Release lets parked submissions go on as they are.
	Release = Order[control.ReleaseRequest, []control.Settled]{Name: "release", WhenReleased: true, Do: (*Desk).release, Record: func(r control.ReleaseRequest) (audit.Record, bool) {
		return record(r.By, "release", named(r.IDs)), true
	}}
	// Reject ends a submission on a person's word; refused when it is partly delivered, unless Force is set.
	Reject = Order[control.RejectRequest, control.Settled]{Name: "reject", WhenReleased: true, Do: (*Desk).reject, Record: func(r control.RejectRequest) (audit.Record, bool) {
		return record(r.By, "reject", r.ID.String(), "reason", r.Reason, "force", audit.Yes(r.Force)), true
	}}
	// Confirm takes as delivered what a person has found in a target that could not tell.
	Confirm = Order[control.ConfirmRequest, control.Settled]{Name: "confirm", WhenReleased: true, Do: (*Desk).confirm, Record: func(r control.ConfirmRequest) (audit.Record, bool) {
		object := r.Target
		if r.ID != 0 {
			object = r.ID.String()
		}
		return record(r.By, "confirm", object, "target", r.Target, "batch", audit.Number(r.Seq), "reason", r.Reason, "returned", r.Said(), "force", audit.Yes(r.Force)), true
	}}
	// Decide records a person's decision and its documents.
	Decide = Order[control.DecideRequest, control.Settled]{Name: "decide", WhenReleased: true, Do: (*Desk).decide, handle: control.HandleDecision,
		Record: func(r control.DecideRequest) (audit.Record, bool) {
			return record(r.By, "decide", r.ID.String(), "outcome", r.Outcome), true
		}}
	// Attach gives a result that waits for a person to a submission, whose front office is then told.
	Attach = Order[control.AttachRequest, control.Settled]{Name: "attach", WhenReleased: true, Do: (*Desk).attach, Record: func(r control.AttachRequest) (audit.Record, bool) {
		return record(r.By, "attach", r.ID.String(), "result", audit.Number(r.Result), "outcome", r.Outcome), true
	}}
	// DropResult sets a result that waits for a person aside for good.
	DropResult = Order[control.DropResultRequest, control.Nothing]{Name: "dropresult", WhenReleased: true, Do: (*Desk).dropResult, Record: func(r control.DropResultRequest) (audit.Record, bool) {
		return record(r.By, "drop-result", audit.Number(r.Result), "reason", r.Reason), true
	}}
)

// Orders that keep the agent and its targets going.
var (
	// Pause stops deliveries to a target, or lets them go on; it outlives a restart.
	Pause = Order[control.PauseRequest, control.Nothing]{Name: "pause", Do: (*Desk).pause, Record: func(r control.PauseRequest) (audit.Record, bool) {
		action := "resume"
		if r.Paused {
			action = "pause"
		}
		return record(r.By, action, r.Target, "reason", r.Reason), true
	}}
	// Redeliver delivers again what a target got since a time, for one that was restored from a backup. A
	// database's ledger was restored with it, so what it still has is recognised and not written twice.
	Redeliver = Order[control.RedeliverRequest, control.RedeliverReport]{Name: "redeliver", WhenReleased: true, Do: (*Desk).redeliver, Record: func(r control.RedeliverRequest) (audit.Record, bool) {
		return record(r.By, "redeliver", r.Target, "since", stamp(r.Since), "force", audit.Yes(r.Force)), !r.DryRun
	}}
	// Void gives up a sealed batch that cannot go; its number stays used, its members travel in a later one.
	Void = Order[control.VoidRequest, control.Nothing]{Name: "void", WhenReleased: true, Do: (*Desk).void, Record: func(r control.VoidRequest) (audit.Record, bool) {
		return record(r.By, "void", r.Target, "batch", audit.Number(r.Seq), "reason", r.Reason), true
	}}
	// SetSequence has a sequence go on after a number, such as the highest one that targets have when the journal was restored.
	SetSequence = Order[control.SequenceRequest, control.Nothing]{Name: "setsequence", WhenReleased: true, Do: (*Desk).setSequence, Record: func(r control.SequenceRequest) (audit.Record, bool) {
		return record(r.By, "set-sequence", r.Series, "last", audit.Number(r.Last), "reason", r.Reason), true
	}}
	// Reload changes over to the configuration file as it is now, or leaves everything as it is.
	Reload = Order[control.ReloadRequest, control.ReloadReport]{Name: "reload", Do: func(d *Desk, ctx context.Context, r control.ReloadRequest) (control.ReloadReport, error) {
		return d.Agent.Reload(ctx, r)
	}, Record: func(r control.ReloadRequest) (audit.Record, bool) {
		return record(r.By, "reload", "", "force", audit.Yes(r.Force)), true
	}}
	// Note puts on record what is done beside the agent, to its secrets and to its service; nothing else is done.
	Note = Order[control.NoteRequest, control.Nothing]{Name: "note", Do: func(*Desk, context.Context, control.NoteRequest) (n control.Nothing, err error) { return n, nil },
		Record: func(r control.NoteRequest) (audit.Record, bool) {
			return record(r.By, r.Action, r.Object, "code", r.Code), true
		}}
)

// Orders about what is kept.
var (
	// Form shows a form as it came, or one of its attachments.
	Form = Order[control.FormRequest, control.Form]{Name: "form", handle: control.HandleForm, Do: func(d *Desk, ctx context.Context, r control.FormRequest) (control.Form, error) {
		return FormOf(ctx, d.Journal, d.Content, r)
	}, Record: func(r control.FormRequest) (audit.Record, bool) {
		what := "form"
		if r.Attachment != "" {
			what = "attachment"
		}
		return record(r.By, "show-form", r.ID.String(), "what", what), true
	}}
	// Purge takes away submissions whose life is over, but for a tombstone each.
	Purge = Order[control.PurgeRequest, control.PurgeReport]{Name: "purge", WhenReleased: true, Do: func(d *Desk, ctx context.Context, r control.PurgeRequest) (control.PurgeReport, error) {
		return d.Upkeep.Purge(ctx, r)
	}, Record: func(r control.PurgeRequest) (audit.Record, bool) {
		return record(r.By, "purge", named(r.IDs), "reason", r.Reason), !r.DryRun
	}}
	// CompactJournal makes the journal's file small; what is to be written waits meanwhile.
	CompactJournal = Order[control.CompactJournalRequest, checking.Compaction]{Name: "compactjournal", Do: func(d *Desk, ctx context.Context, _ control.CompactJournalRequest) (checking.Compaction, error) {
		return d.Upkeep.CompactJournal(ctx)
	}, Record: func(r control.CompactJournalRequest) (audit.Record, bool) {
		return record(r.By, "compact-journal", ""), true
	}}
	// Backup streams a backup while everything goes on.
	Backup = Order[control.BackupRequest, control.Nothing]{Name: "backup", handle: control.HandleBackup, Do: (*Desk).backup,
		Record: func(r control.BackupRequest) (audit.Record, bool) { return record(r.By, "backup", ""), true }}
	// BackedUp notes that a backup lies safe and verified.
	BackedUp = Order[control.BackedUpRequest, control.Nothing]{Name: "backedup", Do: (*Desk).backedUp, Record: func(r control.BackedUpRequest) (audit.Record, bool) {
		return record(r.By, "backup-verified", "", "made", stamp(r.Made)), true
	}}
	// Restored tells what is known about the time that a restored journal has lost; with Again it looks anew.
	Restored = Order[control.RestoredRequest, control.Restored]{Name: "restored", Do: func(d *Desk, ctx context.Context, r control.RestoredRequest) (control.Restored, error) {
		return d.Recovery.Restored(ctx, r)
	}, Record: func(r control.RestoredRequest) (audit.Record, bool) {
		return record(r.By, "restored-again", ""), r.Again
	}}
	// EndHold lets a restored agent go on. It is refused while what must be decided is not.
	EndHold = Order[control.EndHoldRequest, control.Restored]{Name: "endhold", Do: func(d *Desk, ctx context.Context, r control.EndHoldRequest) (control.Restored, error) {
		return d.Recovery.EndHold(ctx, r)
	}, Record: func(r control.EndHoldRequest) (audit.Record, bool) {
		var seqs []string
		for _, target := range slices.Sorted(maps.Keys(r.Seqs)) {
			seqs = append(seqs, fmt.Sprintf("%s=%d", target, r.Seqs[target]))
		}
		return record(r.By, "restored-release", "", "seq", strings.Join(seqs, " "), "accept-seq", strings.Join(r.AcceptSeq, " "),
			"trust-absent", strings.Join(r.TrustAbsent, " "), "without-evidence", strings.Join(r.WithoutEvidence, " ")), true
	}}
)

// record makes what is put on record of an order; details are pairs of a name and a value.
func record(by, action, object string, details ...string) audit.Record {
	r := audit.Record{Who: by, Action: action, Object: object, Details: map[string]string{}}
	for i := 0; i < len(details); i += 2 {
		r.Details[details[i]] = details[i+1]
	}
	return r
}

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

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
