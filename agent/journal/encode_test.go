package journal_test

import (
	"slices"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

func FuzzMembers(f *testing.F) {
	f.Add([]byte{}, int64(0), int64(0))
	f.Add(journal.EncodeIDs([]journal.ID{1 << 60, 1, 1<<62 + 1}), int64(5), int64(3))
	f.Add([]byte{0xff, 0xff}, int64(1), int64(2))
	f.Fuzz(func(t *testing.T, b []byte, x, y int64) {
		want := []journal.ID{journal.ID(x), journal.ID(y), journal.ID(x)}
		got, err := journal.DecodeIDs(journal.EncodeIDs(want))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, %v", got, err)
		}
		if ids, err := journal.DecodeIDs(b); err == nil {
			again, err := journal.DecodeIDs(journal.EncodeIDs(ids))
			if err != nil || !slices.Equal(again, ids) {
				t.Fatalf("%v, %v", again, err)
			}
		}
	})
}

func FuzzReturned(f *testing.F) {
	f.Add(`{"w.A":{"k":3,"i":5}}`)
	f.Add(`{"w.A":{"k":8,"b":"AAEC"}}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, s string) {
		m, err := journal.DecodeReturned(s, nil)
		if err != nil {
			return
		}
		text, err := journal.EncodeReturned(m)
		if err != nil {
			t.Fatal(err)
		}
		again := string(text)
		if n, err := journal.DecodeReturned(again, nil); err != nil || len(n) != len(m) {
			t.Fatalf("%q, then %q: %v", s, again, err)
		}
	})
}
