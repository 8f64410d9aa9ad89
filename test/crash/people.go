package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// taker is the legacy systems behind the file drop and the FTP server: at random moments they take away
// what is complete.
type taker struct {
	drop  string
	ftp   string
	kept  string        // where batch files are moved to
	gate  *sync.RWMutex // held for reading while the agent's disk is used
	power bool

	mu    sync.Mutex
	files map[string]*taken // from the drop, by name
	wrong []string          // what came twice, or otherwise wrong
	quit  chan struct{}
	over  sync.WaitGroup
}

// taken is one file that was taken.
type taken struct {
	body  string
	doubt bool // the disk failed while it was removed: it may lie there again
}

func newTaker(drop, ftp, kept string, gate *sync.RWMutex, power bool) *taker {
	t := &taker{drop: drop, ftp: ftp, kept: kept, gate: gate, power: power, files: map[string]*taken{}, quit: make(chan struct{})}
	t.over.Go(t.run)
	return t
}

func (t *taker) close() {
	if t == nil {
		return
	}
	close(t.quit)
	t.over.Wait()
}

func (t *taker) run() {
	for {
		select {
		case <-t.quit:
			return
		case <-time.After(time.Duration(1+rand.IntN(60)) * time.Millisecond):
			t.emptyDrop()
			if rand.IntN(4) == 0 {
				t.emptyFTP()
			}
		}
	}
}

// emptyDrop takes every file whose control file is there, with what belongs to it.
func (t *taker) emptyDrop() {
	t.gate.RLock()
	defer t.gate.RUnlock()
	entries, err := os.ReadDir(t.drop)
	if err != nil {
		return
	}
	for _, e := range entries {
		ref, ready := strings.CutSuffix(e.Name(), ".ok")
		if !ready || strings.HasPrefix(ref, ".") {
			continue
		}
		got := map[string]string{}
		for _, f := range entries {
			if f == e || !strings.HasPrefix(f.Name(), ref) {
				continue
			}
			b, err := os.ReadFile(filepath.Join(t.drop, f.Name()))
			if err != nil {
				got = nil // the disk is gone
				break
			}
			got[f.Name()] = string(b)
		}
		if got != nil {
			t.take(ref, got)
		}
	}
}

// take removes the files of one reference, and then its control file.
func (t *taker) take(ref string, got map[string]string) {
	doubt := false
	for name := range got {
		if err := os.Remove(filepath.Join(t.drop, name)); err != nil {
			doubt = true
		}
	}
	if err := os.Remove(filepath.Join(t.drop, ref+".ok")); err != nil {
		doubt = true
	}
	if t.power && (doubt || syncDir(t.drop) != nil) {
		doubt = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	got[ref+".ok"] = ""
	for name, body := range got {
		known := t.files[name]
		switch {
		case known == nil:
			t.files[name] = &taken{body: body, doubt: doubt}
		case known.doubt && known.body == body:
			known.doubt = doubt
		default:
			t.wrong = append(t.wrong, name+" was dropped twice")
		}
	}
	if _, ok := t.files[ref+".csv"]; !ok {
		t.wrong = append(t.wrong, ref+".ok was dropped before its file")
	}
}

// emptyFTP moves batch files away.
func (t *taker) emptyFTP() {
	entries, err := os.ReadDir(t.ftp)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		to := filepath.Join(t.kept, e.Name())
		if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			t.mu.Lock()
			t.wrong = append(t.wrong, e.Name()+" was sent twice")
			t.mu.Unlock()
			to += fmt.Sprintf(".%d", time.Now().UnixNano())
		}
		_ = os.Rename(filepath.Join(t.ftp, e.Name()), to)
	}
}

// got returns what was taken from the drop by name, and what was wrong.
func (t *taker) got() (map[string]string, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	files := map[string]string{}
	for name, f := range t.files {
		files[name] = f.body
	}
	return files, append([]string(nil), t.wrong...)
}

// left returns what still lies in drop and FTP folder.
func (t *taker) left() (names []string) {
	for _, dir := range []string{t.drop, t.ftp} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

// judge is the back office: it decides every application that stands in the database, once.
type judge struct {
	dsn  string
	quit chan struct{}
	over sync.WaitGroup
}

func newJudge(dsn string) *judge {
	j := &judge{dsn: dsn, quit: make(chan struct{})}
	j.over.Go(j.run)
	return j
}

func (j *judge) close() {
	if j == nil {
		return
	}
	close(j.quit)
	j.over.Wait()
}

func (j *judge) run() {
	for {
		select {
		case <-j.quit:
			return
		case <-time.After(200 * time.Millisecond):
			_ = j.decide() // the database may be down
		}
	}
}

func (j *judge) decide() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, j.dsn)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	_, err = db.Exec(ctx, `insert into decision (id, form_ref, status, letter)
 select 'D-' || form_ref, form_ref, case when min(id) % 3 = 0 then 'R' else 'A' end, convert_to('permit of ' || form_ref, 'UTF8')
 from application a where not exists (select 1 from decision d where d.form_ref = a.form_ref) group by form_ref`)
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	return nil
}
