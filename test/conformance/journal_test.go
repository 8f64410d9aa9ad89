package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/telling"
)

func TestSQLiteJournal(t *testing.T) {
	TestJournal(t, func(t testing.TB) Journal {
		dir := t.TempDir()
		return Journal{
			Open: func() (Store, error) { return openJournal(dir) },
			Crash: func() (Store, error) {
				// What lies in the files now is what the machine would find; locks do not outlive it.
				copied := t.TempDir()
				names, err := filepath.Glob(filepath.Join(dir, "journal.db*"))
				check(t, err)
				for _, name := range names {
					if filepath.Ext(name) == ".db-shm" {
						continue
					}
					b, err := os.ReadFile(name)
					check(t, err)
					check(t, os.WriteFile(filepath.Join(copied, filepath.Base(name)), b, 0o600))
				}
				return openJournal(copied)
			},
		}
	})
}

func openJournal(dir string) (Store, error) {
	store, err := content.Open(filepath.Join(dir, "content"))
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(context.Background(), dir, journal.Options{Content: store})
	if err != nil {
		return nil, err // not j, which would be a Store that is not nil
	}
	return struct {
		*journal.Journal
		accepting.Forms
		delivering.Deliveries
		deciding.Decisions
		reading.Submissions
		telling.Stream
	}{j, accepting.Of(j), delivering.Of(j), deciding.Of(j), reading.Of(j), telling.Of(j)}, nil
}
