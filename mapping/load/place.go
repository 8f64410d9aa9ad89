package load

import (
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/source"
)

// place checks that the records of a write have one place in a layout in which records stand in others, and that a document has one root.
func (b *builder) place(l *encode.Layout, w *mapping.Write, spec source.Write) {
	wrong := func(message, suggestion string) {
		b.report(spec.Node.ValueProblem("layout", CodeLayout, message, suggestion))
	}
	within := l.Within(w.Name)
	at := slices.IndexFunc(b.spec.Write, func(o source.Write) bool { return o.As == within && o.Layout == spec.Layout && o.To == spec.To })
	switch {
	case within != "" && at < 0:
		wrong(fmt.Sprintf("the layout puts its records into those of write %q, and there is no such write to this target", within), "")
	case within != "" && spec.Under != within && (spec.Under != "" || b.many(b.spec.Write[at])):
		wrong(fmt.Sprintf("the layout puts its records into those of %s: which of them is meant is only known of a write under it", within), "say under: "+within)
	case within != "" || !l.Document():
	case b.many(spec):
		wrong("a document is one record, and this write makes many", "let a write without each be the document, and its fields have a place for these records: {records: "+w.Name+"}")
	case b.cat != nil && !b.pinned() && b.batched(w.Target):
		wrong("a document is a file of one form, and this target puts many into one", "remove batch from the target")
	}
}
