package doctor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/test/clock"
)

// TestACheckThatHangs is left behind; one that heeds its context is not.
func TestACheckThatHangs(t *testing.T) {
	x := &exam{Patient: &Patient{Clock: clock.NewFast(1000)}}
	hang := make(chan struct{})
	defer close(hang)
	found := bounded(t.Context(), check{"disk", time.Millisecond, func(_ context.Context, _ *exam, n *notes) {
		n.ok("first", "is there")
		<-hang
		n.ok("late", "does not count")
	}}, x)
	if len(found) != 2 || found[0].Subject != "first" || found[1].Code != CodeLate || found[1].Level != "warn" || found[1].Area != "disk" {
		t.Errorf("%+v", found)
	}
	x.Clock = clock.NewManual() // stands still: the check must end by itself
	found = bounded(t.Context(), check{"disk", time.Millisecond, func(ctx context.Context, _ *exam, n *notes) {
		<-ctx.Done()
		n.warn("share", "x.y", "does not answer", "")
	}}, x)
	if len(found) != 1 || found[0].Code != "x.y" {
		t.Errorf("%+v", found)
	}
}

// TestASilentAgent is asked for a while only.
func TestASilentAgent(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	x := &exam{Patient: &Patient{Status: func(ctx context.Context) (control.Status, error) {
		<-ctx.Done()
		return control.Status{}, ctx.Err()
	}}}
	x.ask(ctx)
	if x.status != nil || x.asked == nil {
		t.Errorf("%+v %v", x.status, x.asked)
	}
}

// TestAPanicIsAFinding also where a check looks at several things at once.
func TestAPanicIsAFinding(t *testing.T) {
	x := &exam{Patient: &Patient{Clock: clock.NewManual()}}
	found := bounded(t.Context(), check{"disk", time.Minute, func(_ context.Context, _ *exam, n *notes) {
		each(n, []int{1, 2, 3}, func(i int, n *notes) {
			if i == 2 {
				panic("hunter2")
			}
			n.ok("", "sound")
		})
		none := []int{}
		n.ok("", fmt.Sprint(none[len(none)]))
	}}, x)
	if len(found) != 4 || found[1].Code != CodeBroke || found[3].Code != CodeBroke {
		t.Errorf("%+v", found)
	}
	for _, f := range found {
		if f.Cure == "" && f.Level == "fail" || len(f.Text) > 80 {
			t.Errorf("%+v", f)
		}
	}
}

func TestWords(t *testing.T) {
	for b, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 5 << 30: "5.0 GiB", 3 << 50: "3072.0 TiB"} {
		if got := size(b); got != want {
			t.Errorf("%d: %s", b, got)
		}
	}
	for d, want := range map[time.Duration]string{time.Minute: "1 minute", 90 * time.Minute: "90 minutes", 5 * time.Hour: "5 hours", 72 * time.Hour: "3 days"} {
		if got := long(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
	for path, want := range map[string]string{"/srv/forms": "/srv/forms", "/srv/my forms": "'/srv/my forms'", "/srv/o'k": `'/srv/o'\''k'`} {
		if got := quoted(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{{"a.json", "*.json|*.xml", true}, {"A.XML", "*.json|*.xml", true}, {"a.pdf", "*.json|*.xml", false}, {"a", "[", false}} {
		if fits(c.name, c.pattern) != c.want {
			t.Errorf("%+v", c)
		}
	}
}
