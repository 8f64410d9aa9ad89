package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// The same seed gives the same forms for ever, of the size and shape that the benchmark promises.
func TestForms(t *testing.T) {
	size, dependants := 0, 0
	const n = 1000
	for i := range n {
		b := form(1, i)
		if !bytes.Equal(b, form(1, i)) {
			t.Fatalf("form %d differs from itself", i)
		}
		var a application
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		size, dependants = size+len(b), dependants+len(a.Dependants)
	}
	if mean := size / n; mean < 1900 || mean > 2200 {
		t.Errorf("a form has %d bytes, want 2 KiB", mean)
	}
	if mean := float64(dependants) / n; mean < 2.3 || mean > 2.7 {
		t.Errorf("a form has %.2f dependants, want 2.5", mean)
	}
	if bytes.Equal(form(1, 0), form(2, 0)) {
		t.Error("the seed changes nothing")
	}
}
