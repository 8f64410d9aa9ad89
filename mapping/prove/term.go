package prove

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// passes are the helpers that give nothing but for nothing.
var passes = []string{"trim", "upper", "lower", "normalizeSpace", "digits", "letters", "replace", "replaceAll", "text", "padLeft", "padRight", "substring", "integer", "decimal", "round", "abs",
	"cents", "fromCents", "boolean", "yesNo", "parseDate", "toDate", "addDays", "lastDay", "firstDay", "parseDateTime", "inZone", "localTime", "formatDate", "year", "month", "day", "length",
	"transliterate", "signBehind", "lookup", "yearsTo", "daysTo", "+", "-"}

// always are the operators and helpers that give something whatever they are applied to.
var always = []string{"concat", "len", "count", "isMissing", "isNull", "isEmpty", "==", "!=", "<", "<=", ">", ">=", "and", "or", "&&", "||", "not", "in", "contains", "startsWith", "endsWith", "row", "submission.id", "sum", "any", "all", "none", "one", "matches"}

// term is what an expression may give, of all forms that are as the write needs them.
func (p *prover) term(t *expr.Term) domain {
	switch {
	case t == nil:
		return anything()
	case t.Const != nil && t.Const.Absent():
		return single(*t.Const)
	case t.Const != nil:
		return domain{known: []value.Value{*t.Const}}
	case t.Ref != "":
		return domain{ref: t.Ref}
	case t.Path != nil:
		return p.path(t.Path)
	}
	if len(t.Of) > 0 && t.Of[0] != nil && t.Of[0].Path != nil && !t.Of[0].Path.Outside() {
		if d, known := p.ofItems(t); known {
			return d
		}
	}
	of := make([]domain, len(t.Of))
	for i := range t.Of {
		of[i] = p.term(t.Of[i])
	}
	switch {
	case t.Op == "?:":
		return of[1].join(of[2])
	case t.Op == "??" || t.Op == "coalesce" || t.Op == "default":
		out := of[len(of)-1]
		for _, d := range of[:len(of)-1] {
			d.absent, d.null = false, false
			out = out.join(d)
		}
		return out
	case t.Whole && len(t.All) > 0 && !p.choosesNumbers(t):
		out := domain{}
		for _, v := range t.All {
			if v.Absent() {
				out = out.join(single(v))
			} else {
				out.known = append(out.known, v)
			}
		}
		return present(t, of, out)
	}
	out, known := p.helper(t, of)
	if !known {
		return anything()
	}
	return present(t, of, out)
}

// ofItems is what a helper gives of a list of the form.
func (p *prover) ofItems(t *expr.Term) (domain, bool) {
	list := t.Of[0].Path
	item := p.path(list.Child(expr.Step{Loop: -1, Item: true}))
	_, most := p.schema.Listed(list.Abs)
	separator := 0
	switch {
	case t.Op == "first" || t.Op == "last":
		item.absent = true
		return item, true
	case t.Op != "join":
		return domain{}, false
	case len(t.Of) > 1:
		if t.Of[1] == nil || t.Of[1].Const == nil || t.Of[1].Const.Kind != value.KindText {
			return domain{}, false
		}
		separator = len(t.Of[1].Const.Str)
	}
	x := item.asText()
	if x == nil || most < 0 || most > 1000 || x.most >= anyLength {
		return domain{absent: true, null: true, text: anyText()}, true
	}
	all := texts{most: most * (x.most + separator + 3), bytes: most * (x.bytes + separator + 9), high: maxRune}
	if x.high < 0x300 { // nothing is composed anew
		all.most, all.bytes, all.high = most*(x.most+separator), most*(x.bytes+separator), max(x.high, 0x2ff)
	}
	return domain{absent: true, null: true, text: &all}, true
}

// choosesNumbers tells of an expression over a field of which the schema names numbers: those may come in other spellings, as 1.0 for 1.
func (p *prover) choosesNumbers(t *expr.Term) bool {
	var paths []*expr.Path
	pathsOf(t, &paths)
	return slices.ContainsFunc(paths, func(at *expr.Path) bool {
		return slices.ContainsFunc(p.schema.Bounds(at.Abs).Chosen, func(x any) bool { _, is := x.(json.Number); return is })
	})
}

// present says whether an operator or helper may give nothing.
func present(t *expr.Term, of []domain, out domain) domain {
	switch {
	case slices.Contains(always, t.Op) || strings.HasPrefix(t.Op, "index ") || strings.HasPrefix(t.Op, "numbers."):
	case slices.Contains(passes, t.Op):
		for _, d := range of {
			out.absent, out.null = out.absent || d.absent, out.null || d.null
		}
	default:
		out.absent, out.null = true, true
	}
	return out
}

// plainPattern is a pattern of dates that gives as many characters as it has.
var plainPattern = regexp.MustCompile(`^[yMdHms0-9./: _-]*$`)

// number of a constant argument; without: there is none.
func number(t *expr.Term, i, without int) int {
	if i < len(t.Of) && t.Of[i] != nil && t.Of[i].Const != nil && t.Of[i].Const.Kind == value.KindInt {
		return int(min(max(t.Of[i].Const.Int, -anyLength), anyLength))
	}
	return without
}

// helper is what a helper gives of arguments that are there.
func (p *prover) helper(t *expr.Term, of []domain) (domain, bool) {
	var x *texts
	if len(of) > 0 {
		x = of[0].asText()
	}
	counted := &numbers{new(big.Rat), big.NewRat(int64(p.parts.Program.Budget.Made), 1), 0, true} // each item has a byte, and each character
	switch op := t.Op; {
	case strings.HasPrefix(op, "index "):
		if most := p.items(op); most >= 0 {
			counted.most = big.NewRat(int64(most), 1)
		}
		return domain{number: counted}, true
	case op == "row", op == "len", op == "length", op == "count":
		return domain{number: counted}, true
	case strings.HasPrefix(op, "numbers."):
		return domain{number: &numbers{new(big.Rat), big.NewRat(1<<63-1, 1), 0, true}}, true
	case op == "submission.id":
		return domain{text: ascii(13)}, true
	case op == "submission.received":
		return domain{moment: &moments{zoned: true, scale: 9, now: true}}, true
	case op == "concat", op == "+" && together(of[0]).onlyText() && together(of[1]).onlyText():
		return domain{text: joined(of)}, true
	case slices.Contains([]string{"toDate", "parseDate", "addDays", "lastDay", "firstDay"}, op):
		return domain{date: true}, true
	case op == "parseDateTime", op == "inZone", op == "localTime":
		scale, far := 9, true
		if op == "parseDateTime" && t.Of[1] != nil && t.Of[1].Const != nil {
			scale = strings.Count(t.Of[1].Const.Str, "S")
			far = strings.Contains(t.Of[1].Const.Str, "X") && !(len(t.Of) > 2 && t.Of[2] != nil && t.Of[2].Const != nil && t.Of[2].Const.Str == "own") // on another clock
		}
		return domain{moment: &moments{zoned: op != "localTime", plain: op != "inZone", scale: scale, far: far}}, true
	case op == "year", op == "month", op == "day":
		return domain{number: &numbers{big.NewRat(1, 1), big.NewRat(9999, 1), 0, true}}, true
	case op == "yesNo":
		return domain{known: constants(t.Of[1:])}, len(constants(t.Of[1:])) == 2
	case op == "yearsTo", op == "daysTo":
		return domain{number: &numbers{big.NewRat(-3652059, 1), big.NewRat(3652059, 1), 0, true}}, true
	case op == "sum":
		return domain{number: &numbers{scale: anyLength}}, true
	case len(of) == 2 && (op == "+" || op == "-") && together(of[0]).onlyNumber() && together(of[1]).onlyNumber():
		return domain{number: added(together(of[0]).number, together(of[1]).number, op == "-")}, true
	case op == "boolean" || slices.Contains(always, op):
		return domain{boolean: true}, true
	case op == "integer":
		return domain{number: &numbers{big.NewRat(-1<<63, 1), big.NewRat(1<<63-1, 1), 0, true}}, true
	case op == "decimal", op == "fromCents", op == "cents":
		return domain{number: &numbers{scale: anyLength}}, true
	case op == "round":
		return domain{number: &numbers{scale: max(number(t, 1, anyLength), 0)}}, true
	case op == "formatDate" && t.Of[1] != nil && t.Of[1].Const != nil && plainPattern.MatchString(t.Of[1].Const.Str):
		out := ascii(len(t.Of[1].Const.Str))
		out.trimmed, out.solid = false, false
		return domain{text: out}, true
	case op == "nullIf", op == "nullIfEmpty":
		return of[0], true
	case x == nil:
		return domain{}, false
	}
	return textHelper(t, *x)
}

// items is how many items the loop of an index may go through; -1: any number.
func (p *prover) items(op string) int {
	for _, of := range append(slices.Clone(p.at.Above), p.at) {
		for _, l := range of.Loops {
			if op == fmt.Sprint("index ", l.Depth+1) && l.List.Path != nil {
				_, most := p.schema.Listed(l.List.Path.Abs)
				return most
			}
		}
	}
	return -1
}

// textHelper is what a helper of texts gives; capitals may be up to three characters each.
func textHelper(t *expr.Term, x texts) (domain, bool) {
	switch x.uuid = false; t.Op {
	case "trim", "normalizeSpace":
		x.trimmed = true
	case "text":
	case "replace", "replaceAll", "transliterate", "signBehind":
		x = *anyText()
	case "digits":
		x = *ascii(min(x.most, anyLength))
	case "letters":
		x = *x.composed()
		x.trimmed = true
	case "upper", "lower":
		if x.high >= 0x80 {
			grown := 2 + 2*min(1, int(x.high>>8)) // ß becomes SS, and a letter with marks four characters at most
			x.most, x.bytes, x.high = min(grown*x.most, anyLength), min(3*grown*x.bytes, anyLength), maxRune
		}
	case "substring":
		x.most, x.trimmed = min(x.most, max(number(t, 2, anyLength), 0)), x.solid
		x.bytes = min(x.bytes, inBytes(x.most, x.high))
	case "padLeft", "padRight":
		n := max(number(t, 1, anyLength), 0)
		if len(t.Of) > 2 && (t.Of[2] == nil || t.Of[2].Const == nil || single(*t.Of[2].Const).text == nil || single(*t.Of[2].Const).text.high >= 0x80) {
			x.high, x.set = maxRune, ""
		}
		x.most, x.trimmed, x.solid, x.high = max(x.most, n), false, false, max(x.high, 'z')
		x.bytes = min(anyLength, max(x.bytes, inBytes(x.most, x.high)))
	default:
		return domain{}, false
	}
	return domain{text: &x}, true
}

// together has known values among the bounds.
func together(d domain) domain {
	for _, v := range d.known {
		d = d.join(single(v))
	}
	d.known = nil
	return d
}

// onlyText tells of values that are texts, if they are there.
func (d domain) onlyText() bool {
	return d.text != nil && d.number == nil && !d.boolean && !d.date && d.moment == nil && d.binary == 0 && !d.nested && d.ref == ""
}

// onlyNumber tells of values that are numbers, if they are there.
func (d domain) onlyNumber() bool {
	return d.number != nil && d.text == nil && !d.boolean && !d.date && d.moment == nil && d.binary == 0 && !d.nested && d.ref == ""
}

// constants are those among some terms.
func constants(of []*expr.Term) (all []value.Value) {
	for _, t := range of {
		if t != nil && t.Const != nil {
			all = append(all, *t.Const)
		}
	}
	return all
}

// added is a sum of numbers, or their difference.
func added(a, b *numbers, minus bool) *numbers {
	least, most, out := b.least, b.most, &numbers{scale: max(a.scale, b.scale), plain: a.plain && b.plain}
	if minus {
		least, most = b.most, b.least
	}
	sum := func(x, y *big.Rat) *big.Rat {
		switch {
		case x == nil || y == nil:
			return nil
		case minus:
			return new(big.Rat).Sub(x, y)
		}
		return new(big.Rat).Add(x, y)
	}
	out.least, out.most = sum(a.least, least), sum(a.most, most)
	return out
}

// joined are texts that are put together.
func joined(of []domain) *texts {
	out, before := texts{trimmed: len(of) > 0}, rune(0)
	for _, d := range of {
		sure := len(d.known) == 1 && !d.absent && !d.null && d.text == nil && d.number == nil && d.known[0].Str != ""
		x := d.asText()
		if d.binary > 0 || d.ref != "" {
			x = anyText()
		}
		if x == nil {
			continue
		}
		if before >= 0x80 && x.high >= 0x300 { // a mark before which a character is composed anew: of one four may come
			out.most, out.bytes = out.most+3, out.bytes+9
		}
		out.most, out.bytes, out.high = min(out.most+x.most, anyLength), min(out.bytes+x.bytes, anyLength), max(out.high, x.high)
		out.trimmed = out.trimmed && x.trimmed
		if before = max(before, x.high); sure {
			before = x.high
		}
	}
	return &out
}

// composed are texts whose characters are composed anew: with combining marks one may become four.
func (x texts) composed() *texts {
	if x.high >= 0x300 {
		x.most, x.bytes = min(4*x.most, anyLength), min(12*x.bytes, anyLength)
	}
	return &x
}
