package value

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Budget is what one form's mapping may take: it stops an expression that a hostile form blows up, not an honest one.
type Budget struct {
	Steps   int // helper calls and predicate rounds
	Made    int // bytes of texts and documents that expressions make
	Records int
}

// DefaultBudget holds where input.limits says nothing. What is made of a form grows with the form that is allowed.
func DefaultBudget(formBytes int64) Budget {
	return Budget{Steps: 1_000_000, Made: int(4 * formBytes), Records: 100_000}
}

// MaxCount bounds a number of characters that an expression gives.
const MaxCount = 16 << 20

// Run is what computations with values see: what they may take, the first thing that went wrong, and what they are made of.
type Run struct {
	Budget Budget // what is left of it
	Err    *Failure
	Note   string      // what was changed because the mapping allows it
	joins  [][2]int32  // sources of values that are made of several, by -src-1
	Seen   func(Place) // is told which way a form goes through its mapping; nil where nobody asks
}

// Function computes a value of others; args must not be kept.
type Function func(r *Run, args []Value) Value

// Restart makes ready for the next form.
func (r *Run) Restart(b Budget) {
	r.Budget, r.Err, r.Note, r.joins, r.Seen = b, nil, "", r.joins[:0], nil
}

// Place is one way that forms may go through a mapping.
type Place struct {
	Kind    PlaceKind `json:"kind"`
	Name    string    `json:"name"`              // of the field, write or lookup
	Outcome string    `json:"outcome,omitempty"` // of a condition or lookup
}

// PlaceKind says what a place is.
type PlaceKind string

// The kinds of places.
const (
	PlaceField  PlaceKind = "field"  // a form has it
	PlaceWrite  PlaceKind = "write"  // makes a record
	PlaceWhen   PlaceKind = "when"   // of a write, is true or false
	PlaceLookup PlaceKind = "lookup" // finds a key, or does not
	PlaceKey    PlaceKind = "key"    // a lookup finds this one; it may be one that a citizen chose
)

// Outcomes of lookups beside the keys that stand in the mapping.
const (
	KeyOfFile = "a key of the file"
	NoKey     = "a key that is not in it"
)

// See tells who asks that a form came through here.
func (r *Run) See(kind PlaceKind, name, outcome string) {
	if r.Seen != nil {
		r.Seen(Place{kind, name, outcome})
	}
}

// Failure is the first thing that went wrong in an expression. Its message never holds content.
type Failure struct {
	Code, Message string
	Want          string // the limit that was passed; "" where nothing can be said in a number
	Src           int32  // the form's field that caused it; 0: none did
	Blamed        bool   // Src is known
	Made          Making // of the value that caused it
	Grown         bool   // only what was transliterated of the value is too long
	Sort          bool   // no value of this sort works, whatever it says
	Limit         string // of input.limits, where a budget is spent
}

// ForSender is a message without what it advises who writes the mapping, which follows "; use ".
func ForSender(message string) string {
	said, _, _ := strings.Cut(message, "; use ")
	return said
}

// Fail keeps the first thing that went wrong.
func (r *Run) Fail(code, message string) Value { return r.fail(Failure{Code: code, Message: message}) }

// FailLimit is Fail where a value passes a limit, which its message names as %s.
func (r *Run) FailLimit(code, message string, limit int) Value {
	want := strconv.Itoa(limit)
	return r.fail(Failure{Code: code, Message: strings.Replace(message, "%s", want, 1), Want: want})
}

func (r *Run) fail(f Failure) Value {
	if r.Err == nil {
		r.Err = &f
	}
	return Missing
}

// Record notes a change that the mapping allowed. It never holds content.
func (r *Run) Record(note string) {
	if note != "" && !strings.Contains(r.Note, note) {
		r.Note = strings.TrimPrefix(r.Note+"; "+note, "; ")
	}
}

// FailBy is Fail where one of several values is to blame.
func (r *Run) FailBy(v Value, code, message string) Value {
	r.Fail(code, message)
	return r.Of(Missing, v)
}

// FailSort is FailBy where the sort of a value is to blame, not what it says.
func (r *Run) FailSort(v Value, code, message string) Value {
	r.Fail(code, message)
	if !r.Err.Blamed {
		r.Err.Sort = true
	}
	return r.Of(Missing, v)
}

// FailReading is the error of what reads texts: of a text what it says is to blame, of anything else its sort.
func (r *Run) FailReading(v Value, code, message string) Value {
	if v.Kind == KindText {
		return r.FailBy(v, code, message)
	}
	return r.FailSort(v, code, message)
}

// FailMade is Fail where what the mapping computes is to blame, and none of the values that it computes it of.
func (r *Run) FailMade(code, message string) Value {
	return r.fail(Failure{Code: code, Message: message, Made: Computed})
}

// Of says what v is made of; after an error it says what caused that, unless a part of the expression has.
func (r *Run) Of(v Value, from ...Value) Value {
	if v.Src != 0 && r.Err == nil {
		return v
	}
	for i := range from {
		if f := &from[i]; f.Src != 0 {
			v.Src, v.Made = r.Both(v.Src, f.Src), v.Made|f.Made
		}
	}
	if r.Err != nil && !r.Err.Blamed {
		r.Err.Blamed, r.Err.Src, r.Err.Made = true, v.Src, v.Made|r.Err.Made
	}
	return v
}

// Both is the source of what is made of two.
func (r *Run) Both(a, b int32) int32 {
	switch {
	case a == 0 || a == b:
		return b
	case b == 0:
		return a
	}
	pair, n := [2]int32{a, b}, len(r.joins)
	if n == 0 || r.joins[n-1] != pair {
		r.joins = append(r.joins, pair)
		n++
	}
	return -int32(n)
}

// Sources are the fields of the form that a value is made of, the first first.
func (r *Run) Sources(src int32) []int32 {
	var out []int32
	seen := map[int32]bool{0: true}
	for todo := []int32{src}; len(todo) > 0; {
		src, todo = todo[0], todo[1:]
		switch {
		case seen[src]:
		case src > 0:
			out = append(out, src)
		default:
			todo = append(slices.Clone(r.joins[-src-1][:]), todo...)
		}
		seen[src] = true
	}
	return out
}

// Spent says which budget is used up. That is nobody's mistake in the form.
func (r *Run) Spent(key, what string) bool {
	r.fail(Failure{Code: CodeLimit, Message: what, Limit: key, Blamed: true})
	return false
}

// Step counts work; false means that the budget is spent and the caller must stop.
func (r *Run) Step() bool {
	if r.Budget.Steps--; r.Budget.Steps < 0 {
		return r.Spent("work", "takes more work than input.limits.work allows")
	}
	return r.Err == nil
}

// Grow counts made text; false means that the budget is spent.
func (r *Run) Grow(n int) bool {
	if r.Budget.Made -= n; n < 0 || r.Budget.Made < 0 {
		return r.Spent("made", "makes more text than input.limits.made allows")
	}
	return true
}

// Made counts the text that was made and puts it in NFC.
func (r *Run) Made(s string) Value {
	if !r.Grow(len(s)) {
		return Missing
	}
	return Text(norm.NFC.String(s))
}

// TextOf reads a value that must be a text; where it is none, r has the error.
func (r *Run) TextOf(v Value) string {
	s, ok := v.Text()
	if !ok {
		r.FailSort(v, CodeNotText, "a text is needed here")
	}
	return s
}
