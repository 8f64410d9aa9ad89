package sqlite

import (
	"encoding/binary"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// SQLite overwrites what is deleted (secure_delete), but where it moves rows from page to page it leaves copies
// behind in the unused middle of a page. Scrubbing overwrites those too, so that a purged form can be read nowhere
// in the file. The layout of pages is that of https://www.sqlite.org/fileformat2.html, section 1.6, and is frozen.

// scrubPages is how many pages one look takes.
const scrubPages = 128

// maxScrubbed is how many pages a file may have to be scrubbed: in a larger one the first byte of a page does not
// tell what it is.
const maxScrubbed = 1 << 25

// Remains finds pages whose unused parts hold something.
func (e *Engine) Remains(c *engine.Conn, from int64) (pages []int64, next int64, err error) {
	from = max(from, 1)
	count, err := c.Number("PRAGMA page_count")
	if err != nil || count >= maxScrubbed {
		return nil, 0, err
	}
	next = min(from+scrubPages, count+1)
	for n := from; n < next; n++ {
		page, err := pageOf(c, n)
		if err != nil {
			return nil, 0, err
		}
		if scrub(n, page) {
			pages = append(pages, n)
		}
	}
	if next > count {
		next = 0
	}
	return pages, next, nil
}

// Overwrite scrubs pages.
func (e *Engine) Overwrite(c *engine.Conn, pages []int64) error {
	for _, n := range pages {
		page, err := pageOf(c, n) // as it is now
		if err != nil {
			return err
		}
		if !scrub(n, page) {
			continue
		}
		if _, err := c.Exec("UPDATE sqlite_dbpage SET data=? WHERE pgno=?", page, n); err != nil {
			return err
		}
	}
	return nil
}

func pageOf(c *engine.Conn, n int64) ([]byte, error) {
	return engine.Value[[]byte](c, "SELECT data FROM sqlite_dbpage WHERE pgno=?", n)
}

// scrub overwrites the unused parts of a page of a b-tree and reports whether there was something in them. A page
// that is none, or that is not as it should be, stays as it is.
func scrub(number int64, page []byte) (changed bool) {
	b, ok := layoutOf(number, page)
	if !ok {
		return false
	}
	wipe := func(from, to int) {
		for i := from; i < to; i++ {
			changed = changed || page[i] != 0
			page[i] = 0
		}
	}
	wipe(b.gap, b.content)
	for at := b.free; at != 0; at = int(binary.BigEndian.Uint16(page[at:])) {
		wipe(at+4, at+int(binary.BigEndian.Uint16(page[at+2:])))
	}
	return changed
}

// layout says where the unused parts of a page are.
type layout struct {
	gap     int // first byte behind the pointers to cells
	content int // first byte of cells
	free    int // first of the free blocks, which are chained; 0: none
}

// layoutOf reads the head of a page and checks everything that scrub relies on.
func layoutOf(number int64, page []byte) (b layout, ok bool) {
	head := 0
	if number == 1 {
		head = 100
	}
	if len(page) < 512 {
		return b, false
	}
	width := 8
	switch page[head] {
	case 2, 5:
		width = 12
	case 10, 13:
	default:
		return b, false
	}
	cells := int(binary.BigEndian.Uint16(page[head+3:]))
	b.free = int(binary.BigEndian.Uint16(page[head+1:]))
	b.content = int(binary.BigEndian.Uint16(page[head+5:]))
	if b.content == 0 {
		b.content = 65536
	}
	b.gap = head + width + 2*cells
	if b.gap > b.content || b.content > len(page) {
		return b, false
	}
	for i := head + width; i < b.gap; i += 2 {
		if cell := int(binary.BigEndian.Uint16(page[i:])); cell < b.content || cell >= len(page) {
			return b, false
		}
	}
	return b, b.chained(page)
}

// chained checks the free blocks: in order, apart from each other, within the cells.
func (b layout) chained(page []byte) bool {
	for last, at := b.content, b.free; at != 0; {
		if at < last || at+4 > len(page) {
			return false
		}
		size := int(binary.BigEndian.Uint16(page[at+2:]))
		if size < 4 || at+size > len(page) {
			return false
		}
		last, at = at+size, int(binary.BigEndian.Uint16(page[at:]))
	}
	return true
}
