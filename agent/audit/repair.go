package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/connectors/durable"
)

// reopen opens the last file and finds the end of the chain. It is called by Open, and again after a write failed.
func (l *Log) reopen() error {
	numbers, err := numbersIn(l.dir)
	if err != nil {
		return err
	}
	if len(numbers) == 0 {
		return l.create(1)
	}
	last := numbers[len(numbers)-1]
	if err := l.create(last); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(l.dir, fileName(last)))
	if err != nil {
		return err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	torn := text[len(whole):]
	if len(whole) == 0 && len(numbers) > 1 { // a crash right after the file was begun
		before, err := os.ReadFile(filepath.Join(l.dir, fileName(numbers[len(numbers)-2])))
		if err != nil {
			return err
		}
		whole = before[:bytes.LastIndexByte(before, '\n')+1]
	}
	if len(whole) > 0 {
		e, err := parse(lastLine(whole))
		if err != nil {
			return l.begin(last, e.N)
		}
		l.head = Head{N: e.N, Hash: e.Hash}
	}
	return l.setAside(torn)
}

// lastLine returns the last line of a text that ends in a line feed.
func lastLine(text []byte) []byte {
	text = text[:len(text)-1]
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// begin starts the chain anew behind a last line that is no entry: who changed it did not do so by halves, and
// the log must go on. Verify finds the place.
func (l *Log) begin(last int, n int64) error {
	_ = l.f.Close() // it is not written any more
	l.f = nil
	if err := l.create(last + 1); err != nil {
		return err
	}
	l.found.Damaged = true
	return l.anew(n, fileName(last), whyDamaged)
}

// Why a chain begins anew, as the entry says that begins it.
const (
	whyDamaged = "the last line is not an entry"
	whyForged  = "the log does not hold the entry that the journal remembers: its end was cut off, or it was written anew"
)

// anew writes the entry that says so, behind entry n. It continues nothing, so that Verify finds the place for good.
func (l *Log) anew(n int64, object, why string) error {
	l.head = Head{N: max(n, l.head.N), Hash: Genesis}
	_, err := l.append(Record{Who: "agent", Via: ViaSystem, Action: actionBroken, Object: object, Details: map[string]string{"why": why}})
	return err
}

// StartAnew begins the chain anew in a file of its own, because the log does not hold what somebody remembers of it. What
// is found wrong once must not look right again as soon as the log goes on.
func (l *Log) StartAnew(known Head) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.f == nil {
		return unwritten(os.ErrClosed)
	}
	err := l.next()
	if err == nil {
		err = l.anew(known.N, fmt.Sprintf("entry %d", known.N), whyForged)
	}
	if err != nil {
		return unwritten(err)
	}
	return nil
}

// setAside keeps what was torn in a file of its own, takes it out of the log and says so by an entry. A crash on
// the way is made good by the next call: the file's name carries the number that the entry has.
func (l *Log) setAside(torn []byte) error {
	name := fmt.Sprintf("torn-%d.txt", l.head.N+1)
	path := filepath.Join(l.dir, name)
	if len(torn) > 0 {
		if err := writeSynced(path, torn); err != nil {
			return err
		}
		l.size -= int64(len(torn))
		if err := l.f.Truncate(l.size); err != nil {
			return err
		}
	}
	kept, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	l.found.Torn, l.found.Kept = kept.Size(), path
	_, err = l.append(Record{Who: "agent", Via: ViaSystem, Action: "log-repaired", Object: name,
		Details: map[string]string{"bytes": strconv.FormatInt(kept.Size(), 10), "why": "the last line was never finished; what it told of was not carried out"}})
	return err
}

func writeSynced(path string, text []byte) error {
	f, err := disk.OpenOwned(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close(), durable.SyncDir(filepath.Dir(path)))
}

// numbersIn returns the numbers of a log's files, in order.
func numbersIn(dir string) ([]int, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range list {
		if n := numberOf(e.Name()); n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}
