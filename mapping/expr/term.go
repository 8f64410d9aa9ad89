package expr

import "github.com/inbasket/inbasket/mapping/expr/value"

// Term is how an expression is made, for proofs about its values: a path into the form, a constant, or an operator, helper or name with
// what it is applied to. A nil Term stands for anything.
type Term struct {
	Op    string // of neither path nor constant: the operator or helper, ?: for a condition, submission.id and the like
	Of    []*Term
	Path  *Path
	Const *value.Value
	All   []value.Value // with Whole: every value that it may have where it is there, made of a form or not
	Whole bool
	Ref   string // WRITE.COLUMN that an earlier write to the same target returns
}

// as says how x is made.
func (x Compiled) as(op string, xs ...Compiled) Compiled {
	x.Term = &Term{Op: op}
	for _, y := range xs {
		x.Term.Of = append(x.Term.Of, y.Term)
	}
	if o := x.May; o != nil && o.All {
		x.Term.All, x.Term.Whole = append(append(x.Term.All, o.Known...), o.More...), true
	}
	return x
}
