package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// OneWay is what the test of a target that cannot be asked for what it got gives to TestOneWay.
type OneWay struct {
	// Open opens the target anew, as after a restart of the agent. The suite closes what it opened.
	Open func() connectors.Target
	// Received returns what stands in the system behind it: for each effect its files by name.
	Received func() []map[string]string
	// Refused is a delivery that the system refuses for what it holds.
	Refused connectors.Delivery
	// Proxy is on the way to it. Begin is a word of the line before which nothing counts, Last the one that hands the effect over.
	Proxy       *Proxy
	Begin, Last string
}

// TestOneWay runs the suite for targets that cannot look up: whoever delivers must know from one answer, or say that it does not.
func TestOneWay(t *testing.T, harness func(testing.TB) OneWay) {
	runSteps(t, harness, []step[OneWay]{
		{"one effect for each delivery", oneWayItems},
		{"one effect for a batch, and an outcome for each of its items", oneWayBatch},
		{"it promises no more than it can", oneWayPromise},
		{"look-up never guesses", oneWayLookup},
		{"answer lost at the end is unclear, and not sent again by itself", oneWayAnswerLost},
		{"cut before the end never counts as written", oneWayCutLast},
		{"cut before it began may be sent again", oneWayCutBegin},
		{"one refused item does not hold up the others", oneWayRefused},
		{"system down, and back", oneWayDown},
		{"a cancelled call says nothing wrong", oneWayCancel},
		{"large files", oneWayLarge},
		{"check has no effect", oneWayCheck},
		{"close twice", oneWayClose},
	})
}

func (h OneWay) open(t testing.TB) connectors.Target {
	t.Helper()
	target := h.Open()
	t.Cleanup(func() { check(t, target.Close()) })
	return target
}

// deliver delivers once and returns the outcomes; a target of this kind has one for each item, whatever happens.
func (h OneWay) deliver(ctx context.Context, t testing.TB, target connectors.Target, g connectors.Group) map[string]connectors.Outcome {
	t.Helper()
	out, err := target.Deliver(ctx, g)
	check(t, err)
	by := outcomes(t, g, out)
	if len(by) != len(g.Items) {
		t.Errorf("%d outcomes for %d items", len(by), len(g.Items))
	}
	return by
}

// received fails unless exactly these effects came, in any order.
func (h OneWay) received(t testing.TB, want ...map[string]string) {
	t.Helper()
	text := func(all []map[string]string) string {
		var lines []string
		for _, files := range all {
			var line string
			for _, name := range slices.Sorted(maps.Keys(files)) {
				line += fmt.Sprintf(" %q: %d bytes %.40q;", name, len(files[name]), files[name])
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	if got, want := text(h.Received()), text(want); got != want {
		t.Errorf("received\n%s\nwant\n%s", got, want)
	}
}

func oneWayItems(t *testing.T, h OneWay) {
	target := h.open(t)
	g := group(drop("a.xml", "<a/>\n.\n..b\r\n"), drop("Übersicht – 1.txt", ""))
	g.Items[1].Files = append(g.Items[1].Files, file("b.pdf", "%PDF\x00\xff\r\n.\r\n"))
	control := file("b.ok", "ok")
	g.Items[1].Control = &control
	wantWritten(t, g, h.deliver(within(t), t, target, g))
	h.received(t, map[string]string{"a.xml": "<a/>\n.\n..b\r\n"}, map[string]string{"Übersicht – 1.txt": "", "b.pdf": "%PDF\x00\xff\r\n.\r\n", "b.ok": "ok"})
}

func oneWayBatch(t *testing.T, h OneWay) {
	g := batch("day.csv", "1;2\r\n", "2 lines")
	wantWritten(t, g, h.deliver(within(t), t, h.open(t), g))
	h.received(t, map[string]string{"day.csv": "1;2\r\n", "day.csv.ctl": "2 lines"})
}

func oneWayPromise(t *testing.T, h OneWay) {
	target := h.open(t)
	a := target.(connectors.Able).Abilities()
	if a.Recorded || a.Returning || a.Guarantee.Level != "parks-when-unclear" || a.Guarantee.Why == "" {
		t.Errorf("abilities: %+v", a)
	}
	if _, ok := target.(connectors.Witness); ok {
		t.Error("it gives evidence of what it cannot see")
	}
}

func oneWayLookup(t *testing.T, h OneWay) {
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"))
	wantFound(t, target, g, connectors.Unknown)
	wantWritten(t, g, h.deliver(within(t), t, target, g))
	wantFound(t, target, g, connectors.Unknown)
}

func oneWayAnswerLost(t *testing.T, h OneWay) {
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"), drop("b.xml", "<b/>"))
	h.Proxy.CutAfter(h.Last)
	got := h.deliver(within(t), t, target, g)
	if o := got[g.Items[0].Key]; o.Class != connectors.Uncertain {
		t.Errorf("%s %s though its answer was lost", o.Class, o.Code)
	}
	if o := got[g.Items[1].Key]; o.Class != connectors.Transient {
		t.Errorf("%s %s though it was not tried", o.Class, o.Code)
	}
	h.received(t, map[string]string{"a.xml": "<a/>"})
	g.Items = g.Items[1:]
	wantWritten(t, g, h.deliver(within(t), t, target, g))
	h.received(t, map[string]string{"a.xml": "<a/>"}, map[string]string{"b.xml": "<b/>"})
}

func oneWayCutLast(t *testing.T, h OneWay) {
	g := group(drop("a.xml", "<a/>"))
	h.Proxy.CutBefore(h.Last)
	if o := h.deliver(within(t), t, h.open(t), g)[g.Items[0].Key]; o.Class != connectors.Uncertain {
		t.Errorf("%s %s, though nobody can tell", o.Class, o.Code)
	}
	h.received(t)
}

func oneWayCutBegin(t *testing.T, h OneWay) {
	target := h.open(t)
	for _, strike := range []func(string){h.Proxy.CutBefore, h.Proxy.CutAfter} {
		g := group(drop("a.xml", "<a/>"))
		strike(h.Begin)
		if o := h.deliver(within(t), t, target, g)[g.Items[0].Key]; o.Class != connectors.Transient || !h.Proxy.Fired() {
			t.Errorf("%s %s, want transient (cut: %v)", o.Class, o.Code, h.Proxy.Fired())
		}
	}
	h.received(t)
	g := group(drop("a.xml", "<a/>"))
	wantWritten(t, g, h.deliver(within(t), t, target, g))
	h.received(t, map[string]string{"a.xml": "<a/>"})
}

func oneWayRefused(t *testing.T, h OneWay) {
	g := group(drop("a.xml", "<a/>"), h.Refused, drop("b.xml", "<b/>"))
	got := h.deliver(within(t), t, h.open(t), g)
	if o := got[h.Refused.Key]; o.Class != connectors.ItemError {
		t.Errorf("what is refused is %s %s", o.Class, o.Code)
	}
	g.Items = []connectors.Delivery{g.Items[0], g.Items[2]}
	wantWritten(t, g, got)
	h.received(t, map[string]string{"a.xml": "<a/>"}, map[string]string{"b.xml": "<b/>"})
}

func oneWayDown(t *testing.T, h OneWay) {
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"), drop("b.xml", "<b/>"))
	h.Proxy.Down()
	for key, o := range h.deliver(within(t), t, target, g) {
		if o.Class != connectors.Transient {
			t.Errorf("%s is %s %s with the system down", key, o.Class, o.Code)
		}
	}
	if target.Check(within(t)) == nil {
		t.Error("check passes with the system down")
	}
	h.Proxy.Up()
	wantWritten(t, g, h.deliver(within(t), t, target, g))
	h.received(t, map[string]string{"a.xml": "<a/>"}, map[string]string{"b.xml": "<b/>"})
}

func oneWayCancel(t *testing.T, h OneWay) {
	target := h.open(t)
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	g := group(drop("a.xml", "<a/>"))
	if o := h.deliver(ctx, t, target, g)[g.Items[0].Key]; o.Class != connectors.Transient {
		t.Errorf("%s %s after a call that was cancelled before it began", o.Class, o.Code)
	}
	ctx, cancel = context.WithTimeout(within(t), 5*time.Millisecond)
	defer cancel()
	o := h.deliver(ctx, t, target, g)[g.Items[0].Key]
	if n := len(h.Received()); o.Class == connectors.Written && n != 1 || o.Class == connectors.Transient && n != 0 || o.Class > connectors.Transient {
		t.Errorf("%s %s, and %d effects", o.Class, o.Code, n)
	}
}

func oneWayLarge(t *testing.T, h OneWay) {
	content := strings.Repeat("0123456789abcdef\r\n..\n", 100_000)
	g := group(drop("large.bin", content))
	wantWritten(t, g, h.deliver(within(t), t, h.open(t), g))
	h.received(t, map[string]string{"large.bin": content})
}

func oneWayCheck(t *testing.T, h OneWay) {
	check(t, h.open(t).Check(within(t)))
	h.received(t)
}

func oneWayClose(t *testing.T, h OneWay) {
	target := h.Open()
	check(t, target.Close())
	check(t, target.Close())
}
