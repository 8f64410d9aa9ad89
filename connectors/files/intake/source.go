package intake

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

const (
	maxPending = 16_384           // files that are watched growing; more wait for a later scan
	busyChunk  = 256              // ready files in one portion from which events are not worth their price
	unreadable = 10 * time.Minute // after which a file that may not be read is set aside
	closing    = time.Minute      // for the last looks of a source that is closed
	retryAfter = time.Minute      // for empty files, and between tries to move what cannot be moved
)

var errClosed = errors.New("source is closed")

// source takes files out of one place; in-basket and answer folder are thin skins over it.
type source struct {
	env     connectors.Env
	cfg     rules.Rules
	place   place.Place
	traits  place.Traits
	root    string // what has the place, such as a server; empty: this machine
	dir     string // the place's own folder there
	done    string // folder of the place; empty when accepted files are deleted
	errs    string // folder of the place
	match   rules.Globs
	ignore  rules.Globs
	marker  *rules.Affix
	list    rules.ListPath
	beside  []*regexp.Regexp // that find the stem of the form which an attachment is named after
	room    int              // files that next.pending holds at most
	events  bool             // the place tells of changes
	sync    bool             // moves are made durable
	answers bool             // of answer files: a document that is too large is told with its decision, which the agent reads
	wake    chan struct{}
	quit    chan struct{}

	owner   string          // this process
	claimed *claimKey       // nil: nothing is claimed
	life    context.Context // until Close
	end     context.CancelFunc

	next struct { // owned by Next
		sync.Mutex
		pending    map[string]*waiting
		ready      []*candidate
		scan       place.Listing
		scanAt     time.Time             // the next scan is due
		listed     map[string]place.Info // what the listing under way told, where a listing tells all; nil: each file is looked at
		listedAt   time.Time
		more       bool             // files were seen that pending had no room for
		odd        int              // links and special files of this scan
		gaps       map[string]int64 // forms whose gap was told, by the time that they were written
		toldOdd    int
		stray      map[string]time.Time // files of this scan that are no forms, since they were seen first
		strayed    map[string]time.Time // those of the scan before
		toldStray  int
		lone       []connectors.HeldItem // documents without an answer file, as of the last scan
		probe      place.Probe
		trusted    bool       // the folder's clock and ours agree
		bare       time.Time  // this scan's look at all names saw no attachment then; zero: it saw some, or did not look
		looked     bool       // this scan did look
		beside     *beside    // the names at the last look at all
		markerScan markerScan // forms and done-markers of this scan
		prepared   bool
		failed     bool
		watch      place.Watch
		tellRead   time.Time            // not before is it told again that a file cannot be read
		tellBusy   time.Time            // nor that one is open for writing
		unread     map[string]time.Time // files that could not be read, since then
		heldAt     time.Time            // it was noted what is kept back
		watchAt    time.Time            // the next try to watch, after one failed
	}

	mu        sync.Mutex
	inflight  map[string]*item
	released  map[string]time.Time  // released: offered again from then on
	answered  map[string]time.Time  // stems of answer files that were taken, for as long as their documents may come late
	held      []connectors.HeldItem // as of the last look
	closed    bool
	moved     []*movedForm     // forms that were taken and may still be written to (again.go)
	reoffered map[formKey]bool // owned by Reoffer: what it has put back
}

// waiting is a form that is not ready yet.
type waiting struct {
	seen  *candidate
	since time.Time // it has looked like this since
	lacks time.Time // its attachments are missing since
	due   time.Time // the next look
}

// newSource takes files out of a place, which is the folder dir of root.
func newSource(env connectors.Env, cfg rules.Rules, p place.Place, root, dir string) *source {
	s := &source{env: env, cfg: cfg, place: p, traits: p.Traits(), root: root, dir: dir, inflight: map[string]*item{}, released: map[string]time.Time{},
		owner: ownerName(), room: maxPending, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	s.life, s.end = context.WithCancel(context.Background())
	s.match, _ = rules.NewGlobs(cfg.Match) // Validate has parsed them
	s.ignore, _ = rules.NewGlobs(cfg.Ignore)
	s.list, _ = rules.ParsePath(cfg.Attachments.List)
	for _, p := range cfg.Attachments.Beside {
		s.beside = append(s.beside, ownerPattern(p))
	}
	if cfg.Marker != "" {
		a := rules.NewAffix(cfg.Marker)
		s.marker = &a
	}
	if !cfg.After.Delete {
		s.done = cfg.After.Move
	}
	s.errs = cfg.Errors
	s.next.pending = map[string]*waiting{}
	s.useDone(1)
	return s
}

// isForm says by the name alone whether a file is a form.
func (s *source) isForm(name string) bool {
	return !rules.Unfinished(name) && s.match.Match(name) && !s.ignore.Match(name)
}

// Next waits for ready files; see connectors.Source.
func (s *source) Next(ctx context.Context, max int) ([]*item, error) {
	n := &s.next
	n.Lock()
	defer n.Unlock()
	if n.failed { // the last call said why; do not let the caller spin
		if err := s.sleep(ctx, s.cfg.Poll); err != nil {
			return nil, err
		}
		n.scanAt = time.Time{}
	}
	for {
		if err := s.alive(ctx); err != nil {
			return nil, err
		}
		if err := s.fill(ctx, max); err != nil {
			n.failed = true
			s.stopWatch()
			return nil, err
		}
		n.failed = false
		if s.recheckFull() {
			s.recheck(ctx, time.Time{})
		}
		items, err := s.takeReady(ctx, max)
		if len(items) > 0 {
			return items, nil
		}
		if err != nil {
			n.failed = true
			return nil, err
		}
		if len(n.ready) > 0 || n.scan != nil {
			continue
		}
		if s.recheck(ctx, s.env.Clock.Now()) {
			n.scanAt = time.Time{}
			continue
		}
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// Close ends a waiting Next and releases everything. It may be called twice.
func (s *source) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.quit)
		s.useDone(-1)
	}
	s.mu.Unlock()
	s.next.Lock()
	defer s.next.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), closing)
	defer cancel()
	s.recheck(ctx, time.Time{})
	s.end()
	s.stopWatch()
	s.stopScan()
	s.disclaim()
	return s.place.Close()
}

func (s *source) alive(ctx context.Context) error {
	select {
	case <-s.quit:
		return errClosed
	default:
		return ctx.Err()
	}
}

// fill brings forms into ready: those that waited long enough, those that events named, and portions of
// the listing until max are there.
func (s *source) fill(ctx context.Context, max int) error {
	n := &s.next
	now := s.env.Clock.Now()
	if !n.prepared {
		if err := s.prepare(ctx); err != nil {
			return err
		}
	}
	s.considerHints(ctx, now)
	s.considerDue(ctx, now)
	if n.scan == nil && !now.Before(n.scanAt) {
		if err := s.startScan(ctx); err != nil {
			return err
		}
	}
	for n.scan != nil && len(n.ready) < max {
		if err := s.scanPortion(ctx, now); err != nil {
			return err
		}
	}
	s.noteHeld(now)
	return nil
}

func (s *source) startScan(ctx context.Context) error {
	n := &s.next
	if n.watch != nil && n.watch.Stale() {
		s.stopWatch()
		n.prepared, n.trusted = false, false
	}
	l, err := s.place.List(ctx, "")
	if err != nil {
		n.prepared = false // another folder may come in its place
		return local.Fault("list the in-basket folder", err)
	}
	n.scan, n.odd, n.more, n.bare, n.looked = l, 0, false, time.Time{}, false
	n.markerScan.seen, n.stray = nil, map[string]time.Time{}
	if s.traits.Listed {
		return s.readListing(l)
	}
	return nil
}

// readListing keeps a whole listing, which then is the look at every file.
func (s *source) readListing(l place.Listing) error {
	n := &s.next
	n.listed, n.listedAt = map[string]place.Info{}, s.env.Clock.Now()
	var all place.Entries
	for {
		list, err := l.Next(place.Portion)
		if err != nil {
			s.stopScan()
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, e := range list {
			n.listed[e.Name] = e
		}
		all = append(all, list...)
	}
	n.scan = &all
	return l.Close()
}

func (s *source) stopScan() {
	if s.next.scan != nil {
		_ = s.next.scan.Close()
		s.next.scan, s.next.listed = nil, nil
	}
}

// scanPortion reads a place.Portion of the listing and adds what is ready, oldest first.
func (s *source) scanPortion(ctx context.Context, now time.Time) error {
	n := &s.next
	list, err := n.scan.Next(place.Portion)
	if err != nil {
		s.stopScan()
		return local.Fault("list the in-basket folder", err)
	}
	from := len(n.ready)
	if len(list) == place.Portion && n.trusted && !n.looked {
		n.looked = true
		if b, err := s.besideForms(ctx, now); err == nil {
			if n.beside = b; len(b.names) == 0 {
				n.bare = now
			}
		}
	}
	at := now
	if n.listed != nil {
		at = n.listedAt
	}
	for _, e := range list {
		s.considerEntry(ctx, e, at)
	}
	if len(n.ready)-from >= busyChunk {
		s.stopWatch() // every move out of the folder would be an event; the next idle moment rescans
	}
	slices.SortFunc(n.ready[from:], func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.form.Mtime, b.form.Mtime), strings.Compare(a.form.Name, b.form.Name))
	})
	if len(list) == 0 {
		s.tellUnpaired(ctx, now)
		s.tellStray(ctx, now)
		s.stopScan()
		n.bare = time.Time{}
		n.scanAt = now.Add(s.cfg.Poll)
		if n.odd > n.toldOdd {
			s.notice(CodeSkipped, "links or special files lie in the folder and are left alone")
		}
		n.toldOdd = n.odd
	}
	return nil
}

func (s *source) considerEntry(ctx context.Context, e place.Info, now time.Time) {
	name := e.Name
	if s.marker != nil {
		form, ok := s.marker.Of(name)
		if !ok {
			s.next.markerScan.see(name, formSeen, s.isForm(name) && e.Kind != place.Folder)
			s.seeStray(e, now)
			return // a form without a marker is not looked at
		}
		s.next.markerScan.see(form, markSeen, s.isForm(form))
		name = form
	}
	if !s.isForm(name) || e.Kind == place.Folder {
		s.seeStray(e, now)
		return
	}
	if e.Kind == place.Special {
		s.next.odd++
		return
	}
	s.consider(ctx, name, now)
}

func (s *source) considerHints(ctx context.Context, now time.Time) {
	n := &s.next
	if n.watch == nil {
		return
	}
	names, lost := n.watch.Take()
	if lost {
		n.scanAt = now
	}
	other := false
	for name := range names {
		if s.marker != nil {
			if form, ok := s.marker.Of(name); ok {
				name = form
			}
		}
		if s.isForm(name) {
			s.consider(ctx, name, now)
		} else {
			other = true
		}
	}
	if other { // perhaps an attachment that somebody waits for
		for _, w := range n.pending {
			if w.seen.missing > 0 {
				w.due = now
			}
		}
	}
}

func (s *source) considerDue(ctx context.Context, now time.Time) {
	n := &s.next
	var again []string
	s.mu.Lock()
	for name, at := range s.released {
		if !now.Before(at) {
			delete(s.released, name)
			again = append(again, name)
		}
	}
	s.mu.Unlock()
	if s.traits.Listed { // one listing is the look at all of them
		due := len(again) > 0
		for _, w := range n.pending {
			due = due || !now.Before(w.due)
		}
		if due && n.scan == nil {
			n.scanAt = now
		}
		return
	}
	for _, name := range again {
		s.consider(ctx, name, now)
	}
	for name, w := range n.pending {
		if !now.Before(w.due) {
			s.consider(ctx, name, now)
		}
	}
	if n.more && n.scan == nil && len(n.pending) < s.room/2 {
		n.scanAt = now
	}
}

// portionBytes bounds the forms that one call of Next returns, so that large forms do not fill the memory.
const portionBytes = 4 << 20

// oneRead says how many of the ready forms are read at once: at least one.
func oneRead(ready []*candidate, max int) int {
	k, size := 0, int64(0)
	for k < len(ready) && k < max {
		if size += ready[k].form.Size; k > 0 && size > portionBytes {
			break
		}
		k++
	}
	return k
}

func (s *source) forget(name string) {
	s.mu.Lock()
	delete(s.inflight, name)
	s.mu.Unlock()
}

func (s *source) notice(code, text string) {
	if s.env.Notify != nil {
		s.env.Notify(connectors.Notice{Code: code, Text: text})
	}
}

// inTwo runs f for 0…n-1, in two goroutines when that is worth it: a rename or an open mostly waits
// for the kernel.
func inTwo(n int, f func(i int)) {
	if n < 8 {
		for i := range n {
			f(i)
		}
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := n / 2; i < n; i++ {
			f(i)
		}
	}()
	for i := range n / 2 {
		f(i)
	}
	<-done
}
