package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// comparison is one write beside its table.
type comparison struct {
	x     *examination
	w     *connectors.Writing
	tab   *table
	tr    *traits
	lacks bool // a column that is named is not there, or takes no value
}

// at makes a finding at a part of the write.
func (c *comparison) at(warning bool, code, message, cure string, path ...any) connectors.Finding {
	return connectors.Finding{Warning: warning, Code: code, Message: message, Cure: cure, Path: append([]any{"write", c.w.Index}, path...)}
}

func (c *comparison) name(field string) string { return c.w.Shape.Object + "." + field }

// columns looks for what the write names.
func (c *comparison) columns() {
	var known []string
	for name := range c.tab.columns {
		known = append(known, name)
	}
	slices.Sort(known)
	look := func(field string, path ...any) {
		if c.tab.column(field) != nil {
			return
		}
		c.lacks = true
		f := c.at(false, CodeNoColumn, fmt.Sprintf("table %s has no column %s that the account may see", c.w.Shape.Object, field),
			"correct its name, or have the DBA add the column or grant rights on it", path...)
		f.Word, f.Known = field, known
		c.x.add(f)
	}
	for _, field := range c.w.Shape.Fields {
		look(field, "fields", field)
	}
	for i, field := range c.w.Shape.Returning {
		look(field, "returning", i)
	}
}

// required looks for columns that nothing fills, and for those that the system alone may fill.
func (c *comparison) required() {
	filled := map[*column]int{}
	for i, field := range c.w.Shape.Fields {
		if col := c.tab.column(field); col != nil {
			filled[col] = i + 1
		}
	}
	filler := ""
	for _, h := range c.tr.hooks {
		if h.fills && h.event == "INSERT" {
			filler = h.name
		}
	}
	var open []string
	for _, col := range c.tab.columns {
		i, computed := filled[col], c.tr.computed[col.name]
		switch {
		case i > 0 && computed && !(c.w.Shape.Op == connectors.Update && slices.Contains(c.w.Shape.Key, i-1)): // there it only finds the row
			c.x.add(c.at(false, CodeGenerated, fmt.Sprintf("column %s is computed by the database and cannot be written", c.name(col.name)),
				takesNone, "fields", c.w.Shape.Fields[i-1]))
			c.lacks = true
		case i == 0 && (col.required || c.tr.needs[col.name]) && !computed && c.w.Shape.Op != connectors.Update:
			open = append(open, col.name)
		case i > 0 && (col.required || c.tr.needs[col.name] || c.tr.strictly[col.name]):
			c.gaps(i-1, col, filler)
		}
	}
	slices.Sort(open)
	for _, name := range open {
		f := c.at(filler != "" || c.tr.kind != "", CodeNotNull, fmt.Sprintf("column %s is required, has no default, and the mapping does not fill it", c.name(name)),
			"add it to fields, or have the DBA give it a default", "fields")
		if filler != "" {
			f.Message += "; the trigger " + filler + " may"
		}
		c.x.add(f)
	}
	for _, s := range c.tr.closed {
		name, sequence, _ := strings.Cut(s, " ")
		if filled[c.tab.columns[name]] == 0 && c.w.Shape.Op != connectors.Update {
			c.x.add(c.at(false, CodeGrant, fmt.Sprintf("the account may not use the sequence %s, from which %s gets its number", sequence, c.name(name)),
				"have the DBA run: GRANT USAGE ON SEQUENCE "+sequence+" TO "+c.x.account(), "table"))
		}
	}
}

// gaps looks at a column that refuses NULL and is filled by some forms only.
func (c *comparison) gaps(i int, col *column, filler string) {
	ct, field := c.w.Contents[i], c.w.Shape.Fields[i]
	never := ct.Value != nil && ct.Value.Kind == connectors.Null
	absent := ct.Absent && (col.required || c.tr.needs[col.name]) && c.w.Shape.Op != connectors.Update && filler == ""
	switch {
	case never:
		c.x.add(c.at(false, CodeNotNull, fmt.Sprintf("column %s refuses NULL, and the mapping gives it nothing else", c.name(field)), "give it a value", "fields", field))
	case absent:
		c.x.add(c.at(true, CodeNotNull, fmt.Sprintf("column %s is required, and some forms may leave it out", c.name(field)),
			"give it a default: in the mapping, or require the field in the form's schema", "fields", field))
	case ct.Null:
		c.x.add(c.at(true, CodeNotNull, fmt.Sprintf("column %s refuses NULL, and some forms may make it NULL", c.name(field)),
			"give it a default: or onNull: in the mapping, or refuse null in the form's schema", "fields", field))
	}
}

// keys looks whether the key names one row, and is found fast.
func (c *comparison) keys() {
	sh := c.w.Shape
	var names []string
	for _, k := range sh.Key {
		if c.tab.column(sh.Fields[k]) == nil {
			return // said already
		}
		names = append(names, sh.Fields[k])
	}
	c.nullKeys(names)
	key := strings.Join(names, ", ")
	if len(names) == 0 || c.tr.kind != "" && sh.Op != connectors.Upsert {
		return
	}
	switch unique := c.tab.unique(names); {
	case sh.Op == connectors.Upsert && !unique:
		c.x.add(c.at(false, CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s, which upsert needs", sh.Object, key),
			"have the DBA make a unique key on these columns, or name the columns of a key that is there", "key"))
	case sh.Op == connectors.Update && !unique:
		c.x.add(c.at(true, CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s: update may hit several rows", sh.Object, key),
			"name the columns of a unique key, or have the DBA make one", "key"))
	case sh.Op == connectors.Insert && !unique && !c.x.cfg.Ledger:
		c.x.add(c.at(true, CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s: without a ledger, an unclear end parks", sh.Object, key),
			"use a ledger, or name the columns of a unique key", "key"))
	case sh.Op == connectors.ReplaceChildren && !unique && !c.indexed(names):
		c.x.add(c.at(true, CodeNoKey, fmt.Sprintf("no index of table %s begins with %s: each form reads and locks the whole table", sh.Object, key),
			"have the DBA make an index on these columns", "key"))
	}
}

// nullKeys looks for columns of the key that may be NULL, which names no row. Columns that refuse it are looked at by gaps.
func (c *comparison) nullKeys(names []string) {
	if c.tab.takesNull(c.w.Shape.Op, names) {
		return
	}
	for i, k := range c.w.Shape.Key {
		ct, col := c.w.Contents[k], c.tab.column(names[i])
		never := ct.Value != nil && ct.Value.Kind == connectors.Null
		if !never && !ct.Null && !ct.Absent || col.required || c.tr.needs[col.name] || c.tr.strictly[col.name] {
			continue
		}
		c.x.add(c.at(!never, CodeNullKey, fmt.Sprintf("the key's column %s may be NULL, which names no row: such a form parks", c.name(names[i])),
			"give it a default: or onNull: in the mapping, or require the field in the form's schema", "fields", names[i]))
	}
}

// indexed tells whether an index begins with these columns in any order; true where that is not known.
func (c *comparison) indexed(names []string) bool {
	if c.tr.indexes == nil {
		return true
	}
	for _, index := range c.tr.indexes {
		if len(index) < len(names) {
			continue
		}
		all := true
		for _, n := range names {
			all = all && slices.ContainsFunc(index[:len(names)], func(x string) bool { return strings.EqualFold(x, n) })
		}
		if all {
			return true
		}
	}
	return false
}

// whole looks at the table itself: what it is, and what stands between a statement and its rows.
func (c *comparison) whole() {
	sh := c.w.Shape
	switch {
	case c.tr.weak != "":
		c.x.add(c.at(c.tr.kind != "" || !strings.Contains(c.tr.weak, "transaction"), CodeNoTx, fmt.Sprintf("table %s is %s", sh.Object, strings.TrimSpace(c.tr.kind+" "+c.tr.weak)),
			"have the DBA make it a table with transactions that outlives a crash", "table"))
	case c.tr.kind != "":
		c.x.add(c.at(true, CodeRedirects, fmt.Sprintf("%s is %s: what becomes of its rows, keys and required columns is not looked at", sh.Object, c.tr.kind),
			"write to the table beneath, or try it with a form", "table"))
	}
	c.beneath()
	for _, h := range c.tr.hooks {
		if !touches(sh.Op, h.event) || sh.Unchecked && !h.keeps { // the mapping knows of it
			continue
		}
		if strings.HasPrefix(h.what, "INSTEAD OF") {
			c.x.add(c.at(false, CodeRows, fmt.Sprintf("%s has the %s %s: only it knows what it writes, so this write is refused", sh.Object, h.what, h.name),
				"look at what it does, and say rows: unchecked at the write if that is meant, or write to the table beneath", "table"))
			continue
		}
		effect, cure := "may swallow or redirect rows", "look at what it does; a write whose rows it redirects says rows: unchecked"
		if h.keeps {
			effect, cure = "may change values", "look at what it does"
		}
		c.x.add(c.at(true, CodeRedirects, fmt.Sprintf("table %s has the %s %s, which %s", sh.Object, h.what, h.name, effect), cure, "table"))
	}
	if c.tr.policies && !sh.Unchecked {
		c.x.add(c.at(true, CodeRedirects, fmt.Sprintf("table %s has row security for this account: policies may hide or refuse rows", sh.Object),
			"have the DBA see that the policies let the account write and read its rows", "table"))
	}
}

// beneath looks at the engines of the tables below a view of MariaDB.
func (c *comparison) beneath() {
	var ours *connectors.Error
	if c.tr.kind != "" && errors.As(canTakeBack(c.tab, "write to "+c.w.Shape.Object), &ours) {
		c.x.add(c.at(false, ours.Code, fmt.Sprintf("%s is a view over tables whose engine has no transactions, or is not to be seen", c.w.Shape.Object), ours.Hint, "table"))
	}
}

// touches tells whether an operation may send a statement of that kind.
func touches(op connectors.Op, event string) bool {
	switch op {
	case connectors.Insert:
		return event == "INSERT"
	case connectors.Upsert:
		return event == "INSERT" || event == "UPDATE"
	case connectors.Update:
		return event == "UPDATE"
	case connectors.ReplaceChildren:
		return event == "INSERT" || event == "DELETE"
	}
	return false
}

// fits compares what a field may hold with its column.
func (c *comparison) fits(i int) {
	ct, field := c.w.Contents[i], c.w.Shape.Fields[i]
	col := c.tab.column(field)
	if col == nil || c.tr.computed[col.name] || slices.Contains(c.w.Shape.Loose, i) { // the mapping leaves the value to the database
		return
	}
	if set := c.tr.charsets[col.name]; set != "" && (ct.Kind == connectors.Text || ct.Kind == connectors.Missing) && col.fam == famText && !(ct.Value != nil && ascii(ct.Value.Str)) && !ct.Null {
		c.x.add(c.at(true, CodeCharset, fmt.Sprintf("column %s keeps %s: a form with a character beyond it parks", c.name(field), set),
			"have the DBA change it to utf8mb4, or replace what it lacks in the mapping by replace()", "fields", field))
	}
	if ct.Value != nil {
		var m *misfit
		if _, err := c.x.d.arg(col, *ct.Value, c.x.t.sys.zone); errors.As(err, &m) {
			c.x.add(c.at(false, m.code, fmt.Sprintf("column %s of type %s does not take this value", c.name(field), col.typ), "correct the value, or the column's name", "fields", field))
			return
		}
	}
	if doubt, sure := misfits(ct.Kind, col.fam); doubt && !(ct.Value != nil && !sure) {
		c.x.add(c.at(!sure || !c.x.d.inspector.strict, CodeWrongType, fmt.Sprintf("column %s is of type %s, and the mapping gives it %s", c.name(field), col.typ, kindWords[ct.Kind]),
			"convert the value in the mapping, or say its type: there", "fields", field))
		return
	}
	if code := c.refusesAll(ct, col); code != "" {
		c.x.add(c.at(false, code, fmt.Sprintf("column %s is of type %s, which does not take %s as the agent writes it", c.name(field), col.typ, cmp.Or(kindWords[ct.Kind], "any value")),
			"convert the value in the mapping, or say its type: there", "fields", field))
		return
	}
	c.sizes(ct, col, field)
}

// samples are values of each kind, as different as columns may treat them: of each family of arg at least one that it takes.
var samples = map[connectors.Kind][]string{connectors.Text: {"x", "12", "2026", "2026-01-31", "12:30:00", "12:30:00+01:00", "2026-01-31 12:30:00", "true", "{}", "6f1e9a0e-0000-4000-8000-00000000000a", "10.1.2.3", ""}, connectors.Integer: {"0", "1", "12", "2026"},
	connectors.Decimal: {"0", "1.5", "12", "2026"}, connectors.Boolean: {"0", "1"}, connectors.Date: {"2026-01-31"}, connectors.DateTime: {"2026-01-31T00:00:00", "2026-01-31T12:30:00", "2026-01-31T12:30:00Z"}}

// refusesAll tries values of what a field may hold on a column; it returns a code if each of them is refused.
func (c *comparison) refusesAll(ct connectors.Content, col *column) (code string) {
	kinds := []connectors.Kind{ct.Kind}
	if ct.Kind == connectors.Missing && ct.Value == nil && col.fam != famBinary {
		kinds = slices.Sorted(maps.Keys(samples))
	}
	for _, k := range kinds {
		of := samples[k]
		if col.labels != nil && k != connectors.Boolean { // its words may look like values of other kinds
			of = slices.Concat(of, col.labels)
		}
		if k == connectors.Text && col.fixed == zeroFill {
			of = append(slices.Clone(of), strings.Repeat("x", col.length))
		}
		for _, s := range of {
			v := connectors.Value{Kind: k, Str: s}
			if k == connectors.Integer || k == connectors.Boolean {
				v.Int, _ = strconv.ParseInt(s, 10, 64) // written above
				v.Str = ""
			}
			var m *misfit
			if _, err := c.x.d.arg(col, v, c.x.t.sys.zone); !errors.As(err, &m) {
				return ""
			}
			code = m.code
		}
	}
	return code
}

// sizes compares lengths and decimals.
func (c *comparison) sizes(ct connectors.Content, col *column, field string) {
	switch {
	case col.fam == famText && col.length > 0 && ct.Kind == connectors.Text && ct.MinLength > col.length:
		c.x.add(c.at(false, CodeTooLong, fmt.Sprintf("column %s takes %d characters, and every text has at least %d", c.name(field), col.length, ct.MinLength),
			"cut the text in the mapping, or have the DBA widen the column", "fields", field))
	case col.fam == famText && col.length > 0 && ct.Kind == connectors.Text && ct.MaxLength > col.length:
		c.x.add(c.at(true, CodeTooLong, fmt.Sprintf("column %s takes %d characters, and texts may have %d: a longer one parks", c.name(field), col.length, ct.MaxLength),
			fmt.Sprintf("say type: text(%d) in the mapping, with overflow: cut if it may be cut, or have the DBA widen the column", col.length), "fields", field))
	case c.tr.whole[col.name] > 0 && ct.Digits > c.tr.whole[col.name]:
		c.x.add(c.at(true, CodeWrongType, fmt.Sprintf("column %s takes %d digits before the point, and numbers may have %d: a larger one parks", c.name(field), c.tr.whole[col.name], ct.Digits),
			"say the type that the column has, in the mapping, or have the DBA widen the column", "fields", field))
	case (col.fam == famDecimal || col.fam == famInteger) && ct.Kind == connectors.Decimal && ct.Digits > 0:
		scale := col.scale
		if col.fam == famInteger {
			scale = 0
		}
		if scale >= 0 && ct.Scale > scale {
			c.x.add(c.at(true, CodeNotExact, fmt.Sprintf("column %s has %d decimals, and the mapping gives %d: one that is not zero parks", c.name(field), scale, ct.Scale),
				fmt.Sprintf("say type: decimal(…,%d) in the mapping, with round: if it may be rounded, or have the DBA widen the column", scale), "fields", field))
		}
	}
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0
}

var kindWords = map[connectors.Kind]string{connectors.Text: "a text", connectors.Integer: "a whole number", connectors.Decimal: "a number", connectors.Boolean: "true or false",
	connectors.Date: "a date", connectors.DateTime: "a date with time", connectors.Binary: "bytes"}

// misfits tells whether values of a kind may be refused by a family of types, and whether all of them are.
func misfits(k connectors.Kind, f family) (doubt, sure bool) {
	number := f == famInteger || f == famDecimal || f == famFloat
	moment := f == famDate || f == famDateTime || f == famInstant
	switch k {
	case connectors.Text:
		return number || moment || f == famBoolean, false
	case connectors.Integer, connectors.Decimal:
		return moment || f == famBinary || f == famBoolean, moment || f == famBinary
	case connectors.Boolean:
		return moment || f == famBinary, true
	case connectors.Date, connectors.DateTime:
		doubt = number || f == famBoolean || f == famBinary
		return doubt || k == connectors.DateTime && f == famDate, doubt
	case connectors.Binary:
		return f != famBinary && f != famOther, number || moment || f == famBoolean
	}
	return false, false
}

// explain lets the server judge the statements that the write would send.
func (c *comparison) explain(ctx context.Context) error {
	if c.x.d.inspector.explain == "" {
		return nil
	}
	set, err := newRowset(c.w.Shape, c.tab, strings.Repeat("1", len(c.w.Shape.Fields)))
	if err != nil {
		return nil // said already
	}
	set.rows = []row{c.sample(set)}
	stmts, err := set.statements(c.x.d)
	var ours *connectors.Error
	if errors.As(err, &ours) {
		if ours.Code != CodeNoKey { // said already
			c.x.add(c.at(false, ours.Code, ours.Op+" is not possible here", ours.Hint, "mode"))
		}
		return nil
	}
	if err != nil {
		return err
	}
	for i := range stmts {
		f, err := c.x.judge(ctx, stmts[i], "write to "+c.w.Shape.Object)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		f.Path = []any{"write", c.w.Index, "table"}
		if f.Code == CodeGrant {
			if err := c.grants(ctx, f); err != nil {
				return err
			}
		}
		c.x.add(*f)
		return nil // one reason is enough
	}
	return nil
}

// sample is a row to explain a statement with: constants as they are, else NULL.
func (c *comparison) sample(set *rowset) row {
	r := row{args: make([]any, len(set.cols))}
	for i, ct := range c.w.Contents {
		if ct.Value != nil {
			r.args[i], _ = c.x.d.arg(set.cols[i], *ct.Value, c.x.t.sys.zone) // one that does not fit is told by fits
		}
	}
	return r
}

// grants says which rights are missing, where the system tells.
func (c *comparison) grants(ctx context.Context, f *connectors.Finding) error {
	if c.x.d.inspector.rights == nil {
		return nil
	}
	lacking, err := c.x.d.inspector.rights(ctx, c.x.inspection, c.tab, c.rights())
	if err != nil || len(lacking) == 0 {
		return err
	}
	c.x.lack(f, lacking, c.w.Shape.Object, c.tab.name)
	return nil
}

// rights are those that the write's statements need.
func (c *comparison) rights() []right {
	var want []right
	sh := c.w.Shape
	for i, field := range sh.Fields {
		name := c.tab.column(field).name
		key := slices.Contains(sh.Key, i)
		if sh.Op != connectors.Update {
			want = append(want, right{"INSERT", name})
		}
		if (sh.Op == connectors.Upsert || sh.Op == connectors.Update) && (!key || len(sh.Key) == len(sh.Fields)) {
			want = append(want, right{"UPDATE", name})
		}
		if key && sh.Op != connectors.Insert {
			want = append(want, right{"SELECT", name})
		}
	}
	for _, field := range sh.Returning {
		want = append(want, right{"SELECT", c.tab.column(field).name})
	}
	if sh.Op == connectors.ReplaceChildren {
		want = append(want, right{privilege: "DELETE"})
	}
	return want
}
