package drop

import (
	"context"
	"errors"
	"io/fs"
	"net/textproto"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
)

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
	if err := d.place.Put(ctx, first, place.Trial(), false); err != nil {
		return one(false, "put a file and see its size", "grant the account the right to create files there (STOR) and to see their size (SIZE, MLST or LIST)", err)
	}
	if err := d.place.Rename(ctx, first, second); err != nil {
		return one(false, "rename a file", "grant the account the right to rename files there (RNFR and RNTO): each file comes under a temporary name first", err)
	}
	if l, ok := d.place.(place.Closed); ok {
		if err := l.Lists(ctx); err != nil {
			return one(true, "list the folder", "allow LIST or NLST: the agent then finds files whose size the server does not tell, and what came since a backup", err)
		}
	}
	if info, err := d.place.Stat(ctx, second); err == nil && info.Size == place.Unknown {
		return []connectors.Finding{{Warning: true, Code: ftp.CodeTruncated, Work: -1, Path: []any{d.section}, Message: "the server does not tell the size of a file: each is read back before it is renamed",
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
		err = &connectors.Error{Class: connectors.TargetError, Code: place.CodePermission, Op: "remove a file"}
	}
	if !isRefusal(err) {
		return nil, err
	}
	return []connectors.Finding{d.finding(false, "delete a file", "grant the account the right to delete files there (DELE), and remove "+name+", which lies there now", err)}, nil
}

// isRefusal tells what the other side does not allow from what may work the next time.
func isRefusal(err error) bool {
	var answer *textproto.Error
	return err != nil && connectors.ClassOf(err) != connectors.Uncertain && (connectors.ClassOf(err) != connectors.Transient || errors.As(err, &answer) && answer.Code >= 500)
}

// finding says which right is missing, at the target's section of the configuration.
func (d *Drop) finding(warning bool, what, cure string, err error) connectors.Finding {
	f := connectors.Finding{Warning: warning, Code: place.CodePermission, Work: -1, Path: []any{d.section}, Message: "the account may not " + what + " there", Cure: cure, Raw: err.Error()}
	var e *connectors.Error
	if errors.As(err, &e) && e.Code != ftp.CodeRefused {
		f.Code = e.Code
	}
	return f
}
