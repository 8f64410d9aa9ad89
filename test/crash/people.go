package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// taker is the legacy system behind the file drop: it takes every file as soon as it sees it.
type taker struct {
	dir  string
	take bool

	mu    sync.Mutex
	files map[string]string
	twice []string
	quit  chan struct{}
	over  sync.WaitGroup
}

func newTaker(dir string, take bool) *taker {
	t := &taker{dir: dir, take: take, files: map[string]string{}, quit: make(chan struct{})}
	if take {
		t.over.Go(t.run)
	}
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
		case <-time.After(30 * time.Millisecond):
			t.look()
		}
	}
}

func (t *taker) look() {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(t.dir, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		t.mu.Lock()
		if _, known := t.files[e.Name()]; known {
			t.twice = append(t.twice, e.Name())
		}
		t.files[e.Name()] = string(b)
		t.mu.Unlock()
		_ = os.Remove(path)
	}
}

// got returns what was taken, or what lies there when nobody takes, and which names came twice.
func (t *taker) got() (map[string]string, []string) {
	if !t.take {
		t.files = map[string]string{}
		entries, _ := os.ReadDir(t.dir)
		for _, e := range entries {
			b, _ := os.ReadFile(filepath.Join(t.dir, e.Name()))
			t.files[e.Name()] = string(b)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	files := map[string]string{}
	for k, v := range t.files {
		files[k] = v
	}
	return files, t.twice
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
		case <-time.After(100 * time.Millisecond):
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
	_, err = db.Exec(ctx, `insert into decision (id, form_ref, status)
 select 'D-' || form_ref, form_ref, case when min(id) % 3 = 0 then 'R' else 'A' end from application a
 where not exists (select 1 from decision d where d.form_ref = a.form_ref) group by form_ref`)
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	return nil
}
