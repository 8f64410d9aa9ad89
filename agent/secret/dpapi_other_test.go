//go:build !windows

package secret_test

import (
	"errors"
	"testing"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
)

// TestElsewhere wants a clear refusal where there is no DPAPI, with what to use instead.
func TestElsewhere(t *testing.T) {
	_, seal := secret.Protect([]byte("x"))
	_, open := secret.Unprotect([]byte("x"))
	for _, err := range []error{seal, open} {
		var coded *connectors.Error
		if !errors.As(err, &coded) || coded.Code != secret.CodeSystem || coded.Hint == "" {
			t.Errorf("got %v, want %s with a hint", err, secret.CodeSystem)
		}
	}
}
