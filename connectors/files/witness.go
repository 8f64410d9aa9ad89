package files

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// lister is a Place whose files can be entry. It calls each with every regular file; a time that the place does
// not tell is zero.
type lister interface {
	List(ctx context.Context, each func(name string, at time.Time) error) error
}

// Evidence tells the names of the files that lie at the place, also of those under temporary names, by their final
// ones. What the legacy system has taken away leaves none.
func (d *Drop) Evidence(ctx context.Context, _ time.Time, each func(connectors.Trace) error) error {
	l, ok := d.place.(lister)
	if !ok {
		return connectors.ErrNoEvidence
	}
	if err := d.prove(ctx); err != nil {
		return err
	}
	return l.List(ctx, func(name string, at time.Time) error {
		if name == d.proof {
			return nil
		}
		if final, temporary := d.temps.of(name); temporary {
			name = final
		}
		return each(connectors.Trace{Name: name, At: at})
	})
}

// List lists the folder.
func (l local) List(ctx context.Context, each func(string, time.Time) error) error {
	d, err := os.Open(l.dir)
	if err != nil {
		return fault("list the folder", err)
	}
	defer func() { _ = d.Close() }()
	for {
		entries, err := d.ReadDir(portion)
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() {
				continue // taken this moment, or no file
			}
			if err := each(info.Name(), info.ModTime()); err != nil {
				return err
			}
		}
		if len(entries) == 0 {
			if pathErr, bad := err.(*fs.PathError); bad {
				return fault("list the folder", pathErr)
			}
			return nil
		}
	}
}

// List lists the folder on the server.
func (p *ftpPlace) List(ctx context.Context, each func(string, time.Time) error) error {
	var entries []entry
	err := p.with(ctx, func(c *ftpConn) error {
		if err := c.proveFolder(); err != nil {
			return err
		}
		list, rest, err := c.entries()
		if err == nil && len(rest) > 0 { // lines that are not understood: names at least
			var names []string
			names, err = c.names()
			for _, n := range names {
				if !slices.ContainsFunc(list, func(e entry) bool { return named(n, e.name) }) {
					list = append(list, entry{name: n[strings.LastIndexAny(n, "/\\")+1:]})
				}
			}
		}
		if err != nil {
			return ftpFault("list the folder", err)
		}
		entries = list
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.dir {
			continue
		}
		name := e.name
		if p.enc != nil {
			if s, err := p.enc.NewDecoder().String(name); err == nil {
				name = s
			}
		}
		if err := each(name, e.at); err != nil {
			return err
		}
	}
	return nil
}
