package simulate

import (
	"context"
	"io"
	"strconv"

	"github.com/inbasket/inbasket/connectors"
)

// Next returns decisions that nobody has fetched.
func (s *answers) Next(ctx context.Context, most int) ([]connectors.Result, error) {
	for {
		var list []connectors.Result
		err := s.call(ctx, "results", func() error {
			for _, d := range s.w.office.decisions {
				wanted := d.sent.IsZero()
				if !s.since.IsZero() {
					wanted = d.sent.After(s.since)
				}
				if wanted && !s.out[d.id] && len(list) < most {
					s.out[d.id], d.told = true, true
					if s.w.breaks(loseResult) && s.w.once() {
						d.sent = s.w.clock.Now()
						continue
					}
					list = append(list, d.result())
				}
			}
			return nil
		}, refuse, broken, cutBefore, hang, dieBefore, dieAfter, collapse)
		if !s.since.IsZero() && err == nil && len(list) == 0 {
			return nil, io.EOF
		}
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-s.w.clock.After(s.every):
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, errBusy
		}
	}
}

func (d *decision) result() connectors.Result {
	text := func(v string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: v} }
	id := strconv.FormatInt(d.id, 10)
	return connectors.Result{Handle: id, ID: id, Fields: map[string]connectors.Value{
		"ID": {Kind: connectors.Integer, Int: d.id}, "APP_ID": {Kind: connectors.Integer, Int: d.app}, "STATUS": text(d.status), "REASON": text(d.reason)}}
}

// Settle marks what the journal has.
func (s *answers) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	return s.call(ctx, "mark results", func() error {
		for _, r := range receipts {
			id, _ := strconv.ParseInt(r.Handle, 10, 64)
			if r.Verdict != connectors.Released && s.since.IsZero() {
				s.w.office.decisions[id-1].sent = s.w.clock.Now()
			}
			if s.since.IsZero() || r.Verdict == connectors.Released {
				delete(s.out, id)
			}
		}
		return nil
	}, refuse, cutBefore, cutAfter, hang, dieBefore, dieAfter, collapse)
}

func (s *answers) Close() error {
	if !s.over {
		s.over = true
		close(s.done)
	}
	return nil
}
