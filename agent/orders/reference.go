package orders

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

//go:generate go test -count=1 -run TestReference -update .

// operator is who may give an order: so far there is nobody else. The rights of the control socket say who that is, and
// the operating system says who gave it.
const operator = "operator"

// line is an order in the reference: its columns in words.
type line struct{ name, asks, who, held, record string }

func (o Order[Request, Answer]) line() line {
	l := line{name: o.Name, asks: asks(reflect.TypeFor[Request]()), who: operator, held: "yes", record: "no: it only looks"}
	if o.WhenReleased {
		l.held = "no"
	}
	if o.Record == nil {
		return l
	}
	var r Request
	entry, always := o.Record(r)
	if l.record = "yes"; !always {
		l.record = "where it changes or shows something"
	}
	if names := slices.Sorted(maps.Keys(entry.Details)); len(names) > 0 {
		l.record += ", with " + strings.Join(names, ", ")
	}
	return l
}

// asks names what a request says; who gives it is said by the operating system.
func asks(t reflect.Type) string {
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" && name != "by" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Reference writes the table of all orders as Markdown.
func Reference(w io.Writer) {
	fmt.Fprint(w, `# Orders

<!-- Made by "go generate ./agent/orders"; do not edit. -->

What people may have a running agent do, over its control socket; the [commands](cli.md) give these orders. An *operator* is whoever may
open that socket: the agent's account, root, and members of `+"`control.group`"+` ([security](../security.md)). What is on record stands in the
[audit log](../audit.md) before it is carried out, under the name of the account.

| order | asks | who may | while a restored agent is held | on record |
| --- | --- | --- | --- | --- |
`)
	for _, o := range table() {
		l := o.line()
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s |\n", l.name, l.asks, l.who, l.held, l.record)
	}
}
