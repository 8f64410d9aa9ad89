package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// scenarios measures what a comparison does not show: many forms, latency, idling and the start.
func (b *bench) scenarios(ctx context.Context) error {
	fmt.Println()
	small, err := b.race(ctx, 'a', layout{1, 1}, b.n)
	if err != nil {
		return err
	}
	large, err := b.race(ctx, 'a', layout{1, 1}, b.large)
	if err != nil {
		return err
	}
	ratio := large.perSecond(b.large) / small.perSecond(b.n)
	fmt.Printf("%d forms wait: %.0f forms/s, %.2f of the rate of %d; peak %.1f MiB, %.2f CPU s/10,000, first row after %d ms\n",
		b.large, large.perSecond(b.large), ratio, b.n, mib(large.RSS), large.cpu10k(b.large), large.First.Milliseconds())
	b.judge(ratio >= goalLarge, "%d forms run at %.2f of the rate of %d, at least %.2f", b.large, ratio, b.n, goalLarge)
	b.judge(mib(large.RSS) <= goalPeak, "peak of %d forms %.1f MiB, at most %d", b.large, mib(large.RSS), goalPeak)
	return b.idle(ctx)
}

// idle starts the agent with nothing to do, measures it, and then drops single forms into it.
func (b *bench) idle(ctx context.Context) error {
	one, dir := layout{1, 1}, b.folder(0)
	if err := b.fill(ctx, one, 0); err != nil {
		return err
	}
	argv, err := b.agent(b.binary, one)
	if err != nil {
		return err
	}
	if _, err := b.config(one, `marker: "{name}.ok", `); err != nil {
		return err
	}
	p, err := start(filepath.Join(b.dir, "contestant.log"), argv...)
	if err != nil {
		return err
	}
	defer func() { _, _ = p.stop() }()
	ready, err := untilReady(ctx, p)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	before := p.cpu()
	const length = 20 * time.Second
	time.Sleep(length)
	resident, used := mib(p.resident()), p.cpu()-before
	fmt.Printf("start to ready: %d ms\n", ready.Milliseconds())
	fmt.Printf("idle: %.1f MiB resident, %v of CPU in %v\n", resident, used, length)
	b.judge(ready <= goalReady, "ready %d ms after the start, at most %d", ready.Milliseconds(), goalReady.Milliseconds())
	b.judge(resident <= goalIdle, "idle with %.1f MiB, at most %d", resident, goalIdle)
	b.judge(used <= goalIdleCPU, "idle with %v of CPU in %v, not measurable", used, length)
	return b.latency(ctx, dir)
}

// untilReady returns how long after its start the agent says that it is ready.
func untilReady(ctx context.Context, p *process) (time.Duration, error) {
	client := http.Client{Timeout: time.Second}
	for time.Since(p.begun) < 10*time.Second {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+monitor+"/readyz", nil)
		if err != nil {
			return 0, err
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(p.begun), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("not ready after 10 s: %s", p.tail())
}

// latency drops 50 single forms, each with its marker, and takes the time from the marker to the commit.
func (b *bench) latency(ctx context.Context, dir string) error {
	var all []time.Duration
	for i := range 50 {
		path := filepath.Join(dir, fmt.Sprintf("single-%02d.json", i))
		if err := os.WriteFile(path, form(b.seed, i), 0o644); err != nil {
			return err
		}
		time.Sleep(150 * time.Millisecond)
		if err := os.WriteFile(path+".ok", nil, 0o644); err != nil {
			return err
		}
		begun := time.Now()
		for {
			n, err := b.databases[0].highest(ctx)
			if err != nil {
				return err
			}
			if n > int64(i) {
				break
			}
			if time.Since(begun) > 30*time.Second {
				return fmt.Errorf("form %d did not arrive within 30 s", i)
			}
			time.Sleep(time.Millisecond)
		}
		all = append(all, time.Since(begun))
	}
	slices.Sort(all)
	fmt.Printf("latency of a single form, ready to committed: median %v, worst of 50 %v\n",
		all[len(all)/2].Round(100*time.Microsecond), all[len(all)-1].Round(100*time.Microsecond))
	b.judge(all[len(all)/2] <= goalLatency, "a single form is committed after %v, at most %v", all[len(all)/2].Round(100*time.Microsecond), goalLatency)
	return nil
}
