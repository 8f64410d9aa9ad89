package intake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

func lockedSource(dir, errs, owner string) *source {
	return &source{place: &local.Place{Dir: dir}, dir: dir, errs: errs, owner: owner}
}

// A second agent on the same folder is kept out, whatever its journal; a second source of the same agent is
// not, and one that is closed leaves the folder free.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "errors"), 0o755); err != nil {
		t.Fatal(err)
	}
	open := func(owner string) *source {
		return lockedSource(dir, filepath.Join(dir, "errors"), owner)
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
	first.disclaim()
	first.disclaim()
	if err := other.claim(); err == nil {
		t.Error("the second source of the first agent is overlooked")
	}
	sibling.disclaim()
	if err := other.claim(); err != nil {
		t.Errorf("once the folder is free: %v", err)
	}
	if err := open("process 3 on c").claim(); !errors.As(err, &coded) || coded.Code != CodeClaimed {
		t.Errorf("a third: %v", err)
	}
	other.disclaim()
}

// Two in-baskets may have one error folder and one done folder: of one agent, and of two. Nothing is written over, and
// each folder is still one agent's.
func TestSharedErrorFolder(t *testing.T) {
	root := t.TempDir()
	var baskets []*basket
	for _, name := range []string{"permits", "dogs"} {
		b := &basket{t: t, dir: filepath.Join(root, name), clock: newClock()}
		if err := os.Mkdir(b.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		b.open(func(c *rules.FolderConfig) {
			c.Quiet, c.MaxBytes, c.Errors, c.After.Move = 0, 10, filepath.Join(root, "error"), filepath.Join(root, "done")
		})
		baskets = append(baskets, b)
	}
	baskets[1].owner = "process 2 on b" // another agent's: it has a folder of its own
	for i, b := range baskets {
		b.put("large.json", strings.Repeat("x", 11+i))
		b.put("a.json", strings.Repeat("y", 1+i))
		expect(t, "taken", b.names(), "a.json")
		b.settle(connectors.Taken, "a.json")
		b.put("a.json", "refused")
		b.clock.advance(6 * time.Second)
		expect(t, "taken", b.names(), "a.json")
		b.settle(connectors.Refused, "a.json")
	}
	expect(t, "all of both", without(tree(t, root), ".lock"),
		"done/a-0000000000001.json done/a.json error/a-1.json error/a-1.json.txt error/a.json error/a.json.txt "+
			"error/large-1.json error/large-1.json.txt error/large.json error/large.json.txt")
	for _, b := range baskets {
		n, err := b.Reoffer(context.Background(), time.Time{}, func([]string) error { return nil })
		if _, e := b.Settled(context.Background(), time.Time{}); n != 0 || err != nil || !errors.Is(e, connectors.ErrNoEvidence) {
			t.Errorf("forms of a shared done folder are offered to one of its in-baskets: %d %v %v", n, err, e)
		}
	}
	third := lockedSource(baskets[0].dir, baskets[0].errs, "process 3 on c")
	if err := third.claim(); err == nil {
		t.Error("a third agent takes files out of the first one's folder")
	}
}

// without leaves out the names of a list that end so.
func without(list, end string) string {
	names := strings.Fields(list)
	return strings.Join(slices.DeleteFunc(names, func(n string) bool { return strings.HasSuffix(n, end) }), " ")
}
