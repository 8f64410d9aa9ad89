package orders

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the reference anew")

// TestReference keeps the page of all orders as the table says.
func TestReference(t *testing.T) {
	const page = "../../docs/reference/orders.md"
	var b bytes.Buffer
	Reference(&b)
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(page); err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is stale; run make generate (%v)", page, err)
	}
}
