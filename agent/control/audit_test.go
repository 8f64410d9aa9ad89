package control

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/journal"
)

func (f *fake) Audit(_ context.Context, x audit.Filter) ([]audit.Entry, error) {
	return []audit.Entry{{N: 3, Who: "root", Action: "retry"}}, f.keep(x)
}
func (f *fake) VerifyAudit(_ context.Context, r VerifyAuditRequest) (audit.Report, error) {
	return audit.Report{OK: true, Entries: 3}, f.keep(r)
}
func (f *fake) ShowRaw(ctx context.Context, r ShowRawRequest) (journal.View, error) {
	v, err := f.Show(ctx, r.ID)
	return v, f.noted(err, r)
}

func (f *fake) noted(err error, x any) error {
	if err != nil {
		return err
	}
	return f.keep(x)
}

func TestAuditOrders(t *testing.T) {
	op := &fake{}
	c, _ := serve(t, op)
	list, err := c.Audit(t.Context(), audit.Filter{Who: "root", Last: 5})
	if err != nil || len(list) != 1 || list[0].N != 3 {
		t.Fatalf("%v %v", list, err)
	}
	r, err := c.VerifyAudit(t.Context(), VerifyAuditRequest{Head: "ab"})
	if err != nil || !r.OK || r.Entries != 3 {
		t.Fatalf("%v %v", r, err)
	}
	if diff := cmp.Diff([]any{audit.Filter{Who: "root", Last: 5}, VerifyAuditRequest{Head: "ab"}}, op.got); diff != "" {
		t.Fatal(diff)
	}
}

// A look at systems' own words is an order with a name on it.
func TestRawIsAskedForByName(t *testing.T) {
	op := &fake{}
	c, _ := serve(t, op)
	v, err := c.Show(t.Context(), 7, true)
	if err != nil || len(v.Raw) != 1 {
		t.Fatalf("%+v %v", v, err)
	}
	last, ok := op.got[len(op.got)-1].(ShowRawRequest)
	if !ok || last.ID != 7 || last.By == "" {
		t.Fatalf("%+v", op.got)
	}
}
