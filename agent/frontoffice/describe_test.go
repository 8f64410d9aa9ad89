package frontoffice

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A linter that many use, with all that it recommends as errors, finds nothing in the description.
func TestLinterIsContent(t *testing.T) {
	need(t, "redocly")
	b, err := OpenAPI("1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "redocly", "lint", "--extends=recommended-strict", path)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What other linters ask for: each operation says what it does, where it belongs, and which errors come as problems.
func TestDescriptionIsWhole(t *testing.T) {
	b, err := OpenAPI("")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Info    struct{ Contact, License map[string]string }
		Servers []struct{ URL string }
		Tags    []struct{ Name, Description string }
		Paths   map[string]map[string]struct {
			OperationID, Summary, Description string
			Tags                              []string
			Responses                         map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != "/" || doc.Info.Contact["url"] == "" || doc.Info.License["identifier"] == "" || len(doc.Tags) != 2 {
		t.Errorf("%+v %+v %+v", doc.Servers, doc.Info, doc.Tags)
	}
	n := 0
	for path, methods := range doc.Paths {
		for method, o := range methods {
			n++
			if o.OperationID == "" || o.Summary == "" || o.Description == "" || len(o.Tags) != 1 {
				t.Errorf("%s %s: %+v", method, path, o)
			}
			for _, status := range []string{"401", "429", "500", "503"} {
				if o.Responses[status].Content["application/problem+json"] == nil {
					t.Errorf("%s %s: %s is no problem", method, path, status)
				}
			}
		}
	}
	if n != 7 {
		t.Errorf("%d operations", n)
	}
}
