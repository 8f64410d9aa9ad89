package examine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/results"
)

// calling compares one call with the definition of what it calls.
func (x *examination) calling(ctx context.Context, w *connectors.Writing) error {
	sh := w.Shape
	if x.D.Routine == nil {
		return nil // check says so
	}
	schema, plain := dialect.SplitName(sh.Object, x.Cfg.Schema)
	tab, err := x.D.Routine(ctx, x.S, schema, plain)
	c := &comparison{x: x, w: w, tab: tab, tr: &dialect.Traits{}}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		x.Add(c.at(false, ours.Code, fmt.Sprintf("several procedures or functions are called %s, and which is meant cannot be told", sh.Object), ours.Hint, "procedure"))
		return nil
	}
	if err != nil {
		return err
	}
	if tab == nil {
		return x.noTable(ctx, w)
	}
	c.parameters()
	c.gives()
	if tab.Routine.Denied {
		x.Add(c.at(false, dialect.CodeGrant, "the account may not call "+sh.Object, "have the DBA run: GRANT EXECUTE ON "+map[bool]string{true: "FUNCTION ", false: "PROCEDURE "}[tab.Routine.Function]+tab.Name+" TO "+x.account(), "procedure"))
	}
	for i := range sh.Fields {
		c.fits(i)
	}
	return c.ends(ctx)
}

// parameters looks for what the write gives, and for what it must.
func (c *comparison) parameters() {
	sh, r := c.w.Shape, c.tab.Routine
	var known []string
	for _, p := range r.Params {
		known = append(known, p.Name)
	}
	for i, field := range sh.Fields {
		p := c.tab.Column(field)
		switch {
		case p == nil:
			f := c.at(false, dialect.CodeNoColumn, fmt.Sprintf("%s has no parameter %s", sh.Object, field), "correct its name, or compare with the version of the procedure", "fields", field)
			f.Word, f.Known = field, known
			c.x.Add(f)
		case p.Out == dialect.OnlyOut:
			c.x.Add(c.at(false, dialect.CodeGenerated, fmt.Sprintf("the parameter %s only gives a value, and takes none", c.name(field)), "leave it out of fields, and name it under returning if its value is needed", "fields", field))
		case p.Required && c.w.Contents[i].Absent:
			c.x.Add(c.at(true, dialect.CodeNotNull, fmt.Sprintf("the parameter %s has no default, and some forms may leave it out: they park", c.name(field)), "say onMissing: null in the mapping, or give it a default", "fields", field))
		}
	}
	for _, p := range r.Params {
		if p.Required && !slices.ContainsFunc(sh.Fields, func(f string) bool { return c.tab.Column(f) == p }) {
			c.x.Add(c.at(false, dialect.CodeNoColumn, fmt.Sprintf("the parameter %s of type %s has no default, and the mapping gives it nothing", c.name(p.Name), p.Typ), "add it to fields", "fields"))
		}
	}
}

// gives looks for what is to come back.
func (c *comparison) gives() {
	r := c.tab.Routine
	if c.x.D.Fence[0] != "" && !r.Function { // what its result sets have, only a call shows
		return
	}
	known := r.Gives
	if !r.Function {
		for _, p := range r.Params {
			if p.Out != dialect.In {
				known = append(known, p.Name)
			}
		}
	}
	for i, name := range c.w.Shape.Returning {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			f := c.at(false, dialect.CodeNoColumn, fmt.Sprintf("%s gives no value %s", c.w.Shape.Object, name), "correct its name; the one value of a function is called "+dialect.ResultName, "returning", i)
			f.Word, f.Known = name, known
			c.x.Add(f)
		}
	}
}

// ends looks whether the call may end its transaction, and at the probe.
func (c *comparison) ends(ctx context.Context) error {
	sh, why := c.w.Shape, c.tab.Routine.Ends
	probe := ""
	if sh.Call != nil {
		probe = sh.Call.Probe
	}
	switch {
	case why != "" && c.x.D.Fence[0] == "":
		c.x.Add(c.at(false, dialect.CodeEnds, fmt.Sprintf("%s ends the transaction that it is called in (%s), which the server refuses", sh.Object, why), "have the procedure leave that to its caller", "procedure"))
	case why != "" && probe == "":
		c.x.Add(c.at(false, dialect.CodeEnds, fmt.Sprintf("%s may end the transaction that it is called in: %s", sh.Object, why),
			"name a probe in the write, a query that tells whether the call has been made, or have the procedure leave that to its caller", "procedure"))
	}
	if probe == "" {
		return nil
	}
	sql, names := dialect.Bound(probe, c.x.D.Bind)
	given, f, err := c.x.columns(ctx, results.Mark{SQL: sql, Names: names})
	switch {
	case errors.Is(err, dialect.ErrUnknownNames):
		return nil
	case err != nil:
		return err
	case f != nil:
		v := c.x.D.Classify(f.Err)
		out := c.at(false, v.Code, "the database refuses the probe of "+sh.Object, v.Hint, "probe")
		out.Raw = f.Error()
		c.x.Add(out)
		return nil
	}
	for _, name := range sh.Returning {
		if !results.Contains(given, name) {
			c.x.Add(c.at(false, dialect.CodeNoColumn, fmt.Sprintf("the probe of %s gives no column %s, which returning names: after a lost answer it would not be known", sh.Object, name), "add it to the query", "probe"))
		}
	}
	return nil
}
