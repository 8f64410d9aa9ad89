package main

import (
	"fmt"
	"time"
)

// The goals that docs/performance.md explains.
const (
	goalLoop      = 4.0  // times the Go loop with a transaction per form
	goalPipeline  = 1.0  // times the pipelined Go loop
	goalBefore    = 0.97 // of the agent before a change
	goalCPU       = 3.0  // seconds per 10,000 forms
	goalTwoLoops  = 1.15 // times two pipelined Go loops
	goalPeak      = 96   // MiB while working for one target
	goalPeakFour  = 192  // MiB while working for four
	goalIdle      = 40   // MiB while idle
	goalLarge     = 0.95 // of the rate, with ten times as many forms waiting
	goalXML       = 0.9  // of the rate of JSON
	goalPosts     = 6000 // a second over 16 connections
	goalPost      = time.Millisecond
	goalBeside    = 0.95 // of these, while 2,000 clients wait
	goalBesideP99 = 1.5  // times as long at most
	goalLatency   = 60 * time.Millisecond
	goalReady     = 150 * time.Millisecond
	goalIdleCPU   = 50 * time.Millisecond // of 20 s; the clock ticks every 10 ms
)

// goalLayouts are rates in the rate of one in-basket and one database.
var goalLayouts = map[layout]float64{{1, 2}: 0.8, {1, 4}: 0.55, {2, 1}: 1.0, {4, 4}: 1.0}

// verdict is one goal and whether it was met.
type verdict struct {
	text string
	met  bool
}

func (b *bench) judge(met bool, format string, args ...any) {
	b.verdicts = append(b.verdicts, verdict{fmt.Sprintf(format, args...), met})
}

// judged prints all goals and returns an error when -strict was given and one was missed.
func (b *bench) judged() error {
	missed := 0
	fmt.Println("\ngoals")
	for _, v := range b.verdicts {
		word := "met"
		if !v.met {
			word = "MISSED"
			missed++
		}
		fmt.Printf("  %-7s %s\n", word, v.text)
	}
	if b.strict && missed > 0 {
		return fmt.Errorf("%d goals missed", missed)
	}
	return nil
}
