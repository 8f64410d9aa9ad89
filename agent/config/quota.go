package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/diag"
)

// Quota bounds what one front office may send. What is 0, or not there, is not bounded.
type Quota struct {
	Rate        Rate  `yaml:"rate" doc:"requests of all kinds, such as 50/s, 600/min or 10000/h; as many may come at once"`
	BytesPerDay int64 `yaml:"bytes-per-day" doc:"bytes of forms with their attachments a day (UTC), such as 2GiB; known forms do not count"`
	Open        int64 `yaml:"open" doc:"forms that are neither delivered nor at their end"`
}

// Rate is so many in a time.
type Rate struct {
	Count int
	Per   time.Duration
}

// UnmarshalNode reads 50/s, 600/min or 10000/h.
func (r *Rate) UnmarshalNode(n *diag.Node) diag.Problems {
	number, unit, _ := strings.Cut(strings.ReplaceAll(n.Text, " ", ""), "/")
	count, err := strconv.Atoi(number)
	per, known := map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour}[unit]
	if n.Kind == diag.Map || n.Kind == diag.List || err != nil || count < 1 || !known {
		return diag.Problems{n.Problem(CodeInvalid, "not a number of requests in a time", "write one such as 50/s, 600/min or 10000/h")}
	}
	*r = Rate{count, per}
	return nil
}

// String writes the rate as the file would.
func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "min", time.Hour: "h"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Count, unit)
}

func (l *loader) quota(office string, q *Quota) {
	if q != nil && (q.BytesPerDay < 0 || q.Open < 0) {
		l.add(l.c.Problem(CodeInvalid, "bytes-per-day and open must not be negative", "", "front-offices", office, "quota"))
	}
}
