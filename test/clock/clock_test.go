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
