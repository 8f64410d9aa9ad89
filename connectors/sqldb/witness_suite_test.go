package sqldb

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// testEvidence reads ages by each system's own clock.
func testEvidence(t *testing.T, e engine) {
	tg := e.open(t, nil)
	written(t, deliver(t, tg, mine("AAA", 1), mine("BBB", 2)), "AAA", "BBB")
	now := tg.Env.Clock.Now()
	got := traces(t, tg, now.Add(-time.Hour))
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, tr := range got {
		if tr.Digest[0] != 1 || tr.Digest[2] == 0 || now.Sub(tr.At).Abs() > time.Minute || tr.Key != tr.Submission+"/register-1" {
			t.Fatalf("%+v", tr)
		}
	}
	if got := traces(t, tg, now.Add(time.Hour)); len(got) > 2 {
		t.Fatalf("%+v", got)
	}
	if err := tg.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// testRepeat compares :since with a column of each system's own type.
func testRepeat(t *testing.T, e engine) {
	tg := e.open(t, nil)
	written(t, deliver(t, tg, app("AAA", "Meyer"), app("BBB", "Adam")), "AAA", "BBB")
	q := connectors.Question{Again: "select FORM_REF from APPLICATION where RECEIVED >= :since", ID: []string{"FORM_REF"}}
	for days, want := range map[int]int{-10: 2, 3650: 0} { // both were received on 22 November 2026
		src, err := tg.Repeat(q, time.Date(2026, 11, 22+days, 12, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			list, err := src.Next(context.Background(), 1)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n += len(list)
			if err := src.Settle(context.Background(), []connectors.Receipt{{Handle: list[0].Handle, Verdict: connectors.Repeat}}); err != nil {
				t.Fatal(err)
			}
		}
		if n != want {
			t.Fatal(days, n)
		}
	}
}
