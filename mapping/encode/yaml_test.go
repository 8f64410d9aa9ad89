package encode

import (
	"testing"

	"github.com/inbasket/inbasket/mapping/diag"
)

// TestYAML reads a layout as an integrator writes it.
func TestYAML(t *testing.T) {
	t.Parallel()
	f, problems := diag.Parse("layout.yaml", []byte(`format: fixed
charset: ibm1141
line-ending: nel
zone: Europe/Berlin
fields:
  - {value: "01", width: 2}
  - {name: SURNAME, width: 20, overflow: cut, unmappable: "replace:?"}
  - {name: FEE, type: decimal, decimals: 2, implied: true, sign: overpunch, width: 9, if-null: "0"}
  - {name: OWNER, type: boolean, yes: J, no: N, width: 1}
trailer:
  - fields:
      - {value: "99", width: 2}
      - {value: "{count}", type: integer, width: 6}
      - {value: "{total:FEE}", type: decimal, decimals: 2, implied: true, width: 12}
control-file: {name: "{stem}.OK", text: ""}
`))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var s Spec
	if err := f.Decode(&s).Err(); err != nil {
		t.Fatal(err)
	}
	l := must(t, s)
	if names, ok := l.Fields("any"); !ok || len(names) != 3 || names[2] != "OWNER" || !l.HasControl() || l.Charset() != "ibm1141" || l.Format() != "fixed" {
		t.Error(names, ok)
	}
}
