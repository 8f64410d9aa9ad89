package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	postAddress = "127.0.0.1:19110"
	postToken   = "benchmark-token-of-the-front-office"
	postClients = 16
	postWaiters = 2000
)

// posts measures what front offices send: posts a second over 16 connections, a single post, and both again while 2,000
// clients wait for news of other submissions.
func (b *bench) posts(ctx context.Context) error {
	fmt.Println()
	agents := []string{b.binary}
	if b.before != "" {
		agents = append(agents, b.before)
	}
	all := make([][2][]rates, len(agents))
	for range (b.rounds + 1) / 2 {
		for i, binary := range agents {
			alone, beside, err := b.postsTo(ctx, binary)
			if err != nil {
				return err
			}
			all[i][0], all[i][1] = append(all[i][0], alone), append(all[i][1], beside)
		}
	}
	for i := range agents {
		before := ""
		if i > 0 {
			before = " before"
		}
		fmt.Printf("posts%s: %v\n", before, medianRates(all[i][0]))
		fmt.Printf("posts%s while %d clients wait: %v\n", before, postWaiters, medianRates(all[i][1]))
	}
	if err := b.floors(ctx); err != nil {
		return err
	}
	alone, beside := medianRates(all[0][0]), medianRates(all[0][1])
	b.judge(alone.rate >= goalPosts, "%.0f posts/s, at least %d", alone.rate, goalPosts)
	b.judge(alone.median <= goalPost, "a single post takes %v, at most %v", alone.median, goalPost)
	b.judge(beside.rate >= goalBeside*alone.rate, "posts beside waiting clients at %.2f of those without, at least %.2f", beside.rate/alone.rate, goalBeside)
	b.judge(float64(beside.p99) <= goalBesideP99*float64(alone.p99), "99 of 100 single posts beside waiting clients within %.1f times of those without, at most %.1f", float64(beside.p99)/float64(alone.p99), float64(goalBesideP99))
	return nil
}

// postsTo measures posts to an agent with an empty journal, alone and beside clients that wait.
func (b *bench) postsTo(ctx context.Context, binary string) (alone, beside rates, err error) {
	one := layout{1, 1}
	if err = b.fill(ctx, one, 0); err != nil {
		return alone, beside, err
	}
	argv, err := b.agent(binary, one)
	if err == nil {
		err = b.listen()
	}
	if err != nil {
		return alone, beside, err
	}
	p, err := start(filepath.Join(b.dir, "contestant.log"), argv...)
	if err != nil {
		return alone, beside, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, p.tail())
		}
		_, _ = p.stop()
	}()
	if _, err = untilReady(ctx, p); err != nil {
		return alone, beside, err
	}
	o := newOffice(b.seed, p)
	if alone, err = o.measure(ctx, b.n); err != nil {
		return alone, beside, err
	}
	stop, err := o.wait(ctx, postWaiters)
	if err != nil {
		return alone, beside, err
	}
	defer stop()
	beside, err = o.measure(ctx, b.n)
	return alone, beside, err
}

// listen adds a front office to the configuration.
func (b *bench) listen() error {
	path := filepath.Join(b.dir, "inbasket.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(postToken))
	text = append(text, "  posted: {mapping: mapping.yaml, front-office: portal}\n"...)
	text = append(text, fmt.Sprintf("listen: {address: %s, connections: 4096}\nfront-offices:\n  portal: {tokens: %q}\n", postAddress, "sha256:"+hex.EncodeToString(sum[:]))...)
	return os.WriteFile(path, text, 0o600)
}

// rates is what posting gave.
type rates struct {
	rate        float64       // posts a second of all clients
	cpu         time.Duration // of the agent until all of them are delivered, for each
	median, p99 time.Duration // of single posts, one after another
}

// medianRates returns the median of each figure on its own.
func medianRates(all []rates) (m rates) {
	middle := func(get func(rates) float64) float64 {
		var list []float64
		for _, r := range all {
			list = append(list, get(r))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	m.rate = middle(func(r rates) float64 { return r.rate })
	m.cpu = time.Duration(middle(func(r rates) float64 { return float64(r.cpu) }))
	m.median = time.Duration(middle(func(r rates) float64 { return float64(r.median) }))
	m.p99 = time.Duration(middle(func(r rates) float64 { return float64(r.p99) }))
	return m
}

func (r rates) String() string {
	return fmt.Sprintf("%.0f/s over %d connections, %v of CPU each; one by one median %v, 99 of 100 within %v", r.rate, postClients, r.cpu.Round(time.Microsecond), r.median.Round(10*time.Microsecond), r.p99.Round(10*time.Microsecond))
}

// office is a front office.
type office struct {
	agent  *process
	seed   uint64
	client http.Client
	next   atomic.Int64 // number of the next form
}

func newOffice(seed uint64, agent *process) *office {
	return &office{seed: seed, agent: agent, client: http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: postWaiters + postClients}}}
}

// measure posts n forms over all connections, and then 500 one by one.
func (o *office) measure(ctx context.Context, n int) (r rates, err error) {
	forms := make([][]byte, n)
	for i := range forms {
		forms[i] = form(o.seed, int(o.next.Add(1)))
	}
	begun, took, cpu := time.Now(), atomic.Int64{}, o.agent.cpu()
	var all sync.WaitGroup
	failed := make(chan error, postClients)
	for range postClients {
		all.Go(func() {
			for i := took.Add(1); i <= int64(n); i = took.Add(1) {
				if _, err := o.post(ctx, forms[i-1]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	r.rate = float64(n) / time.Since(begun).Seconds()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	if err != nil {
		return r, err
	}
	time.Sleep(3 * time.Second) // until all of them are delivered
	r.cpu = (o.agent.cpu() - cpu) / time.Duration(n)
	var single []time.Duration
	for range 500 {
		f := form(o.seed, int(o.next.Add(1)))
		time.Sleep(20 * time.Millisecond)
		begun := time.Now()
		if _, err := o.post(ctx, f); err != nil {
			return r, err
		}
		single = append(single, time.Since(begun))
	}
	slices.Sort(single)
	r.median, r.p99 = single[len(single)/2], single[len(single)*99/100]
	return r, nil
}

func (o *office) do(ctx context.Context, method, path string, body []byte, headers map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+postAddress+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+postToken)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	return o.client.Do(req)
}

// post sends a form and returns the ID of its submission.
func (o *office) post(ctx context.Context, form []byte) (string, error) {
	resp, err := o.do(ctx, http.MethodPost, "/v1/submissions?route=posted", form, map[string]string{"Content-Type": "application/json"})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		return "", errors.Join(err, fmt.Errorf("a post was answered with %s: %s", resp.Status, text))
	}
	var said struct{ ID string }
	return said.ID, json.Unmarshal(text, &said)
}

// wait has clients wait for news of submissions that are delivered, each of its own, until stop.
func (o *office) wait(ctx context.Context, clients int) (stop func(), err error) {
	var ids []string
	for range clients {
		id, err := o.post(ctx, form(o.seed, int(o.next.Add(1))))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	time.Sleep(3 * time.Second) // until all of them are delivered
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			headers := map[string]string{}
			for ctx.Err() == nil {
				resp, err := o.do(ctx, http.MethodGet, "/v1/submissions/"+id, nil, headers)
				if err != nil {
					continue // the end, or a machine without ports
				}
				headers = map[string]string{"Prefer": "wait=30", "If-None-Match": resp.Header.Get("ETag")}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	time.Sleep(2 * time.Second) // until they wait
	return func() { cancel(); all.Wait() }, nil
}
