package journal_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/connectors"
)

// TestKilledWhilePurging kills a process that accepts, purges, overwrites and compacts, again and again. What it
// acknowledged is known afterwards, what it said to be purged is purged, and the journal agrees with itself.
func TestKilledWhilePurging(t *testing.T) {
	if dir := os.Getenv("INBASKET_PURGE_VICTIM"); dir != "" {
		fmt.Println(purgeVictim(dir))
		return
	}
	dir := t.TempDir()
	acked, purged := []string{}, map[string]bool{}
	for round := range 6 {
		killed(t, round, "INBASKET_PURGE_VICTIM="+dir, 90+37*round, func(line string) {
			if ref, ok := strings.CutPrefix(line, "acked "); ok {
				acked = append(acked, ref)
			} else if id, ok := strings.CutPrefix(line, "purged "); ok {
				purged[id] = true
			}
		})
	}
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	c, err := checking.Of(j).Checkup(t.Context(), checking.CheckupOrder{Full: true})
	if err != nil || len(c.Findings) > 0 || c.Purged < int64(len(purged)) || len(purged) < 50 {
		t.Fatalf("%+v, %d purged, %v", c, len(purged), err)
	}
	for _, ref := range acked {
		a := arrival(ref, "x")
		a.Office = ""
		out, err := accepting.Of(j).Accept(t.Context(), []journal.Arrival{a})
		if err != nil || out[0].Verdict != connectors.Repeat {
			t.Fatalf("%s is not known any more: %+v, %v", ref, out, err)
		}
	}
	for text := range purged {
		id, err := journal.ParseID(text)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := reading.Of(j).Show(t.Context(), id); err != nil || v.State != journal.Purged {
			t.Fatalf("%s: %s, %v", id, v.State, err)
		}
	}
	runs, err := purging.Of(j).Uncertified(t.Context())
	total := int64(0)
	for _, run := range runs {
		cert, err := purging.Of(j).Certify(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		total += cert.Count
	}
	if err != nil || total != c.Purged {
		t.Fatalf("%d of %d are certified, %v", total, c.Purged, err)
	}
}

func purgeVictim(dir string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, dir, journal.Options{})
	if err != nil {
		return err
	}
	if err := j.PutPlan(ctx, planA); err != nil {
		return err
	}
	var open []journal.ID
	for n := 0; ; n++ {
		a := arrival(fmt.Sprintf("%s-%d", os.Getenv("INBASKET_JOURNAL_ROUND"), n), "x")
		a.Office = ""
		out, err := accepting.Of(j).Accept(ctx, []journal.Arrival{a})
		if err == nil {
			err = delivering.Of(j).Apply(ctx, []journal.Change{{ID: out[0].ID, Target: "x", To: journal.Done, Final: true}})
		}
		if err != nil {
			return err
		}
		fmt.Println("acked " + a.Reference)
		if open = append(open, out[0].ID); len(open) < 8 {
			continue
		}
		if err := purgeSome(ctx, j, open[:6], n); err != nil {
			return err
		}
		open = open[6:]
	}
}

func purgeSome(ctx context.Context, j *journal.Journal, ids []journal.ID, n int) error {
	run, err := purging.Of(j).StartPurge(ctx)
	if err != nil {
		return err
	}
	gone, err := purging.Of(j).Purge(ctx, ids, purging.PurgeOrder{Run: run})
	if err != nil {
		return err
	}
	for _, id := range gone {
		fmt.Println("purged " + id.String())
	}
	if _, err := checking.Of(j).Scrub(ctx, 1); err != nil {
		return err
	}
	if n%3 == 0 {
		_, err = checking.Of(j).Compact(ctx, nil)
	}
	return err
}
