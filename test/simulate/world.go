// Package simulate runs the whole agent, with its real journal, in a world that one seed makes: forms, in-baskets, targets,
// front offices, people and clocks, whose parts lie, hang, cut, lose answers, run full and change, while the agent is killed,
// restarted, reloaded and restored from backups. After each run the promises are checked.
package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// world is everything around one agent, made from one seed.
type world struct {
	seed   uint64
	dir    string
	chance *stream // of the world's own course
	clock  *clock
	log    io.Writer
	broken mutation // of the product, to see whether the checks see it

	// What the seed chose.
	trouble  int // one call in so many meets a fault
	kills    int // left
	ordered  bool
	depends  bool
	hasPlain bool
	idle     bool // nobody settles what is parked
	count    int  // that closes a batch
	restores bool
	within   string

	mu       sync.Mutex // guards what the parts hold; nobody sleeps with it
	register database
	plain    database
	office   backOffice
	folders  map[string]*folder
	box      box
	offices  map[string]*portal
	forms    []*form
	spent    bool // the mutation that happens once has happened
	findings []finding
	history  []string
	notes    io.Writer // of a trace; nil: none

	calm     atomic.Bool // faults are over
	over     atomic.Bool
	diskFull atomic.Bool
	running  sync.WaitGroup
	killed   chan *life
	life     *life
	current  atomic.Pointer[life]
	lives    int
	backup   []byte
	backupAt time.Time
	restored bool
	lostAt   time.Time // moment of the backup that was restored
}

// form is one form of a citizen.
type form struct {
	n       int
	ref     string
	name    string
	sort    string // order key
	parcels []string
	drop    bool
	wrong   bool // the form is wrong: its name is missing
	posted  *portal
	bytes   []byte

	ids     []string // that it was acknowledged under
	refused int      // HTTP status that refused it for good
	acked   time.Time
}

func (f *form) label() string { return fmt.Sprintf("form %d (%s, %s)", f.n, f.ref, f.sort) }
func (f *form) key() string   { return fmt.Sprintf("key-%d", f.n) }

// newWorld makes a world in a folder.
func newWorld(seed uint64, dir string, log, notes io.Writer, broken mutation) *world {
	w := &world{seed: seed, dir: dir, log: log, notes: notes, broken: broken, chance: newStream(seed, "world"), killed: make(chan *life, 1),
		folders: map[string]*folder{}, offices: map[string]*portal{}}
	days := []time.Time{ // around clock changes, the end of a year, an ordinary day
		time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 22, 30, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC), time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)}
	w.clock = newClock(days[w.chance.below(len(days))].Add(w.chance.between(0, time.Hour)), seed)
	w.trouble = []int{6, 12, 25, 60}[w.chance.below(4)]
	w.kills = w.chance.below(5)
	w.ordered, w.depends, w.hasPlain = w.chance.one(3), w.chance.one(3), w.chance.one(3)
	w.idle, w.restores, w.count = w.chance.one(5), w.chance.one(6), 2+w.chance.below(4)
	if w.chance.one(3) {
		w.within = ", decide-within: 20m"
	}
	w.ordered = w.ordered || w.breaks(swapOrder)
	w.register = database{w: w, ledger: map[string]*entry{}, forbid: w.chance.one(2)}
	w.plain = database{w: w, ledger: map[string]*entry{}}
	w.office = backOffice{decided: map[int64]int{}}
	for _, name := range []string{"drop", "batches"} {
		w.folders[name] = &folder{w: w, name: name, files: map[string]file{}}
	}
	w.box = box{w: w, wake: make(chan struct{})}
	w.offices["portal"] = w.newPortal("portal", "posted", false)
	w.offices["city"] = w.newPortal("city", "pushed", true)
	w.write("permit.yaml", w.mapping())
	w.write("permit.schema.json", schema)
	w.configure()
	w.makeForms()
	return w
}

func (w *world) write(name, content string) {
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		panic(err)
	}
}

// configure writes the configuration as it is now.
func (w *world) configure() {
	plain := ""
	if w.hasPlain {
		plain = "  plain: {sim-plain: {}, timeout: 20s, retry: {first: 1s, most: 1m}}\n"
	}
	w.write("inbasket.yaml", fmt.Sprintf(`agency: Simulation
state: state
monitor: off
listen: {address: 127.0.0.1:0}
inbaskets:
  box: {sim-box: {}}
targets:
  register: {sim-database: {}, timeout: 20s, retry: {first: 1s, most: 1m}}
%s  drop: {sim-drop: {}, timeout: 20s, retry: {first: 1s, most: 1m}, file: {name: "{reference}.csv", control: "{reference}.ok"}}
  batches: {sim-drop: {}, timeout: 20s, retry: {first: 1s, most: 1m}, batch: {close: {count: %d, age: 40m, at: ["02:30", "10:00"], zone: Europe/Berlin}, name: "B{seq:06}.DAT"}}
front-offices:
  portal: {tokens: [%q]}
  city: {tokens: [%q], sim-push: {}}
routes:
  permit: {from: box, mapping: permit.yaml, front-office: portal%s}
  posted: {mapping: permit.yaml, front-office: portal%s}
  pushed: {mapping: permit.yaml, front-office: city%s}
`, plain, w.count, w.offices["portal"].hash, w.offices["city"].hash, w.within, w.within, w.within))
}

const schema = `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["ref", "name", "sort", "parcels", "drop"],
"properties": {"ref": {"type": "string", "maxLength": 12}, "name": {"type": "string", "maxLength": 20}, "sort": {"type": "string"}, "drop": {"type": "boolean"},
"parcels": {"type": "array", "items": {"type": "string"}}}}`

// mapping is what is written where.
func (w *world) mapping() string {
	order, plain, value := "", "", "form.sort"
	if w.ordered && !w.breaks(swapOrder) {
		order = "order: form.sort\n"
	}
	if w.depends {
		value = "application.ID"
	}
	if w.hasPlain {
		plain = "  - {as: copy, to: plain, table: COPY, fields: {REF: form.ref, NAME: form.name, CASE: " + value + "}}\n"
	}
	return fmt.Sprintf(`mapping: permit
version: 1
input: {format: json, schema: permit.schema.json, reference: form.ref}
%slayouts:
  line: {format: fixed, charset: iso-8859-1, fields: [{name: REF, width: 12}, {name: NAME, width: 20}, {name: MORE, width: 12}]}
  row: {format: csv, fields: [{name: REF}, {name: NAME}]}
write:
  - as: application
    to: register
    table: APPLICATION
    fields: {FORM_REF: form.ref, NAME: form.name | upper(), SORT: form.sort}
    returning: [ID]
    key: [FORM_REF]
  - as: parcels
    to: register
    table: PARCEL
    each: parcel in form.parcels
    fields: {APP_ID: application.ID, NUMBER: parcel}
  - as: line
    to: batches
    layout: line
    fields: {REF: form.ref, NAME: form.name, MORE: '%s'}
%s  - as: row
    to: drop
    layout: row
    when: form.drop == true
    fields: {REF: form.ref, NAME: form.name}
answer:
  from: register
  query: select ID, APP_ID, STATUS, REASON from DECISION where SENT is null
  id: ID
  match: {APP_ID: application.ID}
  mark: update DECISION set SENT = current_timestamp where ID = :ID and SENT is null
  again: select ID, APP_ID, STATUS, REASON from DECISION where SENT >= :since
  outcome: {STATUS: {A: approved, R: refused}}
  reason: REASON
  every: 1m
`, order, value, plain)
}

// makeForms makes what citizens will send.
func (w *world) makeForms() {
	n := 4 + w.chance.below(16)
	for i := range n {
		f := &form{n: i, ref: fmt.Sprintf("R-%04d", i), name: fmt.Sprintf("Name%d", w.chance.below(1000)), sort: fmt.Sprintf("S%d", w.chance.below(3)),
			drop: w.chance.one(2), wrong: w.chance.one(12), parcels: []string{}}
		for range w.chance.below(3) {
			f.parcels = append(f.parcels, fmt.Sprintf("%d", w.chance.below(100000)))
		}
		if w.chance.one(10) {
			f.name = forbidden
		}
		switch w.chance.below(4) {
		case 0:
			f.posted = w.offices["portal"]
		case 1:
			f.posted = w.offices["city"]
		}
		if i > 0 && w.chance.one(10) { // another form with the reference of one before
			first := w.forms[w.chance.below(i)]
			f.ref = first.ref
			if slices.ContainsFunc(w.forms, func(o *form) bool { return o.ref == f.ref && o.name == f.name }) { // people tell them apart by it
				f.name = fmt.Sprintf("Name%d", 1000+i)
			}
			if city := w.offices["city"]; first.posted == city || f.posted == city { // of the same front office
				f.posted = first.posted
			}
		}
		fields := map[string]any{"ref": f.ref, "name": f.name, "sort": f.sort, "parcels": f.parcels, "drop": f.drop}
		if f.wrong {
			delete(fields, "name")
		}
		f.bytes, _ = json.Marshal(fields)
		w.forms = append(w.forms, f)
	}
}

// say notes what happens.
func (w *world) say(format string, args ...any) {
	line := fmt.Sprintf("%12s ", w.clock.elapsed().Round(time.Microsecond)) + strings.ReplaceAll(fmt.Sprintf(format, args...), w.dir, "DIR")
	historyLock.Lock()
	defer historyLock.Unlock()
	w.history = append(w.history, line)
	if w.notes != nil {
		_, _ = fmt.Fprintln(w.notes, line)
	}
}

// historyLock is apart from the world's: parts speak while they hold that.
var historyLock sync.Mutex

// moment is a source of chance for what happens now: what else happens at the same time, in whatever order, moves nothing.
func (w *world) moment(name string) *stream {
	return newStream(w.seed, fmt.Sprint(name, w.clock.elapsed().Nanoseconds()))
}

// alive is the agent that runs now; nil: none does.
func (w *world) alive() *life {
	if l := w.current.Load(); l != nil && !l.dead() {
		return l
	}
	return nil
}

// spend takes one from a stock, if there is any.
func (w *world) spend(stock *int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if *stock == 0 {
		return false
	}
	*stock--
	return true
}

// acknowledged notes what the agent has said of a form.
func (w *world) acknowledged(f *form, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.acked = w.clock.Now()
	if !slices.Contains(f.ids, id) {
		f.ids = append(f.ids, id)
	}
}

// event is one thing that happens to the world at a time.
type event struct {
	at time.Duration
	do func()
}

// run lets the world go its way, then calms it down, and checks what stands where.
func (w *world) run() {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(stop); !ok {
				panic(p)
			}
		}
		w.over.Store(true)
		if w.life != nil {
			w.life.finish()
		}
		w.running.Wait()
	}()
	w.start()
	for _, o := range w.offices {
		w.running.Go(o.follow)
	}
	for _, e := range w.course() {
		w.until(e.at)
		e.do()
	}
	w.say("calm")
	w.calm.Store(true)
	w.diskFull.Store(false)
	w.settleAll()
	w.check()
}

// until waits until a time of the world; an agent that is killed meanwhile is started again.
func (w *world) until(at time.Duration) {
	for {
		select {
		case <-time.After(max(at-w.clock.elapsed(), 0)):
			return
		case l := <-w.killed:
			if l == w.life {
				w.restart(nil)
			}
		}
	}
}
