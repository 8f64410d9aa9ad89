package load

import (
	"time"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/expr"
)

// sequences reads which numbers the agent gives, and names them for expressions.
func (b *builder) sequences() {
	first := map[string]int64{}
	for _, l := range b.spec.Sequences {
		s := mapping.Sequence{Name: l.Key, First: max(l.Value.First, 1)}
		wrong := func(key, message, how string) { b.report(l.Value.Node.ValueProblem(key, expr.CodeValue, message, how)) }
		if !expr.WordPattern.MatchString(l.Key) || expr.Reserved[l.Key] {
			b.report(l.Value.Node.At(l.Line, l.Column, expr.CodeValue, "a name is made of letters, digits and _, and is no word of the language", ""))
		}
		if l.Value.First < 0 {
			wrong("first", "a sequence begins with 1 or a higher number", "")
		}
		b.choice([]any{"sequences", l.Key, "per"}, l.Value.Per, []string{"year"})
		if l.Value.Per == "year" {
			s.Zone = time.UTC
		} else if l.Value.Zone != "" {
			wrong("zone", "a sequence without per: year does not depend on a time zone", "remove it, or add per: year")
		}
		if zone := l.Value.Zone; zone != "" && s.Zone != nil {
			var err error
			if s.Zone, err = datefmt.Zone(zone); err != nil {
				wrong("zone", err.Error(), "")
			}
		}
		b.plan.Sequences = append(b.plan.Sequences, s)
		first[l.Key] = s.First
	}
	if len(first) > 0 {
		b.root.Names["numbers"] = expr.Numbers(first)
	}
}
