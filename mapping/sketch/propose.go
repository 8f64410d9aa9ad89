package sketch

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/shape"
)

// references are names of fields with the sender's own number of a form, surest first.
var references = strings.Fields(`submissionreference submissionid submissionnumber publicreference instanceid referencenumber referenceno referenceid reference refno refnr ref
	applicationreference applicationnumber applicationid casereference casenumber caseid confirmationnumber confirmationid confirmationcode requestid requestnumber
	trackingnumber transactionid transactionnumber aktenzeichen vorgangsnummer vorgangsid antragsnummer antragsid auftragsnummer referenz referenznummer
	kenmerk zaaknummer dossiernummer numerodossier`)

// identities are names that only mean the form where they stand at its top, or in a block of one of the other names.
var (
	identities = []string{"id", "uuid", "guid", "identifier"}
	heads      = []string{"meta", "metadata", "submission", "header", "head"}
)

// findReference proposes the field by which a form is known: by its name, and because samples differ in it.
func (s *sketcher) findReference(main *block) {
	at := len(references) + len(identities)
	for _, l := range main.leaves {
		kinds := scalars(l.at)
		if l.why != "" || len(main.each) > 0 || l.at.Items != nil || len(l.path) == 0 || len(l.path) > 3 || l.at.Fixed || slices.Contains(kinds, "boolean") || !s.tellsApart(l) {
			continue
		}
		name := strings.Join(words(l.path[len(l.path)-1]), "")
		rank := slices.Index(references, name)
		answer := s.in.Form.Shape != "" && strings.HasPrefix(l.form, "form."+shape.Answers+".")
		if i := slices.Index(identities, name); i >= 0 && !answer && (len(l.path) == 1 || len(l.path) == 2 && slices.Contains(heads, strings.Join(words(l.path[0]), ""))) {
			rank = len(references) + i
		}
		if rank < 0 || rank >= at {
			continue
		}
		at, s.reference, s.asText = rank, l.expr, !slices.Equal(kinds, []string{"string"})
	}
}

// tellsApart tells whether each sample has the field, and another value in it.
func (s *sketcher) tellsApart(l leaf) bool {
	texts := slices.Clone(l.at.Samples)
	slices.Sort(texts)
	return len(texts) == s.in.Form.Forms && len(slices.Compact(texts)) == len(texts) && !slices.Contains(texts, "")
}

// shape gives the block columns of its own fields.
func (s *sketcher) shape(b *block) {
	main := s.blocks[0]
	for n, plain := 2, b.table; slices.ContainsFunc(s.blocks, func(o *block) bool { return o != b && o.table == b.table }); n++ {
		b.table = fmt.Sprint(plain, "_", n)
	}
	if at := slices.IndexFunc(main.fields, func(f field) bool { return f.expr == s.reference }); b != main && at >= 0 {
		b.fields = append(b.fields, main.fields[at])
	}
	for _, l := range b.leaves {
		if l.why != "" {
			s.open = append(s.open, l)
			continue
		}
		col := cmp.Or(columnOf(l.path), "VALUE")
		for n, plain := 2, col; slices.ContainsFunc(b.fields, func(f field) bool { return f.column == col }); n++ {
			col = fmt.Sprint(plain, "_", n)
		}
		b.fields = append(b.fields, field{column: col, expr: content(l)})
		if b == main && l.expr == s.reference {
			b.key = []string{col}
		}
	}
}

// place finds the block's table, and for each of its columns a field.
func (s *sketcher) place(b *block) {
	if b.known = s.tableOf(b); b.known == nil {
		for _, l := range b.leaves {
			l.why = cmp.Or(l.why, "no table is like the list "+b.list)
			s.open = append(s.open, l)
		}
		return
	}
	b.table = b.known.Name
	fits := s.matches(b)
	taken := map[int]bool{}
	for _, c := range b.known.Columns {
		f, l := s.proposal(b, c, fits)
		for _, i := range l {
			taken[i] = true
		}
		switch {
		case f.expr != "":
			b.fields = append(b.fields, f)
		case f.comment != "":
			b.notes = append(b.notes, text(c.Name, false)+": "+f.comment)
		}
	}
	for i, l := range b.leaves {
		if !taken[i] {
			s.open = append(s.open, l)
		}
	}
	b.key = s.keyOf(b)
}

// keyOf is the first unique key whose columns are all filled.
func (s *sketcher) keyOf(b *block) []string {
	for _, key := range b.known.Keys {
		filled := 0
		for _, c := range key {
			if slices.ContainsFunc(b.fields, func(f field) bool { return strings.EqualFold(f.column, c) && f.expr != todo }) {
				filled++
			}
		}
		if filled == len(key) {
			return key
		}
	}
	return nil
}

// tableOf finds the table of a block: as it is named, or of a list as the only one whose name ends like it, and like that of no
// other list; where there are several, the one that hangs on the table of the block around it.
func (s *sketcher) tableOf(b *block) *connectors.Table {
	name, named := b.table, b.list == ""
	if t, ok := s.in.Lists[b.list]; ok && !named {
		name, named = t, true
	}
	var like, below []*connectors.Table
	for i := range s.in.Tables {
		t := &s.in.Tables[i]
		switch {
		case named && strings.EqualFold(t.Name, name):
			return t
		case named || t == s.blocks[0].known || !ending(t.Name, b.list):
			continue
		}
		like = append(like, t)
		if b.outer.known != nil && slices.Contains(t.Parents, b.outer.known.Name) {
			below = append(below, t)
		}
	}
	if len(below) > 0 {
		like = below
	}
	if len(like) != 1 || slices.ContainsFunc(s.blocks, func(o *block) bool { return o != b && o.list != "" && ending(like[0].Name, o.list) }) {
		return nil
	}
	return like[0]
}

// ListTables are those of some tables that may be a list's, for tableOf.
func ListTables(f *Form, tables []string) []string {
	s := &sketcher{in: Input{Form: f}, given: map[string]bool{}}
	s.blocks = []*block{{}}
	s.collect(s.blocks[0], f.Fields, way{"form", "form", nil})
	var out []string
	for _, t := range tables {
		if slices.ContainsFunc(s.blocks[1:], func(b *block) bool { return ending(t, b.list) }) {
			out = append(out, t)
		}
	}
	return out
}

// matches are the fields that each column may be meant for, by the column's name.
func (s *sketcher) matches(b *block) map[string][]int {
	fits := map[string][]int{}
	ranks := map[string]int{}
	for i, l := range b.leaves {
		best, rank := "", 0
		for _, c := range b.known.Columns {
			if r := likeness(l.path, b.list, c.Name); r > rank && !c.Computed && !c.Numbered {
				best, rank = c.Name, r
			}
		}
		switch {
		case rank == 0 || rank < ranks[best]:
		case rank > ranks[best]:
			fits[best], ranks[best] = []int{i}, rank
		default:
			fits[best] = append(fits[best], i)
		}
	}
	s.referenceColumn(b, fits)
	return fits
}

// referenceColumn gives the form's reference to the only column that is called so in another way.
func (s *sketcher) referenceColumn(b *block, fits map[string][]int) {
	at := slices.IndexFunc(b.leaves, func(l leaf) bool { return s.reference != "" && l.expr == s.reference })
	for _, found := range fits {
		if slices.Contains(found, at) {
			return
		}
	}
	var called []string
	for _, c := range b.known.Columns {
		if slices.Contains(references, strings.Join(words(c.Name), "")) && !c.Computed && !c.Numbered {
			called = append(called, c.Name)
		}
	}
	if at >= 0 && len(called) == 1 && fits[called[0]] == nil {
		fits[called[0]] = []int{at}
	}
}

// likeness tells how surely a column is named like a field, 0: not at all. The whole way to the field counts for more than
// its end, and words in the same order for more than in another one.
func likeness(path []string, list, col string) int {
	want := words(col)
	sorted := slices.Sorted(slices.Values(want))
	ways := [][]string{path}
	if list != "" {
		ways = append(ways, append([]string{singular(list)}, path...))
	}
	best := 0
	for _, way := range ways {
		for n := 1; n <= len(way); n++ {
			have := words(strings.Join(way[len(way)-n:], "_"))
			rank := 0
			switch {
			case strings.Join(have, "") == strings.Join(want, ""):
				rank = 2
			case slices.Equal(slices.Sorted(slices.Values(have)), sorted):
				rank = 1
			}
			if rank > 0 && n >= len(path) {
				rank += 2
			}
			best = max(best, rank)
		}
	}
	return best
}

// counters are names of columns that number the rows below another one.
var counters = strings.Fields("line lineno linenr linenumber pos posno posnr position seq seqno seqnr sequence lfdnr lfdno itemno itemnr rowno rownr idx")

// counted is the value of such a column.
const counted = "index + 1"

// proposal says what becomes of one column, and which leaves it uses. Without an expression the comment says why the column is left out.
func (s *sketcher) proposal(b *block, c connectors.Column, fits map[string][]int) (field, []int) {
	f := field{column: c.Name}
	if f.expr, f.comment = s.inherited(b, c); f.expr != "" {
		return f, nil
	}
	if c.Computed || c.Numbered {
		return field{}, nil
	}
	why := f.comment
	if found := fits[c.Name]; len(found) == 1 {
		l := b.leaves[found[0]]
		if why = l.why; why == "" {
			if f.expr, f.typ, why = convert(l, c); f.expr != "" {
				f.comment = ""
				return f, found
			}
		}
		why = l.expr + ": " + why
	} else if len(found) > 1 {
		var names []string
		for _, i := range found {
			names = append(names, b.leaves[i].expr)
		}
		why = strings.Join(names, " or ")
	} else if why == "" && c.Kind == connectors.Integer && len(b.each) > 0 && slices.Contains(counters, strings.Join(words(c.Name), "")) {
		f.expr = counted
		return f, nil
	}
	f.comment = "TODO " + c.Type + ": " + cmp.Or(why, "no field of the form is like it")
	if c.Required {
		f.expr = todo
		f.comment = c.Type + ", must have a value: " + cmp.Or(why, "no field of the form is like it")
	}
	return f, nil
}

// inherited is the value of a column that points to the row of the block around.
func (s *sketcher) inherited(b *block, c connectors.Column) (expression, why string) {
	if b.outer == nil || b.outer.known == nil || !slices.Contains(b.known.Parents, b.outer.known.Name) {
		return "", ""
	}
	at := slices.IndexFunc(b.outer.known.Columns, func(p connectors.Column) bool { return strings.EqualFold(p.Name, c.Name) })
	if at < 0 {
		return "", ""
	}
	p := b.outer.known.Columns[at]
	for _, f := range b.outer.fields {
		isKey := slices.ContainsFunc(b.outer.known.Keys, func(k []string) bool { return slices.Contains(k, p.Name) })
		switch {
		case !strings.EqualFold(f.column, p.Name) || f.expr == todo || !isKey:
		case f.expr == counted:
			return "", b.outer.as + " counts it by its own index"
		default:
			return f.expr, ""
		}
	}
	switch {
	case !p.Numbered:
		return "", ""
	case len(b.outer.each) > 0:
		return "", b.outer.as + " makes many rows, and which one's number is meant cannot be said"
	case !expr.WordPattern.MatchString(b.outer.as):
		return "", ""
	}
	if !slices.Contains(b.outer.returning, p.Name) {
		b.outer.returning = append(b.outer.returning, p.Name)
	}
	return b.outer.as + "." + p.Name, ""
}

var (
	wholeNumber  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	pointNumber  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	commaNumber  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(,[0-9]+)?$`)
	isoDate      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	pointDate    = regexp.MustCompile(`^[0-9]{2}\.[0-9]{2}\.[0-9]{4}$`)
	isoMoment    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$`)
	isoMilli     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2})$`)
	otherReading = "how its text is to be read is not known"
)

// convert makes an expression of a field for what a column takes; why says that there is none.
func convert(l leaf, c connectors.Column) (expression, typ, why string) {
	kind := strings.Join(scalars(l.at), ", ")
	if l.at.Items != nil {
		kind = "string"
	}
	all := func(r *regexp.Regexp) bool {
		return len(l.at.Samples) > 0 && !slices.ContainsFunc(l.at.Samples, func(s string) bool { return !r.MatchString(s) })
	}
	number, isText := kind == "integer" || kind == "number" || kind == "integer, number", kind == "string"
	switch {
	case c.Kind == connectors.Binary && l.at.Format == inBase64:
		return content(l), "", ""
	case c.Kind == connectors.Missing, kind == "":
		return l.expr, "", ""
	case c.Kind == connectors.Text && (isText || number):
		if number {
			l.expr += " | text()"
		}
		if c.Length > 0 && (l.at.Longest == 0 || l.at.Longest > c.Length || l.at.Items != nil) {
			typ = fmt.Sprintf("text(%d)", c.Length)
		}
		return l.expr, typ, ""
	case c.Kind == connectors.Integer && (number || kind == "boolean"):
		return l.expr, "", ""
	case c.Kind == connectors.Decimal && number:
		return l.expr, decimalType(c), ""
	case c.Kind == connectors.Boolean && kind == "boolean":
		return l.expr, "", ""
	case !isText:
	case c.Kind == connectors.Integer && all(wholeNumber):
		return l.expr + " | integer()", "", ""
	case c.Kind == connectors.Decimal && all(pointNumber):
		return l.expr + " | decimal()", decimalType(c), ""
	case c.Kind == connectors.Decimal && all(commaNumber):
		return l.expr + ` | decimal(",")`, decimalType(c), ""
	case c.Kind == connectors.Date && (l.at.Format == "date" || all(isoDate)):
		return l.expr + " | parseDate()", "", ""
	case c.Kind == connectors.Date && all(pointDate):
		return l.expr + ` | parseDate("dd.MM.yyyy")`, "", ""
	case c.Kind == connectors.DateTime && all(isoMoment):
		return l.expr + ` | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own")`, "", ""
	case c.Kind == connectors.DateTime && all(isoMilli):
		return l.expr + ` | parseDateTime("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "own")`, "", ""
	case c.Kind == connectors.Integer || c.Kind == connectors.Decimal || c.Kind == connectors.Date || c.Kind == connectors.DateTime:
		return "", "", otherReading
	}
	return "", "", "it is of type " + kind
}

// content is the expression of a leaf: of a file what it holds.
func content(l leaf) string {
	if l.at.Format == inBase64 {
		return l.expr + " | base64()"
	}
	return l.expr
}

func decimalType(c connectors.Column) string {
	if c.Digits == 0 {
		return ""
	}
	return fmt.Sprintf("decimal(%d,%d)", c.Digits, c.Scale)
}
