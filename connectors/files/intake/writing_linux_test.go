package intake

import (
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// TestOpenForWriting: a form that a program has open for writing waits, however long its writer pauses; that is told.
func TestOpenForWriting(t *testing.T) {
	for _, quiet := range []time.Duration{0, 2 * time.Second} {
		b := newBasket(t, func(c *rules.FolderConfig) { c.Match, c.Quiet = "*.csv", quiet })
		b.put("a.csv", "N\r\n1\r\n")
		write := b.appender()
		expect(t, "open", b.later(), "")
		b.clock.advance(time.Minute)
		expect(t, "open for long", b.later(), "")
		expect(t, "told once", strings.Join(b.notices, " "), CodeBusy)
		write("2\r\n")
		b.clock.advance(time.Minute)
		subs := b.ready(1)
		if len(subs) == 0 {
			b.clock.advance(time.Minute)
			subs = b.ready(1)
		}
		if len(subs) != 1 || string(subs[0].Form) != "N\r\n1\r\n2\r\n" {
			t.Errorf("quiet %v: %v", quiet, subs)
		}
	}
}
