package journal

import (
	"database/sql/driver"
	"strings"
	"sync"
)

// word stands for a text that many rows share: a name of a route, target, office, source. 0 is the empty text.
type word int64

// words is the table of them in memory. The writer adds; readers may be on other goroutines.
type words struct {
	mu    sync.RWMutex
	text  map[word]string
	id    map[string]word
	last  word
	fresh []word // added by the transaction under way
}

func newWords() *words {
	return &words{text: map[word]string{0: ""}, id: map[string]word{"": 0}}
}

// load reads what is on disk and not yet known.
func (w *words) load(c *conn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.query("SELECT id, text FROM word WHERE id>?", []any{w.last}, func(row []driver.Value) error {
		id := word(integer(row[0]))
		w.text[id], w.id[text(row[1])] = text(row[1]), id
		w.last = max(w.last, id)
		return nil
	})
}

func (w *words) get(id word) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.text[id]
}

func (w *words) find(s string) (word, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	id, ok := w.id[s]
	return id, ok
}

// put returns the word for s and makes it if need be. Only the writer calls it.
func (w *words) put(c *conn, s string) (word, error) {
	if id, ok := w.find(s); ok {
		return id, nil
	}
	id := w.last + 1
	if _, err := c.exec("INSERT INTO word(id, text) VALUES(?, ?)", id, s); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text[id], w.id[s], w.last = s, id, id
	w.fresh = append(w.fresh, id)
	return id, nil
}

// forget drops the words that were added after the first n of the transaction under way.
func (w *words) forget(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.fresh[n:] {
		delete(w.id, w.text[id])
		delete(w.text, id)
	}
	if len(w.fresh) > n {
		w.last = w.fresh[n] - 1
	}
	w.fresh = w.fresh[:n]
}

// settle keeps the words of the transaction that was committed.
func (w *words) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = w.fresh[:0]
}

// A list of targets is one word: the names joined by a character that no name holds.
const listSeparator = "\x1f"

func joinList(s []string) string { return strings.Join(s, listSeparator) }

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, listSeparator)
}
