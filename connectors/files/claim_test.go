package files

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// A second agent on the same folder is kept out, whatever its journal; a second source of the same agent is
// not, and one that is closed leaves the folder free.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "errors"), 0o755); err != nil {
		t.Fatal(err)
	}
	open := func(owner string) *source {
		return &source{errs: filepath.Join(dir, "errors"), owner: owner}
	}
	first, sibling, other := open("process 1 on a"), open("process 1 on a"), open("process 2 on b")
	for name, s := range map[string]*source{"the first": first, "the first again": first} {
		if err := s.claim(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sibling.claim(); err != nil {
		t.Errorf("a second source of the same agent: %v", err)
	}
	var coded *connectors.Error
	if err := other.claim(); !errors.As(err, &coded) || coded.Code != CodeClaimed || coded.Class != connectors.TargetError ||
		coded.Hint[:len("it is process 1 on a;")] != "it is process 1 on a;" {
		t.Errorf("another agent: %v", err)
	}
	sibling.disclaim()
	first.disclaim()
	first.disclaim()
	if err := other.claim(); err != nil {
		t.Errorf("once the folder is free: %v", err)
	}
	if err := open("process 3 on c").claim(); !errors.As(err, &coded) || coded.Code != CodeClaimed {
		t.Errorf("a third: %v", err)
	}
	other.disclaim()
}
