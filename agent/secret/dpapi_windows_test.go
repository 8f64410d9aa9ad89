package secret_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
)

// TestRoundTrip seals and opens secrets of many shapes; nothing of them can be read in the sealed bytes.
func TestRoundTrip(t *testing.T) {
	for _, plain := range []string{"p", "Füße & 漢字", "with\nlines\r\n", strings.Repeat("x", secret.MaxSize)} {
		sealed, err := secret.Protect([]byte(plain))
		if err != nil {
			t.Fatalf("%d bytes: %v", len(plain), err)
		}
		if len(plain) > 4 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%d bytes stand in the seal as they are", len(plain))
		}
		got, err := secret.Unprotect(sealed)
		if err != nil || string(got) != plain {
			t.Errorf("%d bytes: got %d back, %v", len(plain), len(got), err)
		}
	}
}

// TestDamaged refuses what was never sealed here, was cut short or was changed.
func TestDamaged(t *testing.T) {
	sealed, err := secret.Protect([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, b := range map[string][]byte{"empty": nil, "never sealed": []byte("hello"), "cut": sealed[:len(sealed)/2], "changed": changed} {
		_, err := secret.Unprotect(b)
		var coded *connectors.Error
		if !errors.As(err, &coded) || coded.Code != secret.CodeOpen || !strings.Contains(coded.Hint, "secret set") {
			t.Errorf("%s: got %v, want %s", name, err, secret.CodeOpen)
		}
	}
}

// TestSize refuses what is no secret.
func TestSize(t *testing.T) {
	for _, n := range []int{0, secret.MaxSize + 1} {
		if _, err := secret.Protect(make([]byte, n)); err == nil {
			t.Errorf("%d bytes were sealed", n)
		}
	}
}
