package clock

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

var (
	_ connectors.Clock = (*Fast)(nil)
	_ connectors.Clock = (*Manual)(nil)
)

func TestManual(t *testing.T) {
	m := NewManual()
	late, soon := m.After(time.Hour), m.After(time.Second)
	m.Advance(time.Minute)
	select {
	case at := <-soon:
		if want := Start.Add(time.Minute); !at.Equal(want) || !m.Now().Equal(want) {
			t.Errorf("alarm at %v, clock at %v, want %v", at, m.Now(), want)
		}
	default:
		t.Error("the alarm that was due did not go off")
	}
	select {
	case <-late:
		t.Error("an alarm went off an hour too early")
	default:
	}
	if n := m.Waiting(); n != 1 {
		t.Errorf("%d alarms are set, want 1", n)
	}
	<-m.After(0)
}

func TestFast(t *testing.T) {
	f := NewFast(1000)
	<-f.After(time.Second)
	if passed := f.Now().Sub(Start); passed < time.Second {
		t.Errorf("only %v passed", passed)
	}
}

func TestJump(t *testing.T) {
	m, f := NewManual(), NewFast(1000)
	soon := m.After(time.Second)
	for _, d := range []time.Duration{24 * time.Hour, -48 * time.Hour} {
		m.Jump(d)
		f.Jump(d)
	}
	if want := Start.Add(-24 * time.Hour); !m.Now().Equal(want) || f.Now().Sub(want) > 12*time.Hour {
		t.Errorf("set to %v and %v, want %v", m.Now(), f.Now(), want)
	}
	select {
	case <-soon:
		t.Error("setting the clock let an alarm go off")
	default:
	}
	m.Advance(time.Second)
	<-soon
}

func TestSettable(t *testing.T) {
	var s Settable
	before := s.Now()
	for _, d := range []time.Duration{0, 3 * 365 * 24 * time.Hour, -20 * 365 * 24 * time.Hour} {
		s.Set(d)
		now := s.Now()
		want := time.Now().Add(time.Duration(s.seconds.Load()) * time.Second)
		if off := now.Round(0).Sub(want.Round(0)); off.Abs() > time.Minute {
			t.Errorf("set by %v: the time of day is %v, off by %v", d, now, off)
		}
		if passed := now.Sub(before); passed < 0 || passed > time.Minute {
			t.Errorf("set by %v: %v seem to have passed", d, passed)
		}
	}
}
