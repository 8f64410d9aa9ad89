package intake

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// lateReceipts is how many receipts wait at most for an in-basket that cannot clear away; older ones are
// told again as repeats after the next start.
const lateReceipts = 50_000

// answer tells the in-basket what became of its items, beside the rest of the flow. What it could not clear
// away is told again later, since an in-basket gives an item only once.
func (f *Intake) answer(ctx context.Context, name string, in connectors.Inbasket, taken <-chan []connectors.Receipt) {
	backoff := guard.Backoff{First: time.Second, Most: 5 * time.Minute}
	var late []connectors.Receipt
	var again <-chan time.Time
	failures := 0
	for {
		over := loop.Waiting(ctx)
		select {
		case receipts, ok := <-taken:
			over()
			if !ok {
				return
			}
			if f.settle(ctx, name, in, receipts, len(late) == 0) {
				continue
			}
			late = append(late, receipts...)
			late = late[max(0, len(late)-lateReceipts):]
			if again == nil {
				failures = 1
				again = f.Clock.After(backoff.After(failures, 0))
			}
		case <-again:
			over()
			again = nil
			if f.settle(ctx, name, in, late, false) {
				late = nil
				f.Log.Info().Str("in-basket", name).Msg("accepted forms are cleared away again")
				continue
			}
			failures++
			again = f.Clock.After(backoff.After(failures, 0))
		}
	}
}

// settle makes one attempt, and tells of a failure when it is news.
func (f *Intake) settle(ctx context.Context, name string, in connectors.Inbasket, receipts []connectors.Receipt, news bool) bool {
	// What was accepted is told even while the agent stops; else it comes again and is a repeat.
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	err := loop.Call(ctx, "settle forms", 0, func() error { return in.Settle(ctx, receipts) })
	if err == nil {
		return true
	}
	if news {
		code, text := guard.Describe(err)
		f.Log.Error().Str("code", code).Str("in-basket", name).Msg("accepted forms could not be cleared away; trying again: " + text)
		f.Counters.Notice(connectors.Notice{Code: code, Text: "in-basket " + name + ": accepted forms could not be cleared away: " + text})
	}
	return false
}
