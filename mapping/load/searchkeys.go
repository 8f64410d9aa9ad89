package load

import (
	"cmp"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// searchKeys compiles what people find submissions by.
func (b *builder) searchKeys() {
	sc := b.scopeFor(-1, nil)
	for _, k := range b.spec.Keys {
		if k.Value.Value == nil || k.Value.Value.Node == nil {
			continue // which is told
		}
		if !source.Names.MatchString(k.Key) {
			b.report(k.Value.Node.At(k.Line, k.Column, expr.CodeValue, "the name of a key is made of small letters, digits, dots, hyphens and _, at most 64", "such as tax-number"))
		}
		b.choice([]any{"keys", k.Key, "keep"}, k.Value.Keep, []string{"plain", "hashed", "encrypted"})
		b.choice([]any{"keys", k.Key, "compare"}, k.Value.Compare, []string{"loose", "exact"})
		x, ok := b.value(sc, *k.Value.Value, "")
		if !ok {
			continue
		}
		b.plan.Keys = append(b.plan.Keys, mapping.SearchKey{Name: k.Key, Keep: cmp.Or(k.Value.Keep, "plain"), Exact: k.Value.Compare == "exact", X: x})
		if b.pinned() {
			continue
		}
		if x.Const != nil {
			b.report(k.Value.Value.Node.Problem(expr.CodeConstant, "the key does not depend on the form: every form would be found by it", "name a field, such as form.case"))
			continue
		}
		b.rehearse(*k.Value.Value, x, "the key", mapping.KeyText)
	}
}
