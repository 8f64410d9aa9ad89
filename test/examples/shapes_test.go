package examples

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/shape"
)

// TestShapes wants an example of each form builder; TestRealCases runs them.
func TestShapes(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("shapes/*.yaml")
	seen := map[string]bool{}
	for _, name := range names {
		p, err := load.Mapping(os.DirFS("shapes"), filepath.Base(name), nil)
		if err != nil {
			t.Fatalf("\n%v", err)
		}
		seen[p.Shape()] = true
	}
	for _, s := range shape.Names() {
		if !seen[s] {
			t.Errorf("there is no example of %s", s)
		}
	}
}

// sample reads a file that others wrote; without it the test is skipped, but never in CI.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../shared/samples", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the sample is missing: %v", err)
		}
		t.Skipf("the sample %s is not here: run beside the shared samples", name)
	}
	return b
}

// TestShapeSchema holds the example of GOV.UK Forms against the schema that they publish.
func TestShapeSchema(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(sample(t, "govuk-forms/submission.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("submission.json", doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gov-uk-forms.json", "gov-uk-forms-wrong.json"} {
		f, err := os.Open("shapes/forms/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		form, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.MustCompile("submission.json").Validate(form); err != nil {
			t.Error(err)
		}
	}
}
