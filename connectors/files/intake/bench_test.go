package intake

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// BenchmarkInbasket takes 10,000 forms of 2 KiB out of a folder and moves them to the done folder.
func BenchmarkInbasket(b *testing.B) {
	const n = 10_000
	form := []byte(`{"x":"` + strings.Repeat("y", 2040) + `"}`)
	for range b.N {
		b.StopTimer()
		dir := b.TempDir()
		for i := range n {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("form-%06d.json", i)), form, 0o600); err != nil {
				b.Fatal(err)
			}
		}
		cfg := rules.FolderDefaults()
		cfg.Path, cfg.Quiet = dir, 0
		in, err := NewFolder(connectors.Env{Clock: newClock()}, cfg)
		if err != nil {
			b.Fatal(err)
		}
		cpu := cpuTime()
		b.StartTimer()
		drain(b, in, n)
		b.StopTimer()
		b.ReportMetric(float64(cpuTime()-cpu)/1e3/n, "CPU-µs/file")
		b.ReportMetric(float64(n*(1))/b.Elapsed().Seconds()*float64(b.N), "files/s")
		_ = in.Close()
	}
}

func drain(b *testing.B, in *Inbasket, n int) {
	for got := 0; got < n; {
		subs, err := in.Next(context.Background(), 500)
		if err != nil {
			b.Fatal(err)
		}
		rs := make([]connectors.Receipt, len(subs))
		for i, s := range subs {
			rs[i] = connectors.Receipt{Handle: s.Handle, ID: "0000000000001", Verdict: connectors.Taken}
		}
		if err := in.Settle(context.Background(), rs); err != nil {
			b.Fatal(err)
		}
		got += len(subs)
	}
}

// BenchmarkIdle measures how long after a form has become ready an idle in-basket hands it out.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	cfg := rules.FolderDefaults()
	cfg.Path, cfg.Quiet, cfg.Poll = dir, 50*time.Millisecond, time.Minute
	in, err := NewFolder(connectors.Env{Clock: realClock{}}, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	var late time.Duration
	for i := range b.N {
		name := filepath.Join(dir, fmt.Sprintf("form-%06d.json", i))
		wrote := make(chan time.Time, 1)
		time.AfterFunc(20*time.Millisecond, func() {
			if err := os.WriteFile(name, []byte("{}"), 0o600); err != nil {
				b.Error(err)
			}
			wrote <- time.Now()
		})
		subs, err := in.Next(context.Background(), 1)
		if err != nil {
			b.Fatal(err)
		}
		late += time.Since((<-wrote).Add(cfg.Quiet))
		if err := in.Settle(context.Background(), []connectors.Receipt{{Handle: subs[0].Handle, Verdict: connectors.Taken}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(late.Microseconds())/1e3/float64(b.N), "ms-late/form")
}

type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
