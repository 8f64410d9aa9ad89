package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// TestDocumentAfterItsAnswer names a document without an answer file within a minute, sets aside one that came after its answer file was
// taken, so that the next decision does not take it along, and leaves those alone that came long before.
func TestDocumentAfterItsAnswer(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := rules.FolderAnswersDefaults()
	cfg.Path, cfg.Quiet, cfg.Match = dir, 0, "*.csv"
	cfg.Attachments.Beside = []string{"{name}.pdf", "{name}-{n}.pdf"}
	notices := 0
	a, err := NewFolderAnswers(connectors.Env{Clock: c, Notify: func(n connectors.Notice) {
		if n.Code == CodeStray {
			notices++
		}
	}}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	after := func(d time.Duration) (names string) {
		t.Helper()
		c.advance(d)
		a.next.Lock()
		err := a.fill(t.Context(), 10)
		a.next.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range a.Held() {
			names += h.Item + " "
		}
		return names
	}
	take := func(documents string) {
		t.Helper()
		list, err := a.Next(t.Context(), 10)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		got := ""
		for _, d := range list[0].Documents {
			got += d.Name + " "
		}
		if got != documents {
			t.Errorf("%s has %q, want %q", list[0].File, got, documents)
		}
		if err := a.Settle(t.Context(), []connectors.Receipt{{Handle: list[0].Handle, Verdict: connectors.Taken}}); err != nil {
			t.Fatal(err)
		}
	}
	put("early.pdf", "of tonight")
	put("R1.csv", "first")
	take("")
	put("R1.pdf", "permit")
	put("R1-1.pdf", "letter")
	put("note.txt", "no document")
	after(time.Minute)
	if names := after(time.Minute); !strings.Contains(names, "R1.pdf") || !strings.Contains(names, "R1-1.pdf") || !strings.Contains(names, "early.pdf") || strings.Contains(names, "note") || notices != 0 {
		t.Errorf("held: %q, %d notices", names, notices)
	}
	after(cfg.Attachments.Wait)
	if names := after(time.Minute); names != "early.pdf " || notices != 3 {
		t.Errorf("held: %q, %d notices", names, notices)
	}
	put("R1.csv", "second")
	take("")
	put("early.csv", "tonight")
	take("early.pdf ")
	for _, name := range []string{"error/R1.pdf", "error/R1.pdf.txt", "error/R1-1.pdf", "done/early.pdf"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if names := after(time.Minute); names != "" {
		t.Errorf("held: %q", names)
	}
}
