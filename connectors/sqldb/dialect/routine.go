package dialect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Routine is what the catalog says about a procedure or function beside its parameters.
type Routine struct {
	Params   []*Column // in their order
	Function bool
	Single   bool     // a function that gives one value, and no row
	Gives    []string // the columns of a function's rows; nil: not known, or none
	// Ends says why a call may end the transaction that it is part of, such as COMMIT; empty: it cannot.
	Ends   string
	Denied bool // the account may not call it
}

// Out says which way a parameter goes.
type Out uint8

// The ways of parameters.
const (
	In Out = iota
	InOut
	OnlyOut
)

// ResultName is what mappings call the one value that a function gives.
const ResultName = "result"

// CallArgs are a row's arguments for the parameters in their order: its index among them, or -1 where nothing is given.
func (w *Rowset) CallArgs() []int {
	at := make([]int, len(w.Tab.Routine.Params))
	for i, p := range w.Tab.Routine.Params {
		at[i] = w.at(p)
	}
	return at
}

// at is where among the rowset's columns a parameter is.
func (w *Rowset) at(p *Column) int {
	return slices.IndexFunc(w.Cols, func(c *Column) bool { return w.Tab.Column(c.Name) == p })
}

// Calls refuses what cannot be called as the mapping says: the mapping and the procedure are of different versions.
func (t *Table) Calls(sh *connectors.Shape) error {
	refuse := func(code, name, why string) error {
		return connectors.Errorf(connectors.TargetError, code, "call "+sh.Object+name, "compare the mapping's write with the procedure: inbasket check --connect does", "%s", why)
	}
	r := t.Routine
	for _, f := range sh.Fields {
		if c := t.Column(f); c != nil && c.Out == OnlyOut {
			return refuse(CodeGenerated, "."+f, "the parameter takes no value")
		}
	}
	for _, p := range r.Params {
		given := slices.ContainsFunc(sh.Fields, func(f string) bool { return t.Column(f) == p })
		if !given && p.Required {
			return refuse(CodeNoColumn, "."+p.Name, "the mapping gives the parameter nothing")
		}
	}
	switch {
	case r.Ends == "":
	case sh.Call == nil || sh.Call.Probe == "":
		return connectors.Errorf(connectors.TargetError, CodeEnds, "call "+sh.Object, "name in the mapping's write the probe, a query that tells whether the call has been made, or have the procedure leave COMMIT to its caller", "%s", r.Ends)
	}
	return nil
}

// Probing makes a row's query by which one sees that it was called already.
func (w *Rowset) Probing(d *Dialect, r Row) (Statement, error) {
	sql, names := Bound(w.Shape.Call.Probe, d.Bind)
	st := Statement{SQL: sql, Rows: true, Op: "ask the probe of " + w.Shape.Object, Item: r.Item}
	for _, n := range names {
		i := w.at(w.Tab.Column(n))
		if i < 0 {
			return st, &Misfit{CodeNotNull, n}
		}
		st.Args = append(st.Args, r.Args[i])
	}
	return st, nil
}

// Bound is a statement with placeholders for its :NAME places, and their names.
func Bound(sql string, bind func(int) string) (string, []string) {
	var b strings.Builder
	var names []string
	sql = strings.TrimRight(strings.TrimSpace(sql), ";")
	done := 0
	for _, p := range connectors.Places(sql) {
		names = append(names, p.Name)
		b.WriteString(sql[done:p.Start])
		b.WriteString(bind(len(names)))
		done = p.End
	}
	b.WriteString(sql[done:])
	return b.String(), names
}

// Bare is a statement without its texts, quoted names and comments.
func Bare(sql string) string {
	var b strings.Builder
	for i := 0; i < len(sql); {
		if n := connectors.Skip(sql[i:]); n > 0 {
			b.WriteByte(' ')
			i += n
			continue
		}
		b.WriteByte(sql[i])
		i++
	}
	return b.String()
}

// Several refuses a name that more than one routine has: which is meant, nobody here can tell.
func Several(name string, n int) error {
	return connectors.Errorf(connectors.TargetError, CodeOverloaded, "find procedure "+name, "have the DBA make one of another name that calls the one that is meant", "%s", fmt.Sprintf("%d have this name", n))
}
