package examples

import (
	"os"
	"testing"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// formExample loads a mapping of test/examples/forms.
func formExample(t *testing.T, name string) *mapping.Plan {
	t.Helper()
	p, err := load.Mapping(os.DirFS("forms"), name, nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	return p
}

// TestFormsOfFile takes the file of a day apart into the forms of its owners.
func TestFormsOfFile(t *testing.T) {
	t.Parallel()
	p := formExample(t, "dog-licences.yaml")
	raw, err := os.ReadFile("forms/samples/dog-licences.csv")
	if err != nil {
		t.Fatal(err)
	}
	forms, err := p.Split(raw, "text/csv")
	if err != nil || len(forms) != 2 {
		t.Fatal(len(forms), err)
	}
	one, err := os.ReadFile("forms/samples/dog-licence.csv")
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.Decode(forms[0].Bytes(), "text/csv")
	if err != nil {
		t.Fatal(err)
	}
	if alone, err := p.Decode(one, ""); err != nil || mapping.Differences(first, alone) != nil {
		t.Errorf("%v %v", alone, err)
	}
}
