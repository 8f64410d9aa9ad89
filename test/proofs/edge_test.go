package proofs

import (
	"fmt"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestEdges asks real databases what they make of values at the edges of types, on which proofs rely: all that a proof takes for fitting is
// written, and what it is silent about may not be.
func TestEdges(t *testing.T) {
	types := map[string]string{"sqlite": "D date, M timestamp, Z timestamp, T text", "postgres": "D date, M timestamp, Z timestamptz, T text", "mariadb": "D date, M datetime(6), Z datetime, T longtext"}
	date := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Date, Str: s} }
	moment := func(s string) connectors.Value { return connectors.Value{Kind: connectors.DateTime, Str: s} }
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	for _, e := range engines {
		t.Run(e.typ, func(t *testing.T) {
			t.Parallel()
			target := e.open(t, "create table E (ID integer, "+types[e.typ]+")", "UTC")
			sh := &connectors.Shape{Write: "w", Object: "E", Fields: []string{"ID", "D", "M", "Z", "T"}}
			for i, c := range []struct {
				v    [4]connectors.Value
				want connectors.Class
			}{
				{[4]connectors.Value{date("0001-01-01"), moment("0001-01-01T00:00:00"), moment("0001-01-01T00:00:00+14:00"), text("\ufffe\U0010ffff\u0001")}, connectors.Written},
				{[4]connectors.Value{date("9999-12-31"), moment("9999-12-31T23:59:59.999999"), moment("0001-01-01T00:00:00+14:59"), text("\ufeff")}, connectors.Written},
				{[4]connectors.Value{{}, {}, moment("9999-12-31T23:59:59-14:59"), {}}, map[string]connectors.Class{"mariadb": connectors.ItemError, "postgres": connectors.Written, "sqlite": connectors.Written}[e.typ]},
			} {
				id := fmt.Sprint("edge", i)
				values := append([]connectors.Value{{Kind: connectors.Integer, Int: int64(i)}}, c.v[:]...)
				out, err := target.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{{Key: id, Submission: id, Records: []connectors.Record{{Shape: sh, Values: values}}}}})
				if err != nil || out[0].Class != c.want {
					t.Errorf("%d: %+v %v", i, out, err)
				}
			}
		})
	}
}
