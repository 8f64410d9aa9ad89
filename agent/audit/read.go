package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Filter selects entries. Its zero value selects all.
type Filter struct {
	Since  time.Time `json:"since,omitzero"`
	Who    string    `json:"who,omitempty"`
	Action string    `json:"action,omitempty"`
	Object string    `json:"object,omitempty"`
	After  int64     `json:"after,omitempty"` // entries with a higher number
	Last   int       `json:"last,omitempty"`  // only the last so many that fit; 0: all
}

func (f Filter) fits(e Entry) bool {
	return (f.Since.IsZero() || !e.At.Before(f.Since)) && (f.Who == "" || f.Who == e.Who) && (f.Action == "" || f.Action == e.Action) &&
		(f.Object == "" || f.Object == e.Object) && e.N > f.After
}

// Read returns the entries of the log in dir that a filter selects, oldest first. Lines that are no entries are
// left out: Verify is what speaks of them. A log that does not exist is empty.
func Read(ctx context.Context, dir string, f Filter) (list []Entry, err error) {
	err = lines(ctx, dir, func(_ string, _ int, raw []byte, whole bool) error {
		if !whole {
			return nil
		}
		e, err := parse(raw)
		if (err == nil || errors.Is(err, errHash)) && f.fits(e) {
			list = append(list, e)
			if f.Last > 0 && len(list) >= 2*f.Last {
				list = append(list[:0], list[len(list)-f.Last:]...)
			}
		}
		return nil
	})
	if f.Last > 0 && len(list) > f.Last {
		list = list[len(list)-f.Last:]
	}
	return list, err
}

// Report is what Verify found.
type Report struct {
	OK      bool      `json:"ok"`
	Entries int64     `json:"entries"`          // that were read
	First   int64     `json:"first,omitempty"`  // number of the first one; over 1: older files were taken away
	Since   time.Time `json:"since,omitzero"`   // when the first one was written
	Head    Head      `json:"head"`             // the last one
	Wrong   string    `json:"wrong,omitempty"`  // what is wrong with the first wrong line
	File    string    `json:"file,omitempty"`   // where it is
	Line    int       `json:"line,omitempty"`   // from 1
	Writing bool      `json:"torn,omitempty"`   // a last line is not finished: it is being written, or a crash left it
	Memory  string    `json:"memory,omitempty"` // which remembered head the log was held against
}

// Memory is a head that somebody remembers, such as the journal or an operator.
type Memory struct {
	Name string
	Head Head // N 0: only Hash is known
}

// Verify reads the whole log in dir and holds it against what is remembered of it. The error is for a log that
// cannot be read; what is wrong with one that can is in the report.
func Verify(ctx context.Context, dir string, memories ...Memory) (Report, error) {
	v := verifier{memories: memories, met: make([]bool, len(memories))}
	v.report.Head.Hash = Genesis
	err := lines(ctx, dir, v.line)
	if errors.Is(err, errStop) {
		err = nil
	}
	if err != nil {
		return v.report, err
	}
	return v.finish(), nil
}

type verifier struct {
	report   Report
	before   string // digest that the first entry continues
	memories []Memory
	met      []bool
}

var errStop = errors.New("stop")

func (v *verifier) wrong(file string, line int, what string) error {
	v.report.File, v.report.Line, v.report.Wrong = file, line, what
	return errStop
}

func (v *verifier) line(file string, n int, raw []byte, whole bool) error {
	r := &v.report
	if !whole {
		r.Writing = true
		return nil
	}
	e, err := parse(raw)
	if err != nil {
		return v.wrong(file, n, "the line "+err.Error())
	}
	switch {
	case r.Writing:
		return v.wrong(file, n, "the line before it was never finished, and yet the log goes on")
	case e.Action == actionBroken && e.Prev == Genesis:
		return v.wrong(file, n, "the chain begins anew here: "+whyOf(e))
	case r.Entries == 0 && (e.N == 1) != (e.Prev == Genesis):
		return v.wrong(file, n, "the first entry does not begin a chain")
	case r.Entries == 0:
		r.First, r.Since, v.before = e.N, e.At, e.Prev
	case e.N != r.Head.N+1:
		return v.wrong(file, n, fmt.Sprintf("entry %d follows entry %d: entries were taken out, put in or moved", e.N, r.Head.N))
	case e.Prev != r.Head.Hash:
		return v.wrong(file, n, "the entry does not continue the one before: it, or the one before, was changed")
	}
	r.Entries++
	r.Head = Head{N: e.N, Hash: e.Hash}
	for i, m := range v.memories {
		if m.Head.N == e.N && m.Head.Hash != e.Hash {
			return v.wrong(file, n, fmt.Sprintf("entry %d is not the one that %s remembers: the log was written anew", e.N, m.Name))
		}
		v.met[i] = v.met[i] || m.Head.Hash == e.Hash
	}
	return nil
}

func (v *verifier) finish() Report {
	r := v.report
	for i, m := range v.memories {
		if r.Wrong != "" || m.Head.Hash == "" || m.Head.Hash == Genesis {
			continue
		}
		switch {
		case v.met[i]:
			if r.Memory != "" {
				r.Memory += ", "
			}
			r.Memory += m.Name
		case m.Head.N > 0 && m.Head.N == r.First-1 && m.Head.Hash == v.before: // all files up to there were taken away
		case m.Head.N > 0 && m.Head.N < r.First:
			r.Wrong = fmt.Sprintf("%s remembers entry %d, and the log begins with entry %d, which does not continue it: it was written anew", m.Name, m.Head.N, r.First)
		case m.Head.N > 0:
			r.Wrong = fmt.Sprintf("%s remembers entry %d, and the log ends with entry %d: its end was cut off", m.Name, m.Head.N, r.Head.N)
		default:
			r.Wrong = "the digest that " + m.Name + " remembers is not in the log: its end was cut off, or it was written anew"
		}
	}
	r.OK = r.Wrong == ""
	return r
}

// whyOf returns why a chain begins anew. It is a text of ours: the file may hold anything.
func whyOf(e Entry) string {
	if e.Details["why"] == whyDamaged {
		return whyDamaged
	}
	return whyForged
}

// Holds tells whether the log in dir has an entry that somebody remembers, or goes on from there because older files
// were taken away. It reads one file.
func Holds(ctx context.Context, dir string, h Head) (bool, error) {
	numbers, err := numbersIn(dir)
	if err != nil {
		return false, err
	}
	for _, number := range slices.Backward(numbers) {
		found, below := false, false // below: this file begins at or before the entry
		err := linesOf(ctx, dir, fileName(number), func(_ string, _ int, raw []byte, _ bool) error {
			e, err := parse(raw)
			if err != nil {
				return nil
			}
			below = below || e.N <= h.N
			if e.N == h.N && e.Hash == h.Hash || e.N == h.N+1 && e.Prev == h.Hash {
				found = true
			}
			if found || e.N > h.N {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			return false, err
		}
		if found || below {
			return found, nil
		}
	}
	return false, nil
}

// lines calls f for every line of the log, in order; whole is false for a line without its line feed.
func lines(ctx context.Context, dir string, f func(file string, n int, raw []byte, whole bool) error) error {
	numbers, err := numbersIn(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if err := linesOf(ctx, dir, fileName(number), f); err != nil {
			return err
		}
	}
	return nil
}

func linesOf(ctx context.Context, dir, name string, f func(file string, n int, raw []byte, whole bool) error) error {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 64<<10)
	for n := 1; ; n++ {
		raw, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(raw) > 0 {
			if err := f(name, n, bytes.TrimSuffix(raw, []byte("\n")), raw[len(raw)-1] == '\n'); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
