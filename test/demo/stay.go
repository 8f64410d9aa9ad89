package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// keepRunning leaves everything running until ctx ends, and says what can be tried.
func (d *demo) keepRunning(ctx context.Context) error {
	d.step("Your turn", "Everything keeps running, the offices decide what comes. Ctrl-C ends it and removes the folder.")
	d.plain(`   Drop forms of your own (names and formats as in the samples; change the reference, or it is a repeat):
     sed s/BP-2026-000017/BP-MINE-1/ configs/building-permit/mappings/samples/typical.json > %[1]s
     sed s/DL-77/DL-MINE-1/ configs/dog-licence/mappings/samples/two-dogs.xml > %[2]s

   Be the portal:
     TOKEN=%[3]s
     curl -H "Authorization: Bearer $TOKEN" "%[4]s/v1/events?limit=5"
     curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -H 'Idempotency-Key: "my-claim-1"' \
       --data-binary @configs/pension/mappings/samples/typical.json "%[4]s/v1/submissions?route=pension"
     curl -H "Authorization: Bearer $TOKEN" -H "Prefer: wait=30" %[4]s/v1/submissions/ID
     curl -H "Authorization: Bearer $TOKEN" %[4]s/v1/openapi.json

   Be the operator (make build first):
     %[5]s --config %[6]s status
     %[5]s --config %[6]s list
     %[5]s --config %[6]s show ID
     curl http://%[7]s/readyz
     curl http://%[7]s/metrics

   Look around: %[8]s
`, d.path("in", "permits", "mine.json"), d.path("in", "dogs", "mine.xml"), d.portal.token, d.portal.agent,
		binary(), d.path("inbasket.yaml"), d.at.Monitor, d.dir)
	if d.staying != nil {
		d.staying(d)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.ended:
			d.ended <- err
			return fmt.Errorf("the agent ended early: %v", err)
		case <-tick.C:
			if err := d.failure(); err != nil {
				return err
			}
		}
	}
}

func binary() string {
	if runtime.GOOS == "windows" {
		return `bin\inbasket.exe`
	}
	return "bin/inbasket"
}
