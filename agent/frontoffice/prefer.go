package frontoffice

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// preferWait returns the wait of Prefer headers (RFC 7240), in whole seconds; 0 when there is none or it
// makes no sense, since a preference is never an error.
func preferWait(headers []string) time.Duration {
	for _, h := range headers {
		for _, p := range strings.Split(h, ",") {
			p, _, _ = strings.Cut(p, ";")
			name, value, _ := strings.Cut(p, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil {
				return 0
			}
			return time.Duration(n) * time.Second
		}
	}
	return 0
}

// poll calls look until it says done, an event comes that may change its answer, the wait is over, the
// request ends, or the agent stops. It returns the Preference-Applied header, empty without a wait.
func (a *API) poll(ctx context.Context, q *call, look func() (done bool, err error)) (applied string, err error) {
	wait := min(preferWait(q.r.Header.Values("Prefer")), a.limits.Wait)
	changed := a.journal.Changed() // before looking, so that nothing falls in between
	done, err := look()
	if done || err != nil || wait <= 0 || !a.polls.TryAcquire() {
		return "", err
	}
	defer a.polls.Release()
	a.leave(q.account) // who waits holds no one up
	defer a.back(q.account)
	applied = "wait=" + strconv.FormatInt(int64(wait/time.Second), 10)
	q.patient(wait, a.clock)
	over := a.clock.After(wait)
	for {
		select {
		case <-changed:
		case <-over:
			_, err = look()
			return applied, err
		case <-a.stopping:
			return applied, nil
		case <-ctx.Done():
			return applied, ctx.Err()
		}
		changed = a.journal.Changed()
		if done, err = look(); done || err != nil {
			return applied, err
		}
	}
}
