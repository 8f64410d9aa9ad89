package files

import (
	"context"
	"io/fs"
	"os"
	"time"

	"github.com/jlaffaye/ftp"

	"github.com/inbasket/inbasket/connectors"
)

// lister is a Place whose files can be listed. It calls each with every regular file; a time that the place does
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
		if final, temporary := d.temp.of(name); temporary {
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
	var entries []*ftp.Entry
	err := p.with(ctx, func(c *ftpConn) error {
		if err := c.ChangeDir(c.home); err != nil {
			return dirFault(err)
		}
		list, err := c.List("-a") // with the hidden ones, where the server knows the option
		if err == nil && len(list) == 0 || replyCode(err) >= 500 {
			list, err = c.List("")
		}
		if err != nil && replyCode(err) != ftp.StatusFileUnavailable { // 550: empty
			return ftpFault("list the folder", err)
		}
		entries = list
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type != ftp.EntryTypeFile {
			continue
		}
		name := e.Name
		if p.enc != nil {
			if s, err := p.enc.NewDecoder().String(name); err == nil {
				name = s
			}
		}
		if err := each(name, e.Time); err != nil {
			return err
		}
	}
	return nil
}
