package journal

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// BenchmarkAcceptApply measures a submission's whole cost in the journal: 500 forms of 2 KiB accepted in
// one call and delivered to one target in another. CPU a submission is ns/op over 500, less the fsyncs.
func BenchmarkAcceptApply(b *testing.B) {
	for _, office := range []string{"", "portal"} {
		b.Run("office="+office, func(b *testing.B) {
			r := newRig(b)
			const batch = 500
			form := make([]byte, 2048)
			for i := range form {
				form[i] = byte('a' + i%26)
			}
			arrivals := make([]Arrival, batch)
			changes := make([]Change, batch)
			n := 0
			cpu := cpuTime()
			b.ReportAllocs()
			for b.Loop() {
				for k := range arrivals {
					n++
					ref := fmt.Sprintf("BP-2026-%08d", n)
					arrivals[k] = Arrival{Scope: "building", Office: office, Inbasket: "permits", Route: "building", Plan: planA.Digest, Reference: ref,
						Transport: ref + ".json", Digest: sha256.Sum256([]byte(ref)), ContentType: "application/json", Form: form, Targets: []string{"register"}}
				}
				out, err := r.Accept(r.ctx(), arrivals)
				r.must(err)
				for k := range out {
					changes[k] = Change{ID: out[k].ID, Target: "register", To: Done, Attempt: true, Final: true}
				}
				r.must(r.Apply(r.ctx(), changes))
			}
			b.ReportMetric(float64(cpuTime()-cpu)/float64(n)/1000, "cpu-µs/submission")
		})
	}
}
