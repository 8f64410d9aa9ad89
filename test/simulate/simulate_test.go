package simulate

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

var (
	firstSeed = flag.Uint64("first", 1, "the first seed")
	seeds     = flag.Uint64("seeds", 50, "how many seeds")
	progress  = flag.String("progress", "", "file that names the seed under way")
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
		if *progress != "" {
			_ = os.WriteFile(*progress, []byte(fmt.Sprint(seed)), 0o600)
		}
		w := simulate(t, seed, whole, notes)
		for _, f := range w.findings {
			fmt.Printf("seed %d: %s: %s\n", seed, f.property, f.text)
			t.Fail()
		}
	}
	t.Logf("%d seeds in %s", *seeds, time.Since(began).Round(time.Millisecond))
}
