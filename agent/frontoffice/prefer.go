package frontoffice

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
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

// busyPoll is when whoever would wait beyond the number that may do so is to ask again.
const busyPoll = 5 * time.Second

// poll calls look until it says done: whenever the submission has moved or, with ID 0, the office has another event. It
// ends with the wait, with the request, and when the agent stops. It returns the Preference-Applied header, empty without a wait.
func (a *API) poll(ctx context.Context, q *call, id journal.ID, look func() (done bool, err error)) (applied string, err error) {
	wait := min(preferWait(q.r.Header.Values("Prefer")), a.limits.Wait)
	if wait <= 0 {
		_, err = look()
		return "", err
	}
	news, stop := a.journal.Watch(q.office, id) // before looking, so that nothing falls in between
	defer func() { stop() }()
	done, err := look()
	if done || err != nil {
		return "", err
	}
	if !a.polls.TryAcquire() { // answered without a wait, the client would ask again at once
		return "", problem(http.StatusServiceUnavailable, CodeBusy, "too many requests wait at once, and there is no news; repeat after the time in Retry-After, or ask without Prefer: wait").Later(busyPoll)
	}
	defer a.polls.Release()
	a.reads.leave(q.account) // who waits holds no one up
	defer a.reads.back(q.account)
	applied = "wait=" + strconv.FormatInt(int64(wait/time.Second), 10)
	q.patient(wait, a.clock)
	over := a.clock.After(wait)
	for {
		select {
		case <-news:
		case <-over:
			select {
			case <-news: // in the same moment
				_, err = look()
			default: // it is as it was: many wait, and few of them for something that has happened
			}
			return applied, err
		case <-a.stopping:
			return applied, nil
		case <-ctx.Done():
			return applied, ctx.Err()
		}
		stop()
		news, stop = a.journal.Watch(q.office, id)
		if done, err = look(); done || err != nil {
			return applied, err
		}
	}
}
