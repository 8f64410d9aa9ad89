package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Posted counts the forms that an office has posted since, and the bytes of them and their attachments, as far as they are kept.
func (j *Journal) Posted(ctx context.Context, office string, since time.Time) (forms, bytes int64, err error) {
	var large []connectors.Digest
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		http, posts := j.nameID(c, "http")
		if !ok || !posts {
			return nil
		}
		first := ID(max(since.UnixMilli()-idEpoch, 0)) << idLow
		const sql = "SELECT coalesce(nullif(%s, 0), length(f.body), 0), f.digest, s.files FROM submission s JOIN form f ON f.id=s.id WHERE s.id>=? AND s.office=? AND s.inbasket=?"
		return engine.Each(c, fmt.Sprintf(sql, j.formSize()), []any{first, w, http}, func(r struct {
			Size   int64
			Digest connectors.Digest
			Files  string
		}) error {
			forms++
			bytes += r.Size
			if r.Digest != (connectors.Digest{}) {
				large = append(large, r.Digest)
			}
			files, err := decodeFiles(r.Files)
			for _, f := range files {
				bytes += f.Size
			}
			return err
		})
	})
	for _, d := range large {
		n, e := j.content.Size(d)
		if e != nil {
			err = errors.Join(err, e)
		}
		bytes += n
	}
	return forms, bytes, err
}

// OpenOf counts the submissions of routes that are accepted or parked: neither delivered nor at their end.
func (j *Journal) OpenOf(ctx context.Context, routes []string) (n int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		n = 0
		for _, route := range routes {
			w, ok := j.nameID(c, route)
			if !ok {
				continue
			}
			some, err := c.Number("SELECT coalesce(sum(n), 0) FROM tally WHERE kind=? AND a=? AND b IN (?, ?)", tallyState, w, states.Accepted, states.Parked)
			if err != nil {
				return err
			}
			n += some
		}
		return nil
	})
	return n, err
}
