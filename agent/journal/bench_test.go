package journal_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// BenchmarkAcceptApply measures a submission's whole cost in the journal: 500 forms of 2 KiB accepted in
// one call and delivered to one target in another. CPU a submission is ns/op over 500, less the fsyncs.
func BenchmarkAcceptApply(b *testing.B) {
	for _, c := range []struct{ name, office, ref string }{
		{"quiet", "", "BP-2026-%08d"}, {"office", "portal", "BP-2026-%08d"}, {"random-references", "portal", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b)
			const batch = 500
			form := application(b, rand.New(rand.NewPCG(1, 2)), 2048)
			arrivals := make([]journal.Arrival, batch)
			changes := make([]journal.Change, batch)
			n := 0
			cpu := cpuTime()
			b.ReportAllocs()
			for b.Loop() {
				for k := range arrivals {
					n++
					ref := fmt.Sprintf(c.ref, n)
					if c.ref == "" {
						ref = fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(n))))[:32]
					}
					arrivals[k] = journal.Arrival{Scope: "building", Office: c.office, Inbasket: "permits", Route: "building", Plan: planA.Digest, Reference: ref,
						Transport: ref + ".json", Digest: sha256.Sum256([]byte(ref)), ContentType: "application/json", Form: form, Targets: []string{"register"}}
				}
				out, err := r.Accept(r.ctx(), arrivals)
				r.must(err)
				for k := range out {
					changes[k] = journal.Change{ID: out[k].ID, Target: "register", To: journal.Done, Attempt: true, Final: true}
				}
				r.must(r.Apply(r.ctx(), changes))
			}
			b.StopTimer()
			b.ReportMetric(float64(cpuTime()-cpu)/float64(n)/1000, "cpu-µs/submission")
		})
	}
}

// BenchmarkAcceptOne measures one form a call from several callers at once, as over HTTP.
func BenchmarkAcceptOne(b *testing.B) {
	r := newRig(b)
	var n atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Accept(r.ctx(), []journal.Arrival{arrival(fmt.Sprint(n.Add(1)), "register")}); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkAcceptBesideTombstones measures what acceptance costs once something was purged: one more look-up.
func BenchmarkAcceptBesideTombstones(b *testing.B) {
	for _, purged := range []int{0, 20_000} {
		b.Run(fmt.Sprint(purged), func(b *testing.B) {
			r := newRig(b)
			if purged > 0 {
				_, err := r.StartPurge(r.ctx())
				r.must(err)
				r.must(r.Put(r.ctx(), "bury", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?)
						INSERT INTO tombstone SELECT i, 4, 1, 0, 0, 0, randomblob(16), randomblob(16), 0, 0, 0, 1, NULL, NULL FROM n`, purged))
				r.reopen()
			}
			const batch = 500
			arrivals := make([]journal.Arrival, batch)
			n := 0
			cpu := cpuTime()
			for b.Loop() {
				for k := range arrivals {
					n++
					arrivals[k] = arrival(fmt.Sprint(n), "register")
				}
				_, err := r.Accept(r.ctx(), arrivals)
				r.must(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(cpuTime()-cpu)/float64(n)/1000, "cpu-µs/submission")
		})
	}
}

// BenchmarkRows measures what it costs to read a submission with its form, and one line of a list.
func BenchmarkRows(b *testing.B) {
	r := newRig(b)
	var arrivals []journal.Arrival
	for n := range 5000 {
		arrivals = append(arrivals, arrival(fmt.Sprint(n), "register"))
	}
	r.accept(arrivals...)
	n := 0
	cpu := cpuTime()
	b.ReportAllocs()
	for b.Loop() {
		stored, err := r.Backlog(r.ctx(), "register", 0, len(arrivals))
		r.must(err)
		list, err := r.List(r.ctx(), journal.Filter{Limit: len(arrivals)})
		r.must(err)
		n += len(stored) + len(list)
	}
	b.StopTimer()
	b.ReportMetric(float64(cpuTime()-cpu)/float64(n)/1000, "cpu-µs/row")
}
