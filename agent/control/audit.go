package control

import (
	"context"
	"net/http"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/journal"
)

// Auditor lets people read the record of who did what.
type Auditor interface {
	// Audit returns entries of the audit log, oldest first.
	Audit(ctx context.Context, f audit.Filter) ([]audit.Entry, error)
	// VerifyAudit reads the whole audit log and says whether it was changed.
	VerifyAudit(ctx context.Context, r VerifyAuditRequest) (audit.Report, error)
	// ShowRaw is Show with what systems said in their own words, for one whose look goes on record.
	ShowRaw(ctx context.Context, r ShowRawRequest) (journal.View, error)
}

// VerifyAuditRequest says what the log is held against beside what the journal remembers of it.
type VerifyAuditRequest struct {
	Head string `json:"head,omitempty"` // digest that somebody wrote down; empty: none
}

// ShowRawRequest asks for one submission with systems' own words.
type ShowRawRequest struct {
	ID journal.ID `json:"id"`
	By string     `json:"by,omitempty"`
}

// Audit asks for entries of the audit log.
func (c *Client) Audit(ctx context.Context, f audit.Filter) (list []audit.Entry, err error) {
	return list, c.post(ctx, "audit", f, &list)
}

// VerifyAudit asks whether the audit log was changed.
func (c *Client) VerifyAudit(ctx context.Context, r VerifyAuditRequest) (report audit.Report, err error) {
	return report, c.post(ctx, "verifyaudit", r, &report)
}

// auditOrders is the part of the protocol that reads the record.
func auditOrders(mux *http.ServeMux, op Auditor) {
	order(mux, "audit", func(ctx context.Context, f audit.Filter, _ string) ([]audit.Entry, error) { return op.Audit(ctx, f) })
	order(mux, "verifyaudit", func(ctx context.Context, r VerifyAuditRequest, _ string) (audit.Report, error) {
		return op.VerifyAudit(ctx, r)
	})
}
