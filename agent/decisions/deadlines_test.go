package decisions

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{30 * 24 * time.Hour: "30 days", 12 * time.Hour: "12h0m0s", 36 * time.Hour: "36h0m0s"} {
		if got := span(d); got != want {
			t.Errorf("%s: %s", want, got)
		}
	}
}
