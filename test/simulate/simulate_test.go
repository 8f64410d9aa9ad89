package simulate

import (
	"bytes"
	"flag"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

var (
	firstSeed = flag.Uint64("first", 1, "the first seed")
	seeds     = flag.Uint64("seeds", 50, "how many seeds")
	trace     = flag.Bool("trace", false, "tell what happens")
)

// simulate runs the world of one seed and returns it.
func simulate(t *testing.T, seed uint64, broken mutation, notes io.Writer) (w *world) {
	t.Helper()
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var log bytes.Buffer
	var out io.Writer = &log
	if notes != nil {
		out = notes
	}
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(seed, dir, out, notes, broken)
		w.run()
	})
	return w
}

func TestSeeds(t *testing.T) {
	began := time.Now()
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		var notes io.Writer
		if *trace {
			notes = os.Stdout
		}
		w := simulate(t, seed, whole, notes)
		for _, f := range w.findings {
			t.Errorf("seed %d: %s: %s", seed, f.property, f.text)
		}
	}
	t.Logf("%d seeds in %s", *seeds, time.Since(began).Round(time.Millisecond))
}
