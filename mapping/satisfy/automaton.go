package satisfy

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// texts looks for texts of a length that match some patterns and do not match others. It walks all patterns at once,
// character by character, and takes one character for all those that no pattern tells apart: what it has not found
// after the last state is not there.
type texts struct {
	progs   []*syntax.Prog
	match   []bool // whether a text must match, one a pattern
	chars   []rune // one of each sort
	low     int
	high    int // -1: any
	accept  func(string) bool
	steps   int  // that are left
	refused bool // a text of the right form was not accepted
}

// noRune stands before the first character and after the last.
const noRune = rune(-1)

// add adds a pattern in Go's dialect. One that cannot be read is left to accept.
func (t *texts) add(pattern string, match bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return
	}
	if prog, err := syntax.Compile(re.Simplify()); err == nil {
		t.progs, t.match = append(t.progs, prog), append(t.match, match)
	}
}

// at is where the walk stands: what each pattern has before it, whether it has matched, and the character before.
type at struct {
	pcs     [][]uint32
	matched []bool
	last    rune
	before  *at
}

func (a *at) text() string {
	var out []rune
	for ; a.before != nil; a = a.before {
		out = append(out, a.last)
	}
	slices.Reverse(out)
	return string(out)
}

// key tells states apart: what follows depends on the last character only as far as \b, ^ and $ look at it.
func (a *at) key() string {
	kind := "other"
	switch {
	case a.last == noRune:
		kind = "begin"
	case a.last == '\n':
		kind = "line"
	case syntax.IsWordChar(a.last):
		kind = "word"
	}
	return fmt.Sprint(kind, a.pcs, a.matched)
}

// find returns a text; sure tells whether one that it did not find is not there.
func (t *texts) find() (text string, found, sure bool) {
	t.chars = t.sorts()
	now := []*at{{pcs: make([][]uint32, len(t.progs)), matched: make([]bool, len(t.progs)), last: noRune}}
	seen := map[string]bool{}
	for n := 0; len(now) > 0 && (t.high < 0 || n <= t.high); n++ {
		if n < t.low {
			seen = map[string]bool{} // what is too short is not there yet
		}
		var next []*at
		for _, a := range now {
			if n >= t.low && t.ends(a) {
				if text = a.text(); t.accept(text) {
					return text, true, true
				}
				t.refused = true
			}
			for _, c := range t.chars {
				if t.steps--; t.steps < 0 {
					return "", false, false
				}
				b := t.step(a, c)
				if k := b.key(); !seen[k] {
					seen[k] = true
					next = append(next, b)
				}
			}
		}
		now = next
	}
	return "", false, !t.refused
}

// ends tells whether a text that ends here is one.
func (t *texts) ends(a *at) bool {
	for i, p := range t.progs {
		if matched := a.matched[i] || t.reaches(p, a, i, noRune); matched != t.match[i] {
			return false
		}
	}
	return true
}

func (t *texts) reaches(p *syntax.Prog, a *at, i int, next rune) bool {
	_, matched := closure(p, a.pcs[i], syntax.EmptyOpContext(a.last, next))
	return matched
}

func (t *texts) step(a *at, c rune) *at {
	b := &at{pcs: make([][]uint32, len(t.progs)), matched: make([]bool, len(t.progs)), last: c, before: a}
	flags := syntax.EmptyOpContext(a.last, c)
	for i, p := range t.progs {
		if a.matched[i] {
			b.matched[i] = true
			continue
		}
		pcs, matched := closure(p, a.pcs[i], flags)
		if b.matched[i] = matched; matched {
			continue
		}
		for _, pc := range pcs {
			if in := &p.Inst[pc]; in.MatchRune(c) && !slices.Contains(b.pcs[i], in.Out) {
				b.pcs[i] = append(b.pcs[i], in.Out)
			}
		}
		slices.Sort(b.pcs[i])
	}
	return b
}

// closure returns the instructions that read a character, and whether the pattern has matched. A match may begin
// anywhere.
func closure(p *syntax.Prog, from []uint32, flags syntax.EmptyOp) (reads []uint32, matched bool) {
	seen := make([]bool, len(p.Inst))
	for todo := append([]uint32{uint32(p.Start)}, from...); len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &p.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^flags == 0 {
				todo = append(todo, in.Out)
			}
		case syntax.InstMatch:
			return nil, true
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			reads = append(reads, pc)
		}
	}
	return reads, false
}

// sorts returns one character of each sort that the patterns tell apart, those that people write first.
func (t *texts) sorts() []rune {
	edges := map[rune]bool{0: true, '\n': true, '\n' + 1: true, ' ': true, '!': true, 0x7f: true, 0xa0: true, 0xd800: true, 0xe000: true}
	for _, span := range []string{"09", "AZ", "az", "__"} {
		edges[rune(span[0])], edges[rune(span[1])+1] = true, true
	}
	var reads []*syntax.Inst
	for _, p := range t.progs {
		for i := range p.Inst {
			in := &p.Inst[i]
			if in.Op != syntax.InstRune && in.Op != syntax.InstRune1 {
				continue
			}
			reads = append(reads, in)
			for j, r := range in.Rune {
				edges[r+rune(j%2)] = true
				if len(in.Rune) == 1 { // with others of the same letter, where case does not count
					edges[r+1] = true
					for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
						edges[f], edges[f+1] = true, true
					}
				}
			}
		}
	}
	all := []rune{'a', 'A', '0', ' ', '-'}
	for r := range edges {
		if r <= unicode.MaxRune && (r < 0xd800 || r >= 0xe000) {
			all = append(all, r)
		}
	}
	slices.Sort(all[5:])
	var out []rune
	told := map[string]bool{}
	for _, r := range all {
		var is strings.Builder
		fmt.Fprint(&is, syntax.IsWordChar(r), r == '\n')
		for _, in := range reads {
			is.WriteByte('0' + map[bool]byte{true: 1}[in.MatchRune(r)])
		}
		if !told[is.String()] {
			told[is.String()] = true
			out = append(out, r)
		}
	}
	return out
}
