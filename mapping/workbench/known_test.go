package workbench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping"
)

// TestNamesThatSendersMakeUp: what nobody knows, and does not look like a field's name, is no name that is shown.
func TestNamesThatSendersMakeUp(t *testing.T) {
	t.Parallel()
	made := `{"Anna Muster": {"Hauptstr. 5": 1}, "Ulm 1": 2, "kind": "new", "meta": {"reference": "R-1"}, "owner": {"name": "Eva", "born": "1985-03-12"}, "parcels": [{"number": "1", "area": 3}]}`
	for _, text := range []string{permit, edited(t, "| upper()", "| uper()")} {
		for _, reveal := range []Reveal{false, true} {
			b := bench(text)
			var names []string
			var walk func(n *Node)
			walk = func(n *Node) {
				names = append(names, n.Name, n.Pointer)
				for _, x := range n.Below {
					walk(x)
				}
			}
			v := b.See([]byte(made), mapping.Input{ID: "1", Reference: "r"}, reveal)
			walk(v.Tree)
			if all := strings.Join(names, " "); strings.Contains(all, "Muster") != bool(reveal) || strings.Contains(all, "Hauptstr") != bool(reveal) || !strings.Contains(all, "area") {
				t.Error(reveal, all)
			}
			if v.Plan == nil {
				continue
			}
			f, err := v.Plan.Decode([]byte(made), "")
			if err != nil {
				t.Fatal(err)
			}
			if all := fmt.Sprint(b.Plain(v.Plan, f, reveal)); strings.Contains(all, "Muster") != bool(reveal) || strings.Contains(all, "… 2") == bool(reveal) {
				t.Error(reveal, all)
			}
		}
	}
}
