package files

import (
	"context"
	"errors"
	"io/fs"

	"github.com/inbasket/inbasket/connectors"
)

// trialBytes is what a trial file holds.
const trialBytes = "inbasket check\n"

// trialName is a temporary name like those of deliveries, which legacy systems leave alone. What stands for the file's
// own name is fit for every kind of server.
func trialName(temps tempNames, which string) string {
	return temps.piece("inbasket check", 0, connectors.File{Name: "INBCHK" + which}).temp
}

// Examine checks, and tries out what a delivery needs: to put a file, to see its size, to rename it, to take it away.
// The file has temporary names only, and is gone afterwards.
func (d *Drop) Examine(ctx context.Context, _ []connectors.Work) ([]connectors.Finding, error) {
	if err := d.Check(ctx); err != nil {
		return nil, err
	}
	return d.try(ctx)
}

// listing is a Place whose folder may be closed to listing.
type listing interface{ lists(context.Context) error }

func (d *Drop) try(ctx context.Context) (found []connectors.Finding, err error) {
	first, second := trialName(d.temps, "1"), trialName(d.temps, "2")
	for _, name := range []string{first, second} { // of a trial that could not take its file away
		if gone, err := d.takeAway(ctx, name); err != nil || gone != nil {
			return gone, err
		}
	}
	found, err = d.putAndRename(ctx, first, second)
	for _, name := range []string{first, second} {
		gone, e := d.takeAway(ctx, name)
		found, err = append(found, gone...), errors.Join(err, e)
	}
	return found, err
}

// putAndRename does with a trial file what a delivery does with its own, and lists the folder: now that a file lies
// there, a refusal cannot mean that there is none.
func (d *Drop) putAndRename(ctx context.Context, first, second string) ([]connectors.Finding, error) {
	one := func(warning bool, what, cure string, err error) ([]connectors.Finding, error) {
		if !isRefusal(err) {
			return nil, err
		}
		return []connectors.Finding{d.finding(warning, what, cure, err)}, nil
	}
	if err := d.place.Put(ctx, first, connectors.BytesBlob([]byte(trialBytes))); err != nil {
		return one(false, "put a file and see its size", "grant the account the right to create files there (STOR) and to see their size (SIZE, MLST or LIST)", err)
	}
	if err := d.place.Commit(ctx, first, second); err != nil {
		return one(false, "rename a file", "grant the account the right to rename files there (RNFR and RNTO): each file comes under a temporary name first", err)
	}
	if l, ok := d.place.(listing); ok {
		if err := l.lists(ctx); err != nil {
			return one(true, "list the folder", "allow LIST or NLST: the agent then finds files whose size the server does not tell, and what came since a backup", err)
		}
	}
	if size, err := d.place.Stat(ctx, second); err == nil && size == unknownSize {
		return []connectors.Finding{{Warning: true, Code: CodeFTPTruncated, Work: -1, Path: d.section(), Message: "the server does not tell the size of a file: each is read back before it is renamed",
			Cure: "allow SIZE, MLST or LIST"}}, nil
	}
	return nil, nil
}

// takeAway removes a trial file and sees that it is gone.
func (d *Drop) takeAway(ctx context.Context, name string) ([]connectors.Finding, error) {
	_, err := d.place.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = d.place.Remove(ctx, name)
	}
	if err == nil {
		if _, e := d.place.Stat(ctx, name); errors.Is(e, fs.ErrNotExist) {
			return nil, nil
		}
		err = &connectors.Error{Class: connectors.TargetError, Code: CodePermission, Op: "remove a file"}
	}
	if !isRefusal(err) {
		return nil, err
	}
	return []connectors.Finding{d.finding(false, "delete a file", "grant the account the right to delete files there (DELE), and remove "+name+", which lies there now", err)}, nil
}

// isRefusal tells what the other side does not allow from what may work the next time.
func isRefusal(err error) bool {
	return err != nil && connectors.ClassOf(err) != connectors.Uncertain && (connectors.ClassOf(err) != connectors.Transient || replyCode(err) >= 500)
}

// finding says which right is missing, at the target's section of the configuration.
func (d *Drop) finding(warning bool, what, cure string, err error) connectors.Finding {
	f := connectors.Finding{Warning: warning, Code: CodePermission, Work: -1, Path: d.section(), Message: "the account may not " + what + " there", Cure: cure, Raw: err.Error()}
	var e *connectors.Error
	if errors.As(err, &e) && e.Code != CodeFTPRefused {
		f.Code = e.Code
	}
	return f
}

// section is where the configuration names the folder.
func (d *Drop) section() []any {
	if _, ok := d.place.(local); ok {
		return []any{"path"}
	}
	return []any{"dir"}
}

// lists tells whether the account may list the folder.
func (p *ftpPlace) lists(ctx context.Context) error {
	return p.with(ctx, func(c *ftpConn) error {
		err := c.lines("NLST", func(string) {})
		if err == nil || replyCode(err) == ftpFileBusy { // nothing to list: names that begin with a dot may be left out
			return nil
		}
		return ftpFault("list the folder", err)
	})
}
