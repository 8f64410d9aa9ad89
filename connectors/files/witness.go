package files

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// Evidence tells the names of the files that lie at the place, also of those under temporary names, by their final
// ones. What the legacy system has taken away leaves none.
func (d *Drop) Evidence(ctx context.Context, _ time.Time, each func(connectors.Trace) error) error {
	if err := d.prove(ctx); err != nil {
		return err
	}
	l, err := d.place.List(ctx, "")
	if err != nil {
		return local.Fault("list the folder", err)
	}
	defer func() { _ = l.Close() }()
	for {
		list, err := l.Next(portion)
		if err != nil {
			return local.Fault("list the folder", err)
		}
		if len(list) == 0 {
			return nil
		}
		for _, e := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			if e.Size == place.Unknown && !d.place.Traits().Listed {
				if e, err = d.place.Stat(ctx, e.Name); err != nil {
					continue // taken this moment
				}
			}
			if e.Kind != place.Regular || e.Name == d.proof {
				continue
			}
			t := connectors.Trace{Name: e.Name}
			if final, temporary := d.temps.of(e.Name); temporary {
				t.Name = final
			}
			if e.Mtime != 0 {
				t.At = time.Unix(0, e.Mtime)
			}
			if err := each(t); err != nil {
				return err
			}
		}
	}
}
