package sqlite

import (
	"errors"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestVerdicts says what errors mean.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		err   error
		class connectors.Class
		code  string
	}{
		{errors.New("other"), connectors.Uncertain, ""},
	} {
		if v := verdict(c.err); v.Class != c.class || v.Code != c.code {
			t.Errorf("%v: %v %s, want %v %s", c.err, v.Class, v.Code, c.class, c.code)
		}
	}
}
