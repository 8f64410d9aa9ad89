package examine

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
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// comparison is one write beside its table.
type comparison struct {
	x     *examination
	w     *connectors.Writing
	tab   *dialect.Table
	tr    *dialect.Traits
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
	for name := range c.tab.Columns {
		known = append(known, name)
	}
	slices.Sort(known)
	look := func(field string, path ...any) {
		if c.tab.Column(field) != nil {
			return
		}
		c.lacks = true
		f := c.at(false, dialect.CodeNoColumn, fmt.Sprintf("table %s has no column %s that the account may see", c.w.Shape.Object, field),
			"correct its name, or have the DBA add the column or grant rights on it", path...)
		f.Word, f.Known = field, known
		c.x.Add(f)
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
	filled := map[*dialect.Column]int{}
	for i, field := range c.w.Shape.Fields {
		if col := c.tab.Column(field); col != nil {
			filled[col] = i + 1
		}
	}
	filler := ""
	for _, h := range c.tr.Hooks {
		if h.Fills && h.Event == "INSERT" {
			filler = h.Name
		}
	}
	var open []string
	for _, col := range c.tab.Columns {
		i, computed := filled[col], c.tr.Computed[col.Name]
		switch {
		case i > 0 && computed && !(c.w.Shape.Op == connectors.Update && slices.Contains(c.w.Shape.Key, i-1)): // there it only finds the row
			c.x.Add(c.at(false, dialect.CodeGenerated, fmt.Sprintf("column %s is computed by the database and cannot be written", c.name(col.Name)),
				dialect.TakesNone, "fields", c.w.Shape.Fields[i-1]))
			c.lacks = true
		case i == 0 && (col.Required || c.tr.Needs[col.Name]) && !computed && c.w.Shape.Op != connectors.Update:
			open = append(open, col.Name)
		case i > 0 && (col.Required || c.tr.Needs[col.Name] || c.tr.Strictly[col.Name]):
			c.gaps(i-1, col, filler)
		}
	}
	slices.Sort(open)
	for _, name := range open {
		f := c.at(filler != "" || c.tr.Kind != "", dialect.CodeNotNull, fmt.Sprintf("column %s is required, has no default, and the mapping does not fill it", c.name(name)),
			"add it to fields, or have the DBA give it a default", "fields")
		if filler != "" {
			f.Message += "; the trigger " + filler + " may"
		}
		c.x.Add(f)
	}
	for _, s := range c.tr.Closed {
		name, sequence, _ := strings.Cut(s, " ")
		if filled[c.tab.Columns[name]] == 0 && c.w.Shape.Op != connectors.Update {
			c.x.Add(c.at(false, dialect.CodeGrant, fmt.Sprintf("the account may not use the sequence %s, from which %s gets its number", sequence, c.name(name)),
				"have the DBA run: GRANT USAGE ON SEQUENCE "+sequence+" TO "+c.x.account(), "table"))
		}
	}
}

// gaps looks at a column that refuses NULL and is filled by some forms only.
func (c *comparison) gaps(i int, col *dialect.Column, filler string) {
	ct, field := c.w.Contents[i], c.w.Shape.Fields[i]
	never := ct.Value != nil && ct.Value.Kind == connectors.Null
	absent := ct.Absent && (col.Required || c.tr.Needs[col.Name]) && c.w.Shape.Op != connectors.Update && filler == ""
	switch {
	case never:
		c.x.Add(c.at(false, dialect.CodeNotNull, fmt.Sprintf("column %s refuses NULL, and the mapping gives it nothing else", c.name(field)), "give it a value", "fields", field))
	case absent:
		c.x.Add(c.at(true, dialect.CodeNotNull, fmt.Sprintf("column %s is required, and some forms may leave it out", c.name(field)),
			"give it a default: in the mapping, or require the field in the form's schema", "fields", field))
	case ct.Null:
		c.x.Add(c.at(true, dialect.CodeNotNull, fmt.Sprintf("column %s refuses NULL, and some forms may make it NULL", c.name(field)),
			"give it a default: or onNull: in the mapping, or refuse null in the form's schema", "fields", field))
	}
}

// keys looks whether the key names one row, and is found fast.
func (c *comparison) keys() {
	sh := c.w.Shape
	var names []string
	for _, k := range sh.Key {
		if c.tab.Column(sh.Fields[k]) == nil {
			return // said already
		}
		names = append(names, sh.Fields[k])
	}
	c.nullKeys(names)
	key := strings.Join(names, ", ")
	if len(names) == 0 || c.tr.Kind != "" && sh.Op != connectors.Upsert {
		return
	}
	switch unique := c.tab.Unique(names); {
	case sh.Op == connectors.Upsert && !unique:
		c.x.Add(c.at(false, dialect.CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s, which upsert needs", sh.Object, key),
			"have the DBA make a unique key on these columns, or name the columns of a key that is there", "key"))
	case sh.Op == connectors.Update && !unique:
		c.x.Add(c.at(true, dialect.CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s: update may hit several rows", sh.Object, key),
			"name the columns of a unique key, or have the DBA make one", "key"))
	case sh.Op == connectors.Insert && !unique && !c.x.Cfg.Ledger:
		c.x.Add(c.at(true, dialect.CodeNoKey, fmt.Sprintf("table %s has no unique key on exactly %s: without a ledger, an unclear end parks", sh.Object, key),
			"use a ledger, or name the columns of a unique key", "key"))
	case sh.Op == connectors.ReplaceChildren && !unique && !c.indexed(names):
		c.x.Add(c.at(true, dialect.CodeNoKey, fmt.Sprintf("no index of table %s begins with %s: each form reads and locks the whole table", sh.Object, key),
			"have the DBA make an index on these columns", "key"))
	}
}

// nullKeys looks for columns of the key that may be NULL, which names no row. Columns that refuse it are looked at by gaps.
func (c *comparison) nullKeys(names []string) {
	if c.tab.TakesNull(c.w.Shape.Op, names) {
		return
	}
	for i, k := range c.w.Shape.Key {
		ct, col := c.w.Contents[k], c.tab.Column(names[i])
		never := ct.Value != nil && ct.Value.Kind == connectors.Null
		if !never && !ct.Null && !ct.Absent || col.Required || c.tr.Needs[col.Name] || c.tr.Strictly[col.Name] {
			continue
		}
		c.x.Add(c.at(!never, dialect.CodeNullKey, fmt.Sprintf("the key's column %s may be NULL, which names no row: such a form parks", c.name(names[i])),
			"give it a default: or onNull: in the mapping, or require the field in the form's schema", "fields", names[i]))
	}
}

// indexed tells whether an index begins with these columns in any order; true where that is not known.
func (c *comparison) indexed(names []string) bool {
	if c.tr.Indexes == nil {
		return true
	}
	for _, index := range c.tr.Indexes {
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
	case c.tr.Weak != "":
		c.x.Add(c.at(c.tr.Kind != "" || !strings.Contains(c.tr.Weak, "transaction"), dialect.CodeNoTx, fmt.Sprintf("table %s is %s", sh.Object, strings.TrimSpace(c.tr.Kind+" "+c.tr.Weak)),
			"have the DBA make it a table with transactions that outlives a crash", "table"))
	case c.tr.Kind != "":
		c.x.Add(c.at(true, dialect.CodeRedirects, fmt.Sprintf("%s is %s: what becomes of its rows, keys and required columns is not looked at, and without WITH CHECK OPTION it may take rows that it never shows", sh.Object, c.tr.Kind),
			"write to the table beneath, or try it with a form", "table"))
	}
	c.beneath()
	for _, h := range c.tr.Hooks {
		if !touches(sh.Op, h.Event) || sh.Unchecked && !h.Keeps { // the mapping knows of it
			continue
		}
		if strings.HasPrefix(h.What, "INSTEAD OF") {
			c.x.Add(c.at(false, dialect.CodeRows, fmt.Sprintf("%s has the %s %s: only it knows what it writes, so this write is refused", sh.Object, h.What, h.Name),
				"look at what it does, and say rows: unchecked at the write if that is meant, or write to the table beneath", "table"))
			continue
		}
		effect, cure := "may swallow or redirect rows", "look at what it does; a write whose rows it redirects says rows: unchecked"
		if h.Keeps {
			effect, cure = "may change values", "look at what it does"
		}
		c.x.Add(c.at(true, dialect.CodeRedirects, fmt.Sprintf("table %s has the %s %s, which %s", sh.Object, h.What, h.Name, effect), cure, "table"))
	}
	if c.tab.Only != "" && !sh.Unchecked && sh.Op != connectors.Insert {
		c.x.Add(c.at(true, dialect.CodeRedirects, fmt.Sprintf("other tables inherit from %s: rows are looked for, changed and deleted in the table itself, not in those", sh.Object),
			"write to the table that has the rows; or say rows: unchecked at the write if rows of those that inherit are meant too", "table"))
	}
	if back := len(sh.Returning) > 0 && c.x.D.Returns && sh.Op != connectors.Update && sh.Op != connectors.Call; back && c.tr.Kind == "" && !c.tab.Sure && len(c.tab.Uniques) == 0 {
		c.x.Add(c.at(true, dialect.CodeRedirects, fmt.Sprintf("%s has no unique key by which a row is found again: returning gives what the statement wrote, and what a trigger changes after it is not seen", sh.Object),
			"have the DBA give it a primary key, or make it a trigger that comes before", "returning"))
	}
	if c.tr.Policies && !sh.Unchecked {
		c.x.Add(c.at(true, dialect.CodeRedirects, fmt.Sprintf("table %s has row security for this account: policies may hide or refuse rows", sh.Object),
			"have the DBA see that the policies let the account write and read its rows", "table"))
	}
}

// beneath looks at the engines of the tables below a view of MariaDB.
func (c *comparison) beneath() {
	var ours *connectors.Error
	if c.tr.Kind != "" && errors.As(catalog.CanTakeBack(c.tab, "write to "+c.w.Shape.Object), &ours) {
		c.x.Add(c.at(false, ours.Code, fmt.Sprintf("%s is a view over tables whose engine has no transactions, or is not to be seen", c.w.Shape.Object), ours.Hint, "table"))
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
	col := c.tab.Column(field)
	if col == nil || c.tr.Computed[col.Name] || slices.Contains(c.w.Shape.Loose, i) { // the mapping leaves the value to the database
		return
	}
	c.characters(ct, col, field)
	if ct.Value != nil {
		var m *dialect.Misfit
		if _, err := c.x.D.Arg(col, *ct.Value, c.x.t.Sys.Zone); errors.As(err, &m) {
			c.x.Add(c.at(false, m.Code, fmt.Sprintf("column %s of type %s does not take this value", c.name(field), col.Typ), "correct the value, or the column's name", "fields", field))
			return
		}
	}
	if doubt, sure := misfits(ct.Kind, col.Fam); doubt && !(ct.Value != nil && !sure) {
		c.x.Add(c.at(!sure || !c.x.D.Inspector.Strict && ct.Kind != connectors.Binary, dialect.CodeWrongType, fmt.Sprintf("column %s is of type %s, and the mapping gives it %s", c.name(field), col.Typ, kindWords[ct.Kind]),
			"convert the value in the mapping, or say its type: there", "fields", field))
		return
	}
	if ct.Kind == connectors.Text && ct.Value == nil && col.Fam == dialect.FamBinary && col.Fixed != dialect.ZeroFill {
		c.x.Add(c.at(true, dialect.CodeWrongType, fmt.Sprintf("column %s is of type %s, and gets the letters of a text as they stand", c.name(field), col.Typ),
			"where the text is content in base64, x | base64() in the mapping writes that", "fields", field))
	}
	if code := c.refusesAll(ct, col); code != "" {
		c.x.Add(c.at(false, code, fmt.Sprintf("column %s is of type %s, which does not take %s as the agent writes it", c.name(field), col.Typ, cmp.Or(kindWords[ct.Kind], "any value")),
			"convert the value in the mapping, or say its type: there", "fields", field))
		return
	}
	c.sizes(ct, col, field)
}

// characters tells of texts whose characters a column may lack: those that the mapping does not say to be of its character set.
func (c *comparison) characters(ct connectors.Content, col *dialect.Column, field string) {
	set := c.tr.Charsets[col.Name]
	if set == "" || ct.Kind != connectors.Text && ct.Kind != connectors.Missing || col.Fam != dialect.FamText || ct.Value != nil && ascii(ct.Value.Str) || ct.Null {
		return
	}
	ours, cure := c.x.D.Inspector.Sets[set], "have the DBA change it to Unicode"
	switch ct.Charset {
	case "": // any
	case ours, "us-ascii":
		return
	case "iso-8859-1":
		if ours == "windows-1252" {
			return
		}
	}
	if strings.HasPrefix(set, "utf8") && ct.Charset != "" && !strings.HasPrefix(ct.Charset, "utf") { // characters of two bytes
		return
	}
	if ours != "" {
		cure = "say charset: " + ours + " at the write in the mapping, and under unmappable what becomes of other characters; or " + cure
	}
	c.x.Add(c.at(true, dialect.CodeCharset, fmt.Sprintf("column %s keeps %s: a form with a character beyond it parks", c.name(field), set), cure, "fields", field))
}

// samples are values of each kind, as different as columns may treat them: of each family of arg at least one that it takes.
var samples = map[connectors.Kind][]string{connectors.Text: {"x", "12", "2026", "2026-01-31", "12:30:00", "12:30:00+01:00", "2026-01-31 12:30:00", "true", "{}", "6f1e9a0e-0000-4000-8000-00000000000a", "10.1.2.3", ""}, connectors.Integer: {"0", "1", "12", "2026"},
	connectors.Decimal: {"0", "1.5", "12", "2026"}, connectors.Boolean: {"0", "1"}, connectors.Date: {"2026-01-31"}, connectors.DateTime: {"2026-01-31T00:00:00", "2026-01-31T12:30:00", "2026-01-31T12:30:00Z"}}

// refusesAll tries values of what a field may hold on a column; it returns a code if each of them is refused.
func (c *comparison) refusesAll(ct connectors.Content, col *dialect.Column) (code string) {
	kinds := []connectors.Kind{ct.Kind}
	if ct.Kind == connectors.Missing && ct.Value == nil && col.Fam != dialect.FamBinary {
		kinds = slices.Sorted(maps.Keys(samples))
	}
	for _, k := range kinds {
		of := samples[k]
		if col.Labels != nil && k != connectors.Boolean { // its words may look like values of other kinds
			of = slices.Concat(of, col.Labels)
		}
		if k == connectors.Text && col.Fixed == dialect.ZeroFill {
			of = append(slices.Clone(of), strings.Repeat("x", col.Length))
		}
		for _, s := range of {
			v := connectors.Value{Kind: k, Str: s}
			if k == connectors.Integer || k == connectors.Boolean {
				v.Int, _ = strconv.ParseInt(s, 10, 64) // written above
				v.Str = ""
			}
			var m *dialect.Misfit
			if _, err := c.x.D.Arg(col, v, c.x.t.Sys.Zone); !errors.As(err, &m) {
				return ""
			}
			code = m.Code
		}
	}
	return code
}

// sizes compares lengths and decimals.
func (c *comparison) sizes(ct connectors.Content, col *dialect.Column, field string) {
	switch {
	case col.Fam == dialect.FamText && col.Length > 0 && ct.Kind == connectors.Text && ct.MinLength > col.Length:
		c.x.Add(c.at(false, dialect.CodeTooLong, fmt.Sprintf("column %s takes %d characters, and every text has at least %d", c.name(field), col.Length, ct.MinLength),
			"cut the text in the mapping, or have the DBA widen the column", "fields", field))
	case col.Fam == dialect.FamText && col.Length > 0 && ct.Kind == connectors.Text && ct.MaxLength > col.Length:
		c.x.Add(c.at(true, dialect.CodeTooLong, fmt.Sprintf("column %s takes %d characters, and texts may have %d: a longer one parks", c.name(field), col.Length, ct.MaxLength),
			fmt.Sprintf("say type: text(%d) in the mapping, with overflow: cut if it may be cut, or have the DBA widen the column", col.Length), "fields", field))
	case c.tr.Whole[col.Name] > 0 && ct.Digits > c.tr.Whole[col.Name]:
		c.x.Add(c.at(true, dialect.CodeWrongType, fmt.Sprintf("column %s takes %d digits before the point, and numbers may have %d: a larger one parks", c.name(field), c.tr.Whole[col.Name], ct.Digits),
			"say the type that the column has, in the mapping, or have the DBA widen the column", "fields", field))
	case (col.Fam == dialect.FamDecimal || col.Fam == dialect.FamInteger) && ct.Kind == connectors.Decimal && ct.Digits > 0:
		scale := col.Scale
		if col.Fam == dialect.FamInteger {
			scale = 0
		}
		if scale >= 0 && ct.Scale > scale {
			c.x.Add(c.at(true, dialect.CodeNotExact, fmt.Sprintf("column %s has %d decimals, and the mapping gives %d: one that is not zero parks", c.name(field), scale, ct.Scale),
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
func misfits(k connectors.Kind, f dialect.Family) (doubt, sure bool) {
	number := f == dialect.FamInteger || f == dialect.FamDecimal || f == dialect.FamFloat
	moment := f == dialect.FamDate || f == dialect.FamDateTime || f == dialect.FamInstant
	switch k {
	case connectors.Text:
		return number || moment || f == dialect.FamBoolean, false
	case connectors.Integer, connectors.Decimal:
		return moment || f == dialect.FamBinary || f == dialect.FamBoolean, moment || f == dialect.FamBinary
	case connectors.Boolean:
		return moment || f == dialect.FamBinary, true
	case connectors.Date, connectors.DateTime:
		doubt = number || f == dialect.FamBoolean || f == dialect.FamBinary
		return doubt || k == connectors.DateTime && f == dialect.FamDate, doubt
	case connectors.Binary:
		other := f != dialect.FamBinary && f != dialect.FamOther
		return other, other
	}
	return false, false
}

// explain lets the server judge the statements that the write would send.
func (c *comparison) explain(ctx context.Context) error {
	if c.x.D.Inspector.Explain == "" {
		return nil
	}
	set, err := dialect.NewRowset(c.w.Shape, c.tab, strings.Repeat("1", len(c.w.Shape.Fields)))
	if err != nil {
		return nil // said already
	}
	set.Rows = []dialect.Row{c.sample(set)}
	stmts, err := set.Statements(c.x.D)
	var ours *connectors.Error
	if errors.As(err, &ours) {
		if ours.Code != dialect.CodeNoKey { // said already
			c.x.Add(c.at(false, ours.Code, ours.Op+" is not possible here", ours.Hint, "mode"))
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
		if f.Code == dialect.CodeGrant {
			if err := c.grants(ctx, f); err != nil {
				return err
			}
		}
		c.x.Add(*f)
		return nil // one reason is enough
	}
	return nil
}

// sample is a row to explain a statement with: constants as they are, else NULL.
func (c *comparison) sample(set *dialect.Rowset) dialect.Row {
	r := dialect.Row{Args: make([]any, len(set.Cols))}
	for i, ct := range c.w.Contents {
		if ct.Value != nil {
			r.Args[i], _ = c.x.D.Arg(set.Cols[i], *ct.Value, c.x.t.Sys.Zone) // one that does not fit is told by fits
		}
	}
	return r
}

// grants says which rights are missing, where the system tells.
func (c *comparison) grants(ctx context.Context, f *connectors.Finding) error {
	if c.x.D.Inspector.Rights == nil {
		return nil
	}
	lacking, err := c.x.D.Inspector.Rights(ctx, c.x.Inspection, c.tab, c.rights())
	if err != nil || len(lacking) == 0 {
		return err
	}
	c.x.lack(f, lacking, c.w.Shape.Object, c.tab.Name)
	return nil
}

// rights are those that the write's statements need.
func (c *comparison) rights() []dialect.Right {
	var want []dialect.Right
	sh := c.w.Shape
	for i, field := range sh.Fields {
		name := c.tab.Column(field).Name
		key := slices.Contains(sh.Key, i)
		if sh.Op != connectors.Update {
			want = append(want, dialect.Right{Privilege: "INSERT", Column: name})
		}
		if (sh.Op == connectors.Upsert || sh.Op == connectors.Update) && (!key || len(sh.Key) == len(sh.Fields)) {
			want = append(want, dialect.Right{Privilege: "UPDATE", Column: name})
		}
		if key && sh.Op != connectors.Insert {
			want = append(want, dialect.Right{Privilege: "SELECT", Column: name})
		}
	}
	back := slices.Clone(sh.Returning)
	if set, err := dialect.NewRowset(sh, c.tab, strings.Repeat("1", len(sh.Fields)+1)); err == nil && len(back) > 0 && c.x.D.Returns {
		back = append(back, set.Witnesses()...)
	}
	for _, field := range back {
		if one := (dialect.Right{Privilege: "SELECT", Column: c.tab.Column(field).Name}); !slices.Contains(want, one) {
			want = append(want, one)
		}
	}
	if sh.Op == connectors.ReplaceChildren {
		want = append(want, dialect.Right{Privilege: "DELETE"})
	}
	return want
}
