package decode

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSamples decodes every JSON and XML file among the real samples beside the checkout.
func TestSamples(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "shared", "samples")
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the samples are missing: %v", err)
		}
		t.Skipf("the samples are missing: %v", err)
	}
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".json":
			n++
			var want any
			dec := json.NewDecoder(bytes.NewReader(b))
			dec.UseNumber()
			if err := dec.Decode(&want); err != nil {
				t.Errorf("%s: encoding/json: %v", path, err)
				return nil
			}
			got, err := JSON(b, Limits{})
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got)\n%s", path, d)
			}
		case ".xml":
			n++
			if v, err := XML(b, Limits{}, nil); err != nil {
				t.Errorf("%s: %v", path, err)
			} else if m, ok := v.(map[string]any); !ok || len(m) == 0 {
				t.Errorf("%s: an empty tree", path)
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Errorf("%d files read: %v", n, err)
	}
}
