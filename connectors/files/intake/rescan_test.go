package intake

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

func TestUntag(t *testing.T) {
	for in, want := range map[string][2]string{
		"x.json":                    {"x.json", ""},
		"x-0A1B2C3D4E5F6.json":      {"x.json", "0A1B2C3D4E5F6"},
		"x-0A1B2C3D4E5F6-2.json":    {"x.json", "0A1B2C3D4E5F6"},
		"x-7.json":                  {"x-7.json", ""},
		"x-1795381238123.json":      {"x-1795381238123.json", ""}, // a time in milliseconds
		"x-0712345678901.json":      {"x-0712345678901.json", ""}, // a number
		"x-0B1B2C3D4E5F6.json":      {"x-0B1B2C3D4E5F6.json", ""}, // not yet
		"x-9A1B2C3D4E5F6.json":      {"x-9A1B2C3D4E5F6.json", ""},
		"x-0A1B2C3D4E5FI.json":      {"x-0A1B2C3D4E5FI.json", ""},
		"0A1B2C3D4E5F6.json":        {"0A1B2C3D4E5F6.json", ""},
		"-0A1B2C3D4E5F6.json":       {"-0A1B2C3D4E5F6.json", ""},
		"x-0A1B2C3D4E5F6-200.json":  {"x-0A1B2C3D4E5F6-200.json", ""},
		"a-b-0A1B2C3D4E5F6.tar.gz":  {"a-b-0A1B2C3D4E5F6.tar.gz", ""},
		"a-b-0A1B2C3D4E5F6-02.json": {"a-b.json", "0A1B2C3D4E5F6"},
	} {
		if came, tag := untag(in, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)); came != want[0] || tag != want[1] {
			t.Errorf("%s: %s %s", in, came, tag)
		}
	}
}

// rescanned is an in-basket whose done folder holds files.
func rescanned(t *testing.T, cfg func(*rules.FolderConfig), files map[string]string) (*Inbasket, string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		p := filepath.Join(dir, "done", name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := rules.FolderDefaults()
	c.Path, c.Quiet, c.Events = dir, 0, false
	if cfg != nil {
		cfg(&c)
	}
	in, err := NewFolder(connectors.Env{Name: "x", Clock: realClock{}, Notify: func(connectors.Notice) {}}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	return in, dir
}

func listed(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestReoffer puts back what was settled since a time, under the names that it came with and with what belongs to
// it, and lets a second form of the same name wait until the first is gone.
func TestReoffer(t *testing.T) {
	const tag = "0A1B2C3D4E5F6"
	in, dir := rescanned(t, func(c *rules.FolderConfig) { c.After.Dated = true }, map[string]string{
		"a.json": "first", "a-" + tag + ".json": "second", "a-" + tag + ".pdf": "second's", "a-1-" + tag + ".pdf": "second's other",
		"2026-11-22/b.json": "third", "2026-11-22/b.pdf": "third's", "notes.txt": "no form", "other/c.json": "no day"})
	ctx := context.Background()
	since := time.Now().Add(-time.Hour)
	if n, err := in.Settled(ctx, since); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if n, err := in.Settled(ctx, time.Now().Add(60*24*time.Hour)); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	var told []string
	tell := func(names []string) error { told = append(told, names...); return nil }
	// In the order of their names, the tagged one comes first.
	n, err := in.Reoffer(ctx, since, tell)
	if n != 2 || err == nil {
		t.Fatal(n, err, listed(t, dir))
	}
	if got := listed(t, dir); !slices.Equal(got, []string{"a-1.pdf", "a.json", "a.pdf", "b.json", "b.pdf"}) {
		t.Fatal(got)
	}
	for _, name := range []string{"a.json", "a.pdf", "a-1.pdf"} { // as acceptance would move them
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "done", "settled-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Remove(filepath.Join(dir, "done", "settled-a.json"))
	if n, err = in.Reoffer(ctx, since, tell); n != 1 || err != nil {
		t.Fatal(n, err, listed(t, dir))
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "a.json")); string(b) != "first" {
		t.Fatalf("%s", b)
	}
	if n, err = in.Reoffer(ctx, since, tell); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	slices.Sort(told)
	if !slices.Equal(told, []string{"a.json", "a.json", "a.json", "b.json"}) {
		t.Fatal(told)
	}
	items, err := in.Next(ctx, 10)
	if err != nil || len(items) == 0 {
		t.Fatal(items, err)
	}
}

// TestReofferStops puts nothing back that could not be told of before, and nothing where forms are deleted.
func TestReofferStops(t *testing.T) {
	in, dir := rescanned(t, nil, map[string]string{"a.json": "x"})
	refuse := func([]string) error { return os.ErrPermission }
	if n, err := in.Reoffer(context.Background(), time.Time{}, refuse); n != 0 || err == nil || len(listed(t, dir)) != 0 {
		t.Fatal(n, err)
	}
	in, _ = rescanned(t, func(c *rules.FolderConfig) { c.After = rules.AfterConfig{Delete: true} }, map[string]string{"a.json": "x"})
	if n, err := in.Reoffer(context.Background(), time.Time{}, refuse); n != 0 || err != nil {
		t.Fatal(n, err)
	}
}
