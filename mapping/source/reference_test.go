package source

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReference keeps the page of all keys as the doc tags say: each key that editors complete stands there, and every link leads to a section.
func TestReference(t *testing.T) {
	t.Parallel()
	const page = "../../docs/reference/mapping.md"
	var want bytes.Buffer
	Reference(&want)
	if *update {
		if err := os.WriteFile(page, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Fatalf("%s is stale (%v): go generate ./mapping/source", page, err)
	}
	schema, err := EditorSchema()
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(schema, &tree); err != nil {
		t.Fatal(err)
	}
	visitKeys(tree, func(key string) {
		if !strings.Contains(want.String(), "\n- `"+key+"`") {
			t.Errorf("the page has not the key %s", key)
		}
	})
	for _, m := range regexp.MustCompile(`\(#([^)]+)\)`).FindAllStringSubmatch(want.String(), -1) {
		found := false
		for _, line := range strings.Split(want.String(), "\n") {
			title, heading := strings.CutPrefix(line, "## ")
			found = found || heading && strings.ToLower(strings.ReplaceAll(title, ".", "")) == m[1]
		}
		if !found {
			t.Errorf("no section has the anchor %s", m[1])
		}
	}
}

// visitKeys visits the keys of all blocks of a JSON Schema.
func visitKeys(tree any, visit func(key string)) {
	switch x := tree.(type) {
	case []any:
		for _, item := range x {
			visitKeys(item, visit)
		}
	case map[string]any:
		if properties, ok := x["properties"].(map[string]any); ok {
			for key := range properties {
				visit(key)
			}
		}
		for _, part := range x {
			visitKeys(part, visit)
		}
	}
}
