package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// figures are what one round of one contestant gave.
type figures struct {
	Took  time.Duration // from the start of the process until all is done
	First time.Duration // until the first row is committed
	CPU   time.Duration
	RSS   int64
}

// perSecond returns forms a second.
func (f figures) perSecond(n int) float64 { return float64(n) / f.Took.Seconds() }

// cpu10k returns CPU seconds per 10,000 forms.
func (f figures) cpu10k(n int) float64 { return f.CPU.Seconds() * 10000 / float64(n) }

var titles = map[rune]string{
	'a': "a  Inbasket", 'b': "b  Go, a transaction per form", 'c': "c  Go, 100 forms pipelined", 'd': "d  Python, psycopg2", 'e': "e  Inbasket before",
	'f': "f  Go, two loops of 100 pipelined", 'g': "g  Go, two loops of COPY",
}

// compare runs the rounds, alternating, and prints medians and ratios.
func (b *bench) compare(ctx context.Context) error {
	all := map[rune][]figures{}
	for round := range b.rounds {
		for _, who := range b.only {
			f, err := b.race(ctx, who, layout{1, 1}, b.n)
			if err != nil {
				return fmt.Errorf("%s: %w", titles[who], err)
			}
			all[who] = append(all[who], f)
			fmt.Printf("round %d  %-30s %8.0f forms/s  %5.2f CPU s/10,000  %6.1f MiB  first row %4d ms\n",
				round+1, titles[who], f.perSecond(b.n), f.cpu10k(b.n), mib(f.RSS), f.First.Milliseconds())
		}
	}
	fmt.Printf("\nmedians of %d rounds of %d forms, seed %d\n", b.rounds, b.n, b.seed)
	fmt.Printf("%-30s %10s %14s %10s %12s\n", "", "forms/s", "CPU s/10,000", "peak MiB", "first row ms")
	for _, who := range b.only {
		m := medians(all[who])
		fmt.Printf("%-30s %10.0f %14.2f %10.1f %12d\n", titles[who], m.perSecond(b.n), m.cpu10k(b.n), mib(m.RSS), m.First.Milliseconds())
	}
	b.ratios(all)
	return b.save(all)
}

// ratios prints how many times as fast the agent is, and holds it against the goals.
func (b *bench) ratios(all map[rune][]figures) {
	if len(all['a']) == 0 {
		return
	}
	a := medians(all['a'])
	for _, who := range "bcdefg" {
		if len(all[who]) == 0 {
			continue
		}
		ratio := a.perSecond(b.n) / medians(all[who]).perSecond(b.n)
		fmt.Printf("a/%c = %.2f\n", who, ratio)
		if goal := map[rune]float64{'b': goalLoop, 'c': goalPipeline, 'e': goalBefore, 'f': goalTwoLoops}[who]; goal > 0 {
			b.judge(ratio >= goal, "a/%c = %.2f, at least %.2f", who, ratio, goal)
		}
	}
	b.judge(a.cpu10k(b.n) <= goalCPU, "%.2f CPU s/10,000 forms, at most %.1f", a.cpu10k(b.n), goalCPU)
	b.judge(mib(a.RSS) <= goalPeak, "peak of %d forms %.1f MiB, at most %d", b.n, mib(a.RSS), goalPeak)
}

// save writes the raw figures beside the output of the run, if BENCH_JSON names a file.
func (b *bench) save(all map[rune][]figures) error {
	path := os.Getenv("BENCH_JSON")
	if path == "" {
		return nil
	}
	named := map[string][]figures{}
	for who, f := range all {
		named[string(who)] = f
	}
	out, err := json.MarshalIndent(named, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, out, 0o644)
}

func mib(b int64) float64 { return float64(b) / (1 << 20) }

// medians returns the median of each figure on its own.
func medians(all []figures) figures {
	return figures{
		Took:  median(all, func(f figures) time.Duration { return f.Took }),
		First: median(all, func(f figures) time.Duration { return f.First }),
		CPU:   median(all, func(f figures) time.Duration { return f.CPU }),
		RSS:   median(all, func(f figures) int64 { return f.RSS }),
	}
}

func median[T int64 | time.Duration](all []figures, get func(figures) T) T {
	var list []T
	for _, f := range all {
		list = append(list, get(f))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// race lets one contestant work off n forms in a layout; all but the agent know only one in-basket and one database.
func (b *bench) race(ctx context.Context, who rune, l layout, n int) (f figures, err error) {
	for len(b.databases) < l.to {
		if err := b.addDatabase(ctx); err != nil {
			return f, err
		}
	}
	if err := b.fill(ctx, l, n); err != nil {
		return f, err
	}
	argv, err := b.argv(who, l)
	if err != nil {
		return f, err
	}
	p, err := start(filepath.Join(b.dir, "contestant.log"), argv...)
	if err != nil {
		return f, err
	}
	if err := b.finish(ctx, p, l, n, &f); err != nil {
		_, _ = p.stop()
		return f, fmt.Errorf("%v: %w\n%s", l, err, p.tail())
	}
	var u usage
	if who == 'a' || who == 'e' {
		u, err = p.stop()
	} else {
		for over := false; !over && err == nil; {
			over, u, err = p.ended()
		}
	}
	f.CPU = u.CPU
	if err != nil {
		return f, err
	}
	for j, d := range b.databases[:l.to] {
		first, last := l.part(j, n)
		if err := d.verify(ctx, b.seed, first, last); err != nil {
			return f, fmt.Errorf("%v, database %d: %w", l, j+1, err)
		}
	}
	return f, nil
}

func (b *bench) argv(who rune, l layout) ([]string, error) {
	dir, dsn := b.folder(0), b.databases[0].dsn
	switch who {
	case 'a':
		return b.agent(b.binary, l)
	case 'e':
		return b.agent(b.before, l)
	case 'd':
		return []string{"/usr/bin/python3", filepath.Join(b.dir, "baseline.py"), dir, dsn}, nil
	}
	self, err := os.Executable()
	return []string{self, "-child", string(who), dir, dsn}, err
}

// finish waits until all rows stand in the databases and all files have left the folders.
func (b *bench) finish(ctx context.Context, p *process, l layout, n int, f *figures) error {
	for j, d := range b.databases[:l.to] {
		first, last := l.part(j, n)
		got, err := d.arrived(ctx, p, last-first, 10*time.Minute)
		if err != nil {
			return err
		}
		f.RSS = max(f.RSS, got.RSS)
		if j == 0 {
			f.First = got.First
		}
	}
	for i := range l.from {
		for {
			list, err := names(b.folder(i))
			if err != nil {
				return err
			}
			f.RSS = max(f.RSS, p.peak())
			if len(list) == 0 {
				break
			}
			if time.Since(p.begun) > 10*time.Minute {
				return fmt.Errorf("%d files are still in the folder", len(list))
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	f.Took = time.Since(p.begun)
	return nil
}
