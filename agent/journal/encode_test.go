package journal

import (
	"slices"
	"testing"
)

func FuzzMembers(f *testing.F) {
	f.Add([]byte{}, int64(0), int64(0))
	f.Add(encodeIDs([]ID{1 << 60, 1, 1<<62 + 1}), int64(5), int64(3))
	f.Add([]byte{0xff, 0xff}, int64(1), int64(2))
	f.Fuzz(func(t *testing.T, b []byte, x, y int64) {
		want := []ID{ID(x), ID(y), ID(x)}
		got, err := decodeIDs(encodeIDs(want))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, %v", got, err)
		}
		if ids, err := decodeIDs(b); err == nil {
			again, err := decodeIDs(encodeIDs(ids))
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
		m, err := decodeReturned(s, nil)
		if err != nil {
			return
		}
		text, err := encodeReturned(m)
		if err != nil {
			t.Fatal(err)
		}
		again := string(text)
		if n, err := decodeReturned(again, nil); err != nil || len(n) != len(m) {
			t.Fatalf("%q, then %q: %v", s, again, err)
		}
	})
}
