package sqlite

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// leaf makes a page with two cells, a free block between them and something in the gap.
func leaf() []byte {
	page := make([]byte, 512)
	page[0] = 13
	binary.BigEndian.PutUint16(page[1:], 460) // first free block
	binary.BigEndian.PutUint16(page[3:], 2)   // cells
	binary.BigEndian.PutUint16(page[5:], 440) // content begins
	binary.BigEndian.PutUint16(page[8:], 440)
	binary.BigEndian.PutUint16(page[10:], 490)
	copy(page[100:], "left over")
	copy(page[440:], "first cell")
	binary.BigEndian.PutUint16(page[462:], 20) // size of the free block
	copy(page[464:], "also left over")
	copy(page[490:], "second cell")
	return page
}

func TestScrubKeepsWhatIsUsed(t *testing.T) {
	page := leaf()
	if !scrub(2, page) || bytes.Contains(page, []byte("left over")) {
		t.Fatalf("%q", page)
	}
	for _, s := range []string{"first cell", "second cell"} {
		if !bytes.Contains(page, []byte(s)) {
			t.Errorf("%s is gone", s)
		}
	}
	want := leaf()
	copy(want[100:], make([]byte, 9))
	copy(want[464:], make([]byte, 14))
	if !bytes.Equal(page, want) {
		t.Errorf("more is changed than was unused:\n%q\n%q", page, want)
	}
	if scrub(2, page) {
		t.Error("there was something left")
	}
}

func TestScrubLeavesAloneWhatIsNoPage(t *testing.T) {
	for name, spoil := range map[string]func([]byte){
		"another kind":                 func(p []byte) { p[0] = 0 },
		"too many cells":               func(p []byte) { binary.BigEndian.PutUint16(p[3:], 300) },
		"a cell in the gap":            func(p []byte) { binary.BigEndian.PutUint16(p[8:], 200) },
		"a cell behind the end":        func(p []byte) { binary.BigEndian.PutUint16(p[8:], 600) },
		"content behind the end":       func(p []byte) { binary.BigEndian.PutUint16(p[5:], 600) },
		"a free block in the gap":      func(p []byte) { binary.BigEndian.PutUint16(p[1:], 200) },
		"a free block behind the end":  func(p []byte) { binary.BigEndian.PutUint16(p[462:], 100) },
		"a free block without a size":  func(p []byte) { binary.BigEndian.PutUint16(p[462:], 0) },
		"free blocks in a ring":        func(p []byte) { binary.BigEndian.PutUint16(p[460:], 460) },
		"a free block before the last": func(p []byte) { binary.BigEndian.PutUint16(p[460:], 445) },
	} {
		page := leaf()
		spoil(page)
		before := bytes.Clone(page)
		if scrub(2, page) || !bytes.Equal(page, before) {
			t.Errorf("%s: it was changed", name)
		}
	}
}

func TestScrubBearsAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		page := leaf()
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			page[rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 460, 461, 462, 463}).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		before := bytes.Clone(page)
		if !scrub(rapid.Int64Range(1, 3).Draw(t, "number"), page) && !bytes.Equal(page, before) {
			t.Fatal("changed and not said")
		}
	})
}
