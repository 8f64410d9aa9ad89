package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// findings are what is wrong in the end.
type findings struct {
	lost, doubled, stuck int
	lines                []string
}

func (f *findings) miss(format string, args ...any) {
	f.lost++
	f.lines = append(f.lines, "lost: "+fmt.Sprintf(format, args...))
}

func (f *findings) double(format string, args ...any) {
	f.doubled++
	f.lines = append(f.lines, "doubled: "+fmt.Sprintf(format, args...))
}

func (f *findings) stick(format string, args ...any) {
	f.stuck++
	f.lines = append(f.lines, "stuck: "+fmt.Sprintf(format, args...))
}

// settle runs the agent undisturbed until every submission has its last word and is everywhere it
// belongs, or two minutes have passed, and says what is wrong.
func (w *world) settle(ctx context.Context) (*findings, error) {
	a, err := w.start()
	if err != nil {
		return nil, err
	}
	defer a.kill()
	if !w.ready(20 * time.Second) {
		return nil, fmt.Errorf("the agent is not ready after 20 s")
	}
	w.sender.open.Wait()
	var f *findings
	for begun := time.Now(); time.Since(begun) < 2*time.Minute && ctx.Err() == nil; time.Sleep(500 * time.Millisecond) {
		if f, err = w.look(ctx); err != nil {
			return nil, err
		}
		if f.lost+f.stuck == 0 || a.ended(0) {
			break
		}
	}
	if f.lost+f.stuck > 0 {
		fmt.Println(w.status(ctx))
	}
	// What comes late would be one too many.
	time.Sleep(time.Second)
	if f, err = w.look(ctx); err != nil {
		return nil, err
	}
	return f, a.stop()
}

// look compares everything with what was sent.
func (w *world) look(ctx context.Context) (*findings, error) {
	f := &findings{}
	letters := w.sender.all()
	if err := w.lookDatabase(ctx, f, letters); err != nil {
		return nil, err
	}
	w.lookDrop(f, letters)
	if err := w.lookBatches(f, letters); err != nil {
		return nil, err
	}
	if err := w.lookEvents(ctx, f, letters); err != nil {
		return nil, err
	}
	for _, pattern := range []string{"*.json", "error/*"} {
		left, _ := filepath.Glob(filepath.Join(w.Dir, "in", pattern))
		for _, name := range left {
			f.stick("%s is still in the in-basket", filepath.Base(name))
		}
	}
	return f, nil
}

func (w *world) lookDatabase(ctx context.Context, f *findings, letters []letter) error {
	db, err := pgx.Connect(ctx, w.DSN)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, `select form_ref, name, (amount * 100)::bigint, (select count(*) from item i where i.application_id = a.id)
 from application a`)
	if err != nil {
		return err
	}
	defer rows.Close()
	got := map[string][]letter{}
	for rows.Next() {
		var l letter
		if err := rows.Scan(&l.Ref, &l.Name, &l.Cents, &l.Items); err != nil {
			return err
		}
		got[l.Ref] = append(got[l.Ref], l)
	}
	for _, l := range letters {
		switch all := got[l.Ref]; {
		case len(all) == 0:
			f.miss("%s in the database", l.Ref)
		case len(all) > 1:
			f.double("%s stands in the database %d times", l.Ref, len(all))
		case all[0].Name != l.Name || all[0].Cents != l.Cents || all[0].Items != l.Items:
			f.miss("%s stands in the database as %+v, want %+v", l.Ref, all[0], l)
		}
	}
	return rows.Err()
}

func (w *world) lookDrop(f *findings, letters []letter) {
	files, twice := w.taker.got()
	for _, name := range twice {
		f.double("%s was dropped twice", name)
	}
	for _, l := range letters {
		got, ok := files[l.Ref+".csv"]
		if !ok {
			f.miss("%s in the drop", l.Ref)
		} else if want := l.Ref + ";" + l.Name; strings.TrimSpace(got) != want {
			f.miss("%s was dropped as %q, want %q", l.Ref, got, want)
		}
		delete(files, l.Ref+".csv")
	}
	for name := range files {
		f.double("%s lies in the drop for no form", name)
	}
}

// lookBatches reads every batch file: numbers without gap, right trailers, each form once.
func (w *world) lookBatches(f *findings, letters []letter) error {
	entries, err := os.ReadDir(w.FTP.Root)
	if err != nil {
		return err
	}
	lines := map[string]int{}
	for i, e := range entries {
		if want := fmt.Sprintf("PERM%06d.DAT", i+1); e.Name() != want {
			f.miss("batch file %s, want %s", e.Name(), want)
			continue
		}
		b, err := os.ReadFile(filepath.Join(w.FTP.Root, e.Name()))
		if err != nil {
			return err
		}
		readBatch(f, i+1, string(b), lines)
	}
	for _, l := range letters {
		switch n := lines[fmt.Sprintf("%-20s%09d", l.Ref, l.Cents)]; {
		case n == 0:
			f.miss("%s in the batches", l.Ref)
		case n > 1:
			f.double("%s is in the batches %d times", l.Ref, n)
		}
	}
	return nil
}

func readBatch(f *findings, seq int, text string, lines map[string]int) {
	records := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if len(records) < 2 || records[0] != fmt.Sprintf("H%06d", seq) {
		f.miss("batch %d has %d records and begins with %q", seq, len(records), records[0])
		return
	}
	total := 0
	for _, r := range records[1 : len(records)-1] {
		if len(r) != 49 {
			f.miss("batch %d has a line of %d bytes", seq, len(r))
			continue
		}
		cents, err := strconv.Atoi(r[40:])
		if err != nil {
			f.miss("batch %d has the amount %q", seq, r[40:])
		}
		total += cents
		lines[r[:20]+r[40:]]++
	}
	trailer := records[len(records)-1]
	if want := fmt.Sprintf("T%08d%013d", len(records)-2, total); trailer != want {
		f.miss("batch %d ends with %q, want %q", seq, trailer, want)
	}
}

func (w *world) lookEvents(ctx context.Context, f *findings, letters []letter) error {
	events, err := w.office.follow(ctx, w.Listen)
	if err != nil {
		return err
	}
	by := map[string][]event{}
	for _, e := range events {
		by[e.Reference] = append(by[e.Reference], e)
	}
	for _, l := range letters {
		var types []string
		finals := 0
		for _, e := range by[l.Ref] {
			types = append(types, e.Type)
			if e.Final {
				finals++
			}
			if !w.office.has(e.ID) {
				f.stick("no webhook came for the event %s of %s", e.Type, l.Ref)
			}
		}
		slices.Sort(types)
		switch want := []string{"accepted", "decided", "delivered"}; {
		case finals == 0:
			f.stick("%s has no last word, only %v", l.Ref, types)
		case finals > 1:
			f.double("%s has %d last words: %v", l.Ref, finals, types)
		case !slices.Equal(types, want):
			f.double("%s has the events %v", l.Ref, types)
		}
	}
	return nil
}
