package journal

import (
	"strings"
	"sync"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// NameID stands for a name that many rows share: of a route, target, office, source. 0 is the empty name.
type NameID int64

// names is the table of them in memory, and the writer's engine.Words. The writer adds; readers may be on other goroutines.
type names struct {
	mu    sync.RWMutex
	texts map[NameID]string
	ids   map[string]NameID
	last  NameID
	fresh []NameID // added by the transaction under way
}

func newNames() *names {
	return &names{texts: map[NameID]string{0: ""}, ids: map[string]NameID{"": 0}}
}

// load reads what is on disk and not yet known.
func (w *names) load(c *engine.Conn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return engine.Each(c, "SELECT id, text FROM word WHERE id>?", []any{w.last}, func(n struct {
		ID   NameID
		Text string
	}) error {
		w.texts[n.ID], w.ids[n.Text] = n.Text, n.ID
		w.last = max(w.last, n.ID)
		return nil
	})
}

func (w *names) text(id NameID) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.texts[id]
}

func (w *names) find(s string) (NameID, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	id, ok := w.ids[s]
	return id, ok
}

// put returns the number of s and makes it if need be. Only the writer calls it.
func (w *names) put(c *engine.Conn, s string) (NameID, error) {
	if id, ok := w.find(s); ok {
		return id, nil
	}
	id := w.last + 1
	if _, err := c.Exec("INSERT INTO word(id, text) VALUES(?, ?)", id, s); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts[id], w.ids[s], w.last = s, id, id
	w.fresh = append(w.fresh, id)
	return id, nil
}

// Text is the writer's look-up.
func (w *names) Text(_ *engine.Conn, n int64) string { return w.text(NameID(n)) }

// Number is the writer's look-up, which adds what is new.
func (w *names) Number(c *engine.Conn, s string) (int64, error) {
	id, err := w.put(c, s)
	return int64(id), err
}

// reading is engine.Words for a reader: it adds nothing, and reads again what a running agent may have added.
type reading struct{ j *Journal }

func (r reading) reload(c *engine.Conn) bool { return r.j.readOnly && r.j.names.load(c) == nil }

// Text returns the text of a name.
func (r reading) Text(c *engine.Conn, n int64) string {
	s := r.j.names.text(NameID(n))
	if s == "" && n != 0 && r.reload(c) {
		s = r.j.names.text(NameID(n))
	}
	return s
}

// Number returns the number of a name; -1, which no row has, where the journal has never seen it.
func (r reading) Number(c *engine.Conn, s string) (int64, error) {
	id, ok := r.j.names.find(s)
	if !ok && r.reload(c) {
		id, ok = r.j.names.find(s)
	}
	if !ok {
		return -1, nil
	}
	return int64(id), nil
}

// forget drops the names that were added after the first n of the transaction under way.
func (w *names) forget(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.fresh[n:] {
		delete(w.ids, w.texts[id])
		delete(w.texts, id)
	}
	if len(w.fresh) > n {
		w.last = w.fresh[n] - 1
	}
	w.fresh = w.fresh[:n]
}

// settle keeps the names of the transaction that was committed.
func (w *names) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = w.fresh[:0]
}

// A list of targets is one name.
func JoinList(s []string) string { return strings.Join(s, engine.Separator) }

// SplitList reads what JoinList wrote.
func SplitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, engine.Separator)
}
