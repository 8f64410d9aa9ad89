package simulate

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	firstSeed = flag.Uint64("first", 1, "the first seed")
	seeds     = flag.Uint64("seeds", 20, "how many seeds")
	progress  = flag.String("progress", "", "file that names the seed under way")
	trace     = flag.Bool("trace", false, "tell what happens")
)

// patienceReal is how long one seed may take by the real clock: one that hangs waits for a lock whose owner waits for time to pass.
const patienceReal = 5 * time.Minute

// TestMain lets one thread only run Go code, so that what happens at one moment happens in one order.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	os.Exit(m.Run())
}

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
	hung := time.AfterFunc(patienceReal, func() { panic(fmt.Sprintf("seed %d hangs", seed)) })
	defer hung.Stop()
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

// TestEqualSeeds shows that a seed is a whole history: what happens, when, and how it ends. The race detector has the scheduler draw lots;
// make quick and make simulate run this without it.
func TestEqualSeeds(t *testing.T) {
	if raceDetector {
		return
	}
	for seed := uint64(1); seed <= 8; seed++ {
		if apart(t, seed) == "" {
			continue
		}
		if why := apart(t, seed); why != "" { // on a loaded machine the one thread is stopped at any place, once in a thousand times where it matters
			t.Error(why)
		}
	}
}

// apart runs a seed twice and tells where the histories differ.
func apart(t *testing.T, seed uint64) string {
	first, second := simulate(t, seed, whole, nil), simulate(t, seed, whole, nil)
	for i := range max(len(first.history), len(second.history)) {
		if a, b := at(first.history, i), at(second.history, i); a != b {
			return fmt.Sprintf("seed %d: line %d is once\n%s\nand once\n%s\nafter\n%s", seed, i, a, b, strings.Join(first.history[max(0, i-4):i], "\n"))
		}
	}
	return ""
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// TestCheckerSees breaks each promise, and has the check find it.
func TestCheckerSees(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			for seed := uint64(1); seed <= 40; seed++ {
				w := simulate(t, seed, m.mutation, nil)
				for _, f := range w.findings {
					if f.property == m.property {
						t.Logf("seed %d: %s", seed, f.text)
						return
					}
				}
			}
			t.Errorf("nobody saw that %q was broken", m.property)
		})
	}
}
