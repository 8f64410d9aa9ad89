package load_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

const kitchenSink = "../../../shared/samples/benefits-us/21P-527EZ-KITCHEN_SINK"

// readSample reads a file that others wrote; without it the test is skipped, but never in CI.
func readSample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the sample is missing: %v", err)
		}
		t.Skipf("the sample %s is not here: run beside the shared samples", filepath.Base(name))
	}
	return b
}

// TestPensionSample maps the real form into related tables and checks both schemas agree that it is valid.
func TestPensionSample(t *testing.T) {
	t.Parallel()
	raw := readSample(t, kitchenSink+".json")
	dir := "../../configs/pension/mappings"
	p, err := load.Mapping(os.DirFS(dir), "pension.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	form, err := p.Decode(raw, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	own := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readSample(t, kitchenSink+".schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := own.AddResource("sample.json", doc); err != nil {
		t.Fatal(err)
	}
	if err := own.MustCompile("sample.json").Validate(form); err != nil {
		t.Fatalf("by the sample's own schema: %v", err)
	}
	if bad := p.Validate(form); bad != nil {
		t.Fatalf("by our schema: %v", bad)
	}
	m, err := p.Map(form, mapping.Input{ID: "0000000000001"})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range m.Deliveries[0].Records {
		rows[r.Shape.Object]++
	}
	for table, want := range map[string]int{"CLAIM": 1, "DEPENDENT": 3, "INCOME_SOURCE": 4, "MARRIAGE": 3} {
		if rows[table] != want {
			t.Errorf("%s: %d rows, want %d", table, rows[table], want)
		}
	}
	want := map[string]string{"MONTHLY_INCOME": "3914.29", "LAST_NAME": "DOE", "BRANCHES": "AN", "MARITAL": "S", "CARE_COST": "4000.00", "POW_DAYS": "735"}
	first := m.Deliveries[0].Records[0]
	for i, f := range first.Shape.Fields {
		if w, ok := want[f]; ok && mapping.Show(first.Values[i]) != w {
			t.Errorf("CLAIM.%s = %s, want %s", f, mapping.Show(first.Values[i]), w)
		}
	}
	child := m.Deliveries[0].Records[1]
	if v := child.Values[0]; v.Kind != connectors.Reference || v.Str != "claim.CLAIM_ID" {
		t.Errorf("DEPENDENT.CLAIM_ID = %+v, want a reference to the claim", v)
	}
}

// TestPensionWithTheSamplesOwnSchema puts the schema that the form's authors wrote in the place of the example's.
func TestPensionWithTheSamplesOwnSchema(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../configs/pension/mappings")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pension.schema.json"), readSample(t, kitchenSink+".schema.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := load.Mapping(os.DirFS(dir), "pension.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	form, err := p.Decode(readSample(t, kitchenSink+".json"), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	if bad := p.Validate(form); bad != nil {
		t.Fatalf("%+v", bad)
	}
	m, err := p.Map(form, mapping.Input{ID: "0000000000001"})
	if err != nil || len(m.Deliveries[0].Records) != 1+3+4+3 {
		t.Fatalf("%+v %v", m, err)
	}
	delete(form.(map[string]any), "veteranFullName")
	if bad := p.Validate(form); bad == nil {
		t.Error("a form without its required name was accepted")
	}
}
