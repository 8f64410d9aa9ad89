package write

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
)

// A server has few words for what its triggers, types and functions do: a refusal of one row may look like a fault of the
// system. Whose it is shows when the rows go apart: what it refuses alone, and takes others of the same writes meanwhile, is
// that submission's.

// taken remembers what the system took, and what it refused alone as if it were at fault.
type taken struct {
	mu    sync.Mutex
	n     int64                       // transactions so far
	last  map[*connectors.Shape]int64 // that wrote by this write
	since map[string]int64            // by key of a delivery: when the call began in which it was refused first
}

// mostRefused bounds what is remembered of deliveries that never come again.
const mostRefused = 10_000

func (t *taken) now() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// wrote takes in what one transaction wrote, and tells whether that was anything.
func (t *taken) wrote(items []*item) (some bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	for _, it := range items {
		delete(t.since, it.delivery.Key)
		if it.before {
			continue
		}
		some = true
		for _, s := range shapesOf(it.delivery) {
			t.last[s] = t.n
		}
	}
	return some
}

// others tells whether all writes of a delivery that is refused alone were done for others since it was refused first, in a
// call that began then.
func (t *taken) others(d *connectors.Delivery, began int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	since, again := t.since[d.Key]
	if !again {
		since = began
	}
	if slices.ContainsFunc(shapesOf(d), func(s *connectors.Shape) bool { return t.last[s] <= since }) {
		if len(t.since) >= mostRefused {
			clear(t.since)
		}
		t.since[d.Key] = since
		return false
	}
	delete(t.since, d.Key)
	return true
}

// parting is one group on its way, and what became of its items so far.
type parting struct {
	t     *Writer
	k     *catalog.Known
	began int64
	alone []lone
	wrote bool // some of it
}

// lone is an item that was refused alone as if the system were at fault.
type lone struct {
	item *item
	err  *connectors.Error
}

// mostAlone is how many items are tried alone before the system is taken to be at fault for all, as long as it takes none.
const mostAlone = 3

// divide writes items, splitting them where not all need be refused. It returns the error that makes going on pointless;
// then every item has an outcome too.
func (p *parting) divide(ctx context.Context, items []*item) *connectors.Error {
	for len(items) > 0 {
		v := p.t.once(ctx, p.k, items)
		if v == nil {
			p.wrote = p.t.taken.wrote(items) || p.wrote
			return nil
		}
		if v.Err.Class != connectors.ItemError && !v.MaybeRow && v.By == nil {
			for _, it := range items {
				it.fail(v.Err)
			}
			return v.Err
		}
		if len(items) == 1 {
			return p.refused(items[0], v)
		}
		if v.Item >= 0 {
			halt := p.refused(items[v.Item], v)
			items = append(append([]*item{}, items[:v.Item]...), items[v.Item+1:]...)
			if halt != nil {
				untried(items, halt)
				return halt
			}
			continue
		}
		mid := len(items) / 2
		if halt := p.divide(ctx, items[:mid]); halt != nil {
			untried(items[mid:], halt)
			return halt
		}
		items = items[mid:]
	}
	return nil
}

// refused takes in that one item is refused. The error is that of the system, when it has refused enough and taken nothing.
func (p *parting) refused(it *item, r *database.Refusal) *connectors.Error {
	if !r.MaybeRow {
		it.fail(r.Err)
		if it.judged = r.By != nil; it.judged {
			it.outcome.Reject, it.outcome.Text = r.By.Reject, cmp.Or(r.By.Text, it.outcome.Text)
		}
		return nil
	}
	err := *r.Err
	err.Hint = wordsWith(it)
	it.fail(&err)
	p.alone = append(p.alone, lone{it, &err})
	if len(p.alone) < mostAlone || p.wrote {
		return nil
	}
	return &err
}

// judge says whose fault it is that items were refused alone. The error is that of the system, if it took nothing at all.
func (p *parting) judge() (halt *connectors.Error) {
	for _, l := range p.alone {
		if !p.t.taken.others(l.item.delivery, p.began) {
			halt = l.err
			continue
		}
		err := *l.err
		err.Class, err.Hint = connectors.ItemError, "the system takes others of the same writes and refuses this one: mend its data, the mapping, or what the table does with it; "+l.err.Hint
		l.item.fail(&err)
	}
	if p.wrote {
		return nil
	}
	return halt
}

// wordsWith says where the system's own words are.
func wordsWith(it *item) string {
	return "the system's own words are with the submission: inbasket show " + it.delivery.Submission + " --raw"
}
