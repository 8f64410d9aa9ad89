package examples

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/cases"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/shape"
)

// TestShapes runs the example of each form builder.
func TestShapes(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("shapes/*.yaml")
	seen := map[string]bool{}
	for _, name := range names {
		fsys := os.DirFS("shapes")
		p, err := load.Mapping(fsys, filepath.Base(name), nil)
		if err != nil {
			t.Fatalf("\n%v", err)
		}
		if w := p.Warnings(); len(w) > 0 {
			t.Errorf("%v", w)
		}
		seen[p.Shape()] = true
		for _, r := range cases.Run(p, fsys) {
			if !r.OK {
				t.Errorf("%s, %s: %v", name, r.Name, r.Diffs)
			}
		}
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

// TestShapeSamples maps what form builders really sent: nested grids and a tree, and a signature into bytes.
func TestShapeSamples(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"advanced": `
mapping: advanced
version: 1
input: {format: json, shape: form.io, files: [form.answers.signature]}
write:
  - as: one
    to: register
    table: ONE
    fields: {BOX: form.answers.container1.containedTextField1, SIGNATURE: form.answers.signature | base64(), TYPE: first(attachments).type,
      CHOSEN: 'form.answers.selectBoxes1.box1 | yesNo("Y", "N")', DAY: 'form.answers.day | parseDate("MM/dd/yyyy")', FILE: 'form.answers.simplefile[0].originalName',
      DEEP: 'form.answers.tree.children[0].data.textFieldInTree1'}
  - {as: rows, to: register, table: ROW, each: r in form.answers.dataGrid, fields: {A: r.textFieldInDataGrid1, B: r.textFieldInDataGrid2}}
ignore: [form.answers, form.meta]
tests:
  - form: sample.json
    expect:
      one: [{BOX: contained1, TYPE: image/png, CHOSEN: Y, DAY: "1981-01-27", FILE: test-file-upload.txt, DEEP: level2a}]
      rows: [{A: dgtext1, B: dgtext11}, {A: dgtext2, B: dgtext22}]
`,
		"kitchen_sink": `
mapping: kitchen-sink
version: 1
input: {format: json, shape: form.io}
write:
  - as: one
    to: register
    table: ONE
    fields: {AT: 'form.answers.dateTime1 | parseDateTime("yyyy-MM-dd''T''HH:mm:ssXXX", "own")', N: form.answers.number, LIST: 'form.answers.selectList2[0]', STATE: form.meta.state,
      ALSO: 'form.answers.checkboxGroup1.check2 | yesNo("Y", "N")'}
ignore: [form.answers, form.meta]
tests:
  - form: sample.json
    expect: {one: [{AT: "2021-01-01T13:01:00-08:00", N: 456, LIST: select1, STATE: submitted, ALSO: N}]}
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := sample(t, "formio-ca/"+name+".submission.json")
			fsys := fstest.MapFS{"m.yaml": {Data: []byte(text)}, "sample.json": {Data: raw}}
			p, err := load.Mapping(fsys, "m.yaml", nil)
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			for _, r := range cases.Run(p, fsys) {
				if !r.OK {
					t.Error(r.Diffs)
				}
			}
			if name != "advanced" {
				return
			}
			form, err := p.Decode(raw, "")
			if err != nil {
				t.Fatal(err)
			}
			m, err := p.Map(form, mapping.Input{ID: "1"})
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Deliveries[0].Records[0].Values[1].Blob.Open()
			if err != nil {
				t.Fatal(err)
			}
			picture, err := io.ReadAll(r)
			if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG\r\n")) {
				t.Errorf("the signature is no picture: %v", err)
			}
		})
	}
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
