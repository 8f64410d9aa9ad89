// Command run simulates many seeds, several at once, and names those that break a promise:
//
//	go run ./test/simulate/run -seeds 2000
//	go run ./test/simulate/run -seed 58 -trace
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

func main() {
	seeds := flag.Uint64("seeds", 2000, "how many seeds")
	first := flag.Uint64("first", 1, "the first of them")
	seed := flag.Uint64("seed", 0, "one seed only")
	trace := flag.Bool("trace", false, "tell step by step what happens")
	jobs := flag.Uint64("jobs", uint64(runtime.NumCPU()), "how many at once")
	flag.Parse()
	if *seed > 0 {
		*first, *seeds, *jobs = *seed, 1, 1
	}
	if err := run(*first, *seeds, *jobs, *trace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds the simulation and gives each process a share of the seeds. A process has one thread of Go code only, so that
// equal seeds have equal histories.
func run(first, seeds, jobs uint64, trace bool) error {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "simulate.test")
	build := exec.Command("go", "test", "-c", "-o", program, "./test/simulate")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the simulation: %w", err)
	}
	env := append(os.Environ(), "GOGC=400")
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() { // nothing here depends on a disk
		env = append(env, "TMPDIR=/dev/shm")
	}
	began := time.Now()
	var wg sync.WaitGroup
	errs := make([]error, jobs)
	for i := range jobs {
		from, to := first+seeds*i/jobs, first+seeds*(i+1)/jobs
		if from == to {
			continue
		}
		wg.Go(func() { errs[i] = share(program, filepath.Join(dir, fmt.Sprint("seed", i)), env, from, to-from, trace) })
	}
	wg.Wait()
	var failed []string
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err.Error())
		}
	}
	fmt.Printf("%d seeds from %d in %s\n", seeds, first, time.Since(began).Round(time.Second))
	if len(failed) > 0 {
		return fmt.Errorf("%s\nreplay one by: go run ./test/simulate/run -seed N -trace", strings.Join(failed, "\n"))
	}
	return nil
}

// share runs some seeds in a process of its own; one that hangs or breaks is named by the file that says how far it came.
func share(program, progress string, env []string, first, seeds uint64, trace bool) error {
	tests := "^Test(Equal)?Seeds$"
	if trace {
		tests = "^TestSeeds$"
	}
	c := exec.Command(program, "-test.run", tests, "-test.timeout", "24h", "-first", fmt.Sprint(first), "-seeds", fmt.Sprint(seeds),
		"-progress", progress, fmt.Sprintf("-trace=%v", trace))
	var last bytes.Buffer
	c.Env, c.Stdout, c.Stderr = env, os.Stdout, &last
	err := c.Run()
	if err == nil {
		return nil
	}
	at, _ := os.ReadFile(progress)
	return fmt.Errorf("the process of the seeds %d to %d ended with %v; seed %s was the last\n%s", first, first+seeds-1, err, at, last.String())
}
