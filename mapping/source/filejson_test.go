package source

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/diag"
)

var update = flag.Bool("update", false, "write golden files anew; look at the difference before you commit it")

// TestFileSchema keeps the schema that editors use equal to what the program reads, and the examples valid by it.
func TestFileSchema(t *testing.T) {
	t.Parallel()
	want, err := EditorSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../mapping.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("../mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Fatal("mapping/mapping.schema.json is stale: go test ./mapping/source -run FileSchema -update")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(have))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mapping.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("mapping.json")
	names, _ := filepath.Glob("../../configs/*/mappings/*.yaml")
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, problems := diag.Parse(name, src)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if err := schema.Validate(f.Root().Any()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong, _ := diag.Parse("wrong", []byte("mapping: x\nversion: 1\ninput: {format: jsn}\nwrite: []\n"))
	if schema.Validate(wrong.Root().Any()) == nil {
		t.Error("a wrong format is valid by the schema")
	}
}
