package frontoffice

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Quota bounds what one front office may send; 0 is no bound.
type Quota struct {
	Requests int           // of all kinds, in Per
	Per      time.Duration // what Requests are counted in
	Bytes    int64         // of forms and attachments a day, in UTC
	Open     int64         // submissions that are accepted or parked
}

// The words for what a quota bounds, as in the configuration.
const (
	OverRate  = "rate"
	OverBytes = "bytes-per-day"
	OverOpen  = "open"
)

// Usage is how a front office stands against its quota.
type Usage struct {
	Office  string
	Quota   Quota
	Bytes   int64            // today
	Open    int64            // now
	Refused map[string]int64 // since the start, by what was over
}

// account is one front office while the agent runs; it outlives reloads.
type account struct {
	name             string
	writing, reading atomic.Int64 // being answered
	held             atomic.Int64 // bytes of forms being received

	mu      sync.Mutex
	quota   Quota
	routes  []string
	tokens  float64   // requests that may come at once
	filled  time.Time // when tokens were last added
	day     int64     // since 1970, that bytes are of
	counted bool      // bytes hold what the journal has of the day
	bytes   int64
	coming  int64 // bytes of requests under way, as they say
	posts   int64 // under way
	refused map[string]int64
}

func (x *account) configure(o Office) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quota.Requests != o.Quota.Requests || x.quota.Per != o.Quota.Per {
		x.tokens, x.filled = float64(o.Quota.Requests), time.Time{}
	}
	x.quota, x.routes = o.Quota, o.Routes
}

// rate takes one request out of what may come now; else it says how long to wait.
func (x *account) rate(now time.Time) (wait time.Duration, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quota.Requests <= 0 {
		return 0, true
	}
	most := float64(x.quota.Requests)
	each := x.quota.Per / time.Duration(x.quota.Requests)
	since := max(0, now.Sub(x.filled))
	x.tokens, x.filled = min(most, x.tokens+since.Seconds()/x.quota.Per.Seconds()*most), now
	if x.tokens < 1 {
		x.refused[OverRate]++
		return time.Duration((1 - x.tokens) * float64(each)), false
	}
	x.tokens--
	return 0, true
}

// unseeded returns the time whose forms are to be counted before the first request; 0: they were counted, or need not be.
func (x *account) unseeded() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quota.Requests <= 0 || !x.filled.IsZero() {
		return 0
	}
	return x.quota.Per
}

// seed takes forms that came before a start out of what may come now.
func (x *account) seed(now time.Time, forms int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.filled.IsZero() {
		x.tokens, x.filled = max(0, x.tokens-float64(forms)), now
	}
}

// tooOften refuses a request that comes before its time. A start gives nobody another burst: forms outlive it in the journal.
func (a *API) tooOften(ctx context.Context, x *account) *Problem {
	if per := x.unseeded(); per > 0 {
		forms, _, err := a.journal.Posted(ctx, x.name, a.clock.Now().Add(-per))
		if err != nil {
			a.report(err)
			return internal()
		}
		x.seed(a.clock.Now(), forms)
	}
	wait, ok := x.rate(a.clock.Now())
	if ok {
		return nil
	}
	a.over(x.name, OverRate)
	x.mu.Lock()
	defer x.mu.Unlock()
	return problem(http.StatusTooManyRequests, CodeQuota, "you may send %d requests in %s", x.quota.Requests, x.quota.Per).Later(wait)
}

// post is one form on its way in, as its front office's quota sees it.
type post struct {
	account  *account
	declared int64    // bytes that are taken out of the quota
	over     *Problem // only a known form is taken; nil: any
}

// begin counts a form in. Whether it is too much is no word about a form that is known already: that is told when it has been read.
func (a *API) begin(ctx context.Context, x *account, declared int64) (p *post, err error) {
	p = &post{account: x}
	x.mu.Lock()
	quota, routes := x.quota, x.routes
	x.posts++ // before the journal is asked, so that none falls in between
	posts := x.posts
	x.mu.Unlock()
	defer func() {
		if err != nil {
			p.end(0, 0, true)
		}
	}()
	if a.room != nil && !a.room(max(0, declared)) {
		p.over = noRoom()
		return p, nil
	}
	if quota.Open > 0 {
		open, err := a.journal.OpenOf(ctx, routes)
		if err != nil {
			return p, err
		}
		if open+posts > quota.Open {
			p.over = a.refuse(x, OverOpen, time.Minute, fmt.Sprintf("you may have %d forms that are not delivered", quota.Open))
			return p, nil
		}
	}
	if quota.Bytes > 0 {
		if err := a.count(ctx, x); err != nil {
			return p, err
		}
		if !p.grow(max(1, declared)) {
			p.over = a.refuse(x, OverBytes, untilMidnight(a.clock.Now()), fmt.Sprintf("you may send %d bytes a day; the day begins at 00:00 UTC", quota.Bytes))
		}
	}
	return p, nil
}

// grow takes bytes that come, or are said to come, out of what may come today, if there are as many.
func (p *post) grow(n int64) bool {
	x := p.account
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quota.Bytes > 0 && n > x.quota.Bytes-x.bytes-x.coming {
		return false
	}
	p.declared += n
	x.coming += n
	return true
}

// refuse makes the answer for what is over.
func (a *API) refuse(x *account, what string, after time.Duration, text string) *Problem {
	a.over(x.name, what)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refused[what]++
	return notNow(http.StatusTooManyRequests, CodeQuota, text, after)
}

const roomEvery = 4 << 20 // bytes of a body between two looks for room on the disk

// came follows the bytes of a form as they come. What did not say its length is counted as it goes: once it is too much, the rest
// is only read to see whether the form is known.
func (a *API) came(p *post, n, total int64) error {
	if p.over != nil {
		return nil
	}
	if a.room != nil && total/roomEvery != (total-n)/roomEvery && !a.room(0) {
		return errRoom
	}
	if x := p.account; total > p.declared && !p.grow(total-p.declared) {
		p.over = a.refuse(x, OverBytes, untilMidnight(a.clock.Now()), "you have sent the bytes of a day; the day begins at 00:00 UTC")
	}
	return nil
}

// end counts a form out: what it brought is used up, unless it was known. Of one that was too much only what is kept counts.
func (p *post) end(n, kept int64, known bool) {
	x := p.account
	x.mu.Lock()
	defer x.mu.Unlock()
	x.posts--
	x.coming -= p.declared
	if !known {
		if p.over != nil {
			n = kept
		}
		x.bytes += n
	}
}

// count makes bytes those of today: after a start, and at midnight, they are read from the journal.
func (a *API) count(ctx context.Context, x *account) error {
	const day = 24 * 60 * 60
	today := a.clock.Now().Unix() / day
	x.mu.Lock()
	counted := x.counted && x.day == today
	x.mu.Unlock()
	if counted {
		return nil
	}
	_, n, err := a.journal.Posted(ctx, x.name, time.Unix(today*day, 0))
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.counted || x.day != today {
		x.day, x.counted, x.bytes = today, true, n
	}
	return nil
}

func untilMidnight(now time.Time) time.Duration {
	now = now.UTC()
	return now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
}

// Usages tells how the front offices that have a quota stand.
func (a *API) Usages(ctx context.Context) ([]Usage, error) {
	var out []Usage
	for _, x := range a.offices.Load().accounts {
		x.mu.Lock()
		u, routes := Usage{Office: x.name, Quota: x.quota, Refused: map[string]int64{}}, x.routes
		x.mu.Unlock()
		if u.Quota == (Quota{}) {
			continue
		}
		var err error
		if u.Open, err = a.journal.OpenOf(ctx, routes); err != nil {
			return nil, err
		}
		if err := a.count(ctx, x); err != nil {
			return nil, err
		}
		x.mu.Lock()
		u.Bytes = x.bytes
		for what, n := range x.refused {
			u.Refused[what] = n
		}
		x.mu.Unlock()
		out = append(out, u)
	}
	return out, nil
}

// noRoom refuses a form while the disk has only what the agent keeps back for its own work.
func noRoom() *Problem {
	return notNow(http.StatusServiceUnavailable, CodeNoSpace, "the agency's disk is nearly full", time.Minute)
}
