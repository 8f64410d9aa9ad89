package health

import (
	"runtime"
	"testing"
)

// What is in use beside the parts at work, such as forms and connections, lifts the goal, and lets it sink when it is gone: below it
// the collector would run all the time.
func TestGoalFollowsUse(t *testing.T) {
	set := make(chan int64, 64)
	g := NewGoal(Memory{Set: func(bytes int64) { set <- bytes }})
	g.AtWork(1)
	if got := <-set; got < heapIdle+heapPart {
		t.Fatalf("the goal is %d with one part at work", got)
	}
	until := func(what string, is func(goal int64) bool) {
		for {
			runtime.GC()
			select {
			case goal := <-set:
				if is(goal) {
					return
				}
			case <-t.Context().Done():
				t.Fatal(what)
			default:
			}
		}
	}
	const size = 100 << 20
	held := make([]byte, size)
	until("the goal does not rise", func(goal int64) bool { return goal > size+size/4 })
	runtime.KeepAlive(held)
	held = nil
	until("the goal does not sink", func(goal int64) bool { return goal < size })
}

func TestGoalIsBounded(t *testing.T) {
	if got := (Memory{Most: 64 << 20}).goal(9, 200<<20); got != 64<<20 {
		t.Errorf("the goal is %d, above the most", got)
	}
}
