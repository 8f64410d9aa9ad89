package wire

import (
	"fmt"
	"testing"
	"time"
)

func TestWrongTokensAreSlowed(t *testing.T) {
	var told []string
	s := Unauthenticated{Tell: func(address string, n int) { told = append(told, fmt.Sprint(address, " ", n)) }}
	now := time.Unix(1000, 0)
	var delays []time.Duration
	var overs []func()
	for range mostWaiting {
		d, over, ok := s.Wrong("192.0.2.1", now)
		if !ok {
			t.Fatal("refused too early")
		}
		delays, overs = append(delays, d), append(overs, over)
	}
	if delays[0] != firstDelay || delays[1] != 2*firstDelay || delays[mostWaiting-1] != mostDelay {
		t.Errorf("%v", delays)
	}
	if _, _, ok := s.Wrong("192.0.2.1", now); ok {
		t.Error("one address holds as many answers as it likes")
	}
	if d, over, ok := s.Wrong("192.0.2.2", now); !ok || d != firstDelay {
		t.Error("another address pays for it")
	} else {
		over()
	}
	for _, over := range overs {
		over()
	}
	if s.waiting != 0 {
		t.Errorf("%d are still counted", s.waiting)
	}
	s.Sweep(now.Add(tellEvery - time.Second))
	if len(told) != 2 {
		t.Errorf("told %v within a minute", told)
	}
	s.Sweep(now.Add(2 * tellEvery))
	if len(told) != 3 || told[2] != "192.0.2.1 8" {
		t.Errorf("told %v", told)
	}
	s.Sweep(now.Add(forgiven + 3*tellEvery))
	if len(s.known) != 0 {
		t.Errorf("%v are never forgotten", s.known)
	}
	for i := range 2 * mostNamed {
		_, over, _ := s.Wrong(fmt.Sprint("address ", i), now)
		over()
	}
	if len(s.known) > mostNamed+1 {
		t.Errorf("%d addresses are remembered", len(s.known))
	}
}
