package lane

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
)

// Admissions keep what comes in side by side, from several in-baskets and front offices, in the order of acceptance on its way to
// the lanes. A lane keeps the order of each key among what it has; of an older form that is still being mapped it cannot know.
type Admissions struct {
	mu      sync.Mutex
	begun   int64 // how many there were
	open    []*Admission
	changed chan struct{}
}

// NewAdmissions makes them.
func NewAdmissions() *Admissions { return &Admissions{changed: make(chan struct{})} }

// Admission is what one call of the journal accepts, from before that call until the lanes have it or will read it.
type Admission struct {
	all         *Admissions
	n           int64
	begun       int64 // how many there were when it was accepted: no later one has older forms
	forms       []*prepare.Form
	first, last journal.ID // of the forms; 0: not accepted yet
	together    int64      // the same for those that one call forwards
}

// Begin is called before the journal accepts.
func (a *Admissions) Begin() *Admission {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun++
	x := &Admission{all: a, n: a.begun}
	a.open = append(a.open, x)
	return x
}

// Accepted says what goes on to the lanes, by ascending IDs; without any it is over, and false.
func (x *Admission) Accepted(forms ...*prepare.Form) bool {
	if len(forms) == 0 {
		x.Done()
		return false
	}
	x.all.mu.Lock()
	defer x.all.mu.Unlock()
	x.forms, x.first, x.last, x.begun = forms, forms[0].Stored.ID, forms[len(forms)-1].Stored.ID, x.all.begun
	x.all.signal()
	return true
}

// Done says that the lanes have it, or will read it from the journal. It may be repeated.
func (x *Admission) Done() {
	x.all.mu.Lock()
	defer x.all.mu.Unlock()
	x.all.open = slices.DeleteFunc(x.all.open, func(o *Admission) bool { return o == x })
	x.all.signal()
}

// Targets are those that it goes to.
func (x *Admission) Targets() (all []string) {
	for _, f := range x.forms {
		all = append(all, f.Plan.Targets()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// signal wakes everyone who waits. The caller holds mu.
func (a *Admissions) signal() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// isNext tells whether nothing older is on its way, apart from what goes together with it.
func (x *Admission) isNext() (next bool, changed <-chan struct{}) {
	x.all.mu.Lock()
	defer x.all.mu.Unlock()
	return !slices.ContainsFunc(x.all.open, func(o *Admission) bool {
		return o != x && (o.first == 0 && o.n <= x.begun || o.first != 0 && o.first < x.first && (o.together == 0 || o.together != x.together))
	}), x.all.changed
}

// wait waits until nothing older is on its way; false: ctx ended.
func (x *Admission) wait(ctx context.Context) bool {
	for {
		next, changed := x.isNext()
		if next {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// join makes admissions go together, the oldest first, and returns their forms.
func join(admitted []*Admission) (forms []*prepare.Form) {
	slices.SortFunc(admitted, func(a, b *Admission) int { return cmp.Compare(a.first, b.first) })
	for _, x := range admitted {
		x.all.mu.Lock()
		x.together = admitted[0].n
		x.all.mu.Unlock()
		forms = append(forms, x.forms...)
	}
	return forms
}
