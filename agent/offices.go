package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/monitor"
)

// quotas tells for metrics how front offices stand against their quota.
func (a *Agent) quotas(ctx context.Context) (all []monitor.Quota, err error) {
	usages, err := a.serving.api.Usages(ctx)
	for _, u := range usages {
		if u.Quota.Bytes > 0 {
			all = append(all, monitor.Quota{Office: u.Office, What: frontoffice.OverBytes, Limit: u.Quota.Bytes, Used: u.Bytes})
		}
		if u.Quota.Open > 0 {
			all = append(all, monitor.Quota{Office: u.Office, What: frontoffice.OverOpen, Limit: u.Quota.Open, Used: u.Open})
		}
	}
	return all, err
}

// addQuotas does the same for status.
func (a *Agent) addQuotas(ctx context.Context, now *assembly, s *control.Status) error {
	usages, err := a.serving.api.Usages(ctx)
	if err != nil {
		return err
	}
	for _, u := range usages {
		o, known := now.config.FrontOffice(u.Office)
		i := slices.IndexFunc(s.FrontOffices, func(x control.OfficeStatus) bool { return x.Name == u.Office })
		if !known || o.Quota == nil || i < 0 {
			continue
		}
		q := &control.QuotaStatus{BytesPerDay: u.Quota.Bytes, Bytes: u.Bytes, OpenLimit: u.Quota.Open, Open: u.Open, Refused: u.Refused}
		if o.Quota.Rate.Count > 0 {
			q.Rate = o.Quota.Rate.String()
		}
		s.FrontOffices[i].Quota = q
	}
	return nil
}

// officeStatus tells what waits to be pushed to a front office, and whether pushing fails.
func (a *Agent) officeStatus(ctx context.Context, o config.FrontOffice) (control.OfficeStatus, error) {
	s := control.OfficeStatus{Name: o.Name}
	if o.Push == nil {
		return s, nil
	}
	s.Push = o.Push.Definition.Type
	b, err := a.journal.PushBacklog(ctx, o.Name)
	if err != nil {
		return s, err
	}
	s.Backlog = b.Waiting
	if b.Failing > 0 {
		s.Trouble = &control.Trouble{Code: CodeOffice, Text: fmt.Sprintf("%d of %d events could not be pushed yet", b.Failing, b.Waiting),
			Next: "mend the receiver or its address; they are tried again by themselves, and inbasket show of a submission says how it failed", Since: b.Since, RetryAt: b.NextAt, Count: int(b.Failing)}
	}
	return s, nil
}
