package journal

import (
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// State is where a submission stands in its life.
type State string

// The states of a submission.
const (
	Accepted  State = "accepted"  // we have it
	Delivered State = "delivered" // every target has it
	Decided   State = "decided"   // the office has ruled
	Closed    State = "closed"    // the front office knows the last word, or nobody waits for one
	Rejected  State = "rejected"  // the form is wrong, or an operator said no
	Parked    State = "parked"    // waits for a person
)

// ReadColumn reads a state by its number.
func (s *State) ReadColumn(row engine.Row, n int) { *s = State(states.State(row.Int(n)).String()) }

// Progress is where one delivery stands.
type Progress string

// The states of a delivery. Open ones are pending, waiting, attempting, batched, staged, uncertain and doubtful.
const (
	Pending    Progress = "pending"    // to be mapped and delivered
	Waiting    Progress = "waiting"    // needs a value that another target returns
	Attempting Progress = "attempting" // journaled before an effect that the target does not record itself
	Batched    Progress = "batched"    // a member of a sealed batch
	Staged     Progress = "staged"     // in place under a temporary name
	Unclear    Progress = "uncertain"  // an effect whose outcome is unknown; look up first
	Doubtful   Progress = "doubtful"   // may have been delivered after the backup that the journal was restored from
	Done       Progress = "delivered"  // the target has it
	Skipped    Progress = "skipped"    // the mapping gives nothing for this target
	Held       Progress = "parked"     // waits for a person
	Dropped    Progress = "dropped"    // given up on an operator's word, or with its rejected submission
)

// ReadColumn reads a state by its number.
func (p *Progress) ReadColumn(row engine.Row, n int) {
	*p = Progress(states.Progress(row.Int(n)).String())
}

// Left tells whether its submission still waits for the delivery; one that is not there has nothing left.
func (p Progress) Left() bool {
	code := states.ProgressOf(string(p))
	return code != 0 && code.Left()
}

// Reason says why something waits for a person, or was refused.
type Reason struct {
	Code string `json:"code"`           // stable
	Text string `json:"text"`           // safe to show
	Next string `json:"next,omitempty"` // what to do
	Raw  string `json:"-"`              // a system's own words; sealed, shown only by show --raw

	Untouched bool `json:"untouched,omitempty"` // of a batch: the target refused it, and surely nothing of it was put in place

	// Of results:
	Waits bool `json:"waits,omitempty"` // it goes on by itself once its document can be had
	Whole bool `json:"whole,omitempty"` // it is a file of many decisions, which cannot be given to one submission
}

// ReadColumn reads what encodeReason has written.
func (r *Reason) ReadColumn(row engine.Row, n int) {
	if known := DecodeVerdict(row.Text(n)).Reason; known != nil {
		*r = *known
	}
}

// FieldError is one thing wrong in a form.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON Pointer into the form
	Code    string `json:"code"`    // stable
	Message string `json:"message"` // never holds what was written
}

// Plan is a mapping with everything it was checked with, as submissions are pinned to it.
type Plan struct {
	Digest  connectors.Digest
	Name    string
	Version int
	Bundle  []byte
}

// File is an attachment or document in the content store.
type File struct {
	Name        string            `json:"name"`
	ContentType string            `json:"contentType,omitempty"`
	Digest      connectors.Digest `json:"digest"`
	Size        int64             `json:"size"`
}

// Arrival is a submission about to be accepted.
type Arrival struct {
	Scope          string            // front office, or route without one: references are unique within it
	Office         string            // front office that is owed the result; empty: none
	Inbasket       string            // where it came from
	Route          string            // empty if it could not be identified (then Park is set)
	Plan           connectors.Digest // pinned
	Reference      string            // the sender's; else a name that may be shown
	Transport      string            // the transport's own identity; of one form of several that of the item, with its place there: see PartName
	More           bool              // of one form of several: others follow
	IdempotencyKey string            // HTTP only
	Digest         connectors.Digest // over form and attachments
	ContentType    string
	Form           []byte
	Attachments    []File
	Targets        []string            // every target that the plan may write to, in order
	At             time.Time           // when the in-basket got it
	Park           *Reason             // accept it, but parked
	ParkConflict   bool                // a conflict is accepted as a new, parked submission instead of refused
	Reject         []FieldError        // accept it as rejected at once (it decoded, but the form is wrong)
	Why            *Reason             // with Reject: what an operator and the front office read beside the fields
	Also           []connectors.Digest // by which earlier versions of its mapping would know the same form
	Aliases        []string            // references that such versions would have given it, where it has none of its own
	Elsewhere      []string            // the other routes of the same scope: what one of them took is no repeat
	Before         []FormerRoute       // where the route's forms were known before
	Takes          Takes               // whether its route would take a form out of the in-basket now; nil: posted
	Raw            connectors.Digest   // over the bytes of form and attachments
	Named          bool                // it has a reference of its own
	Unnamed        bool                // and forms of its route had none once
	Known          Recognise           // compares it with a known form; nil: the digests tell
	Keys           []Key               // by which people find it
	KnownOnly      bool                // answer it if it is known, else accept nothing: its Acceptance then has no ID
}

// Names are all names that a form has: its reference, and those that earlier versions of its mapping would have given it.
func (r *Arrival) Names() []string { return append([]string{r.Reference}, r.Aliases...) }

// Takes tells whether a route would take a form of a transport name.
type Takes func(form []byte, contentType, transport string) bool

// PartName is the transport name of one of several forms in an item. No file's name has a slash.
func PartName(item string, place int) string { return fmt.Sprintf("%s/%d", item, place) }

// ItemName is the name of the item that a form of this transport name lay in, alone or with others.
func ItemName(transport string) string {
	name, _, _ := strings.Cut(transport, "/")
	return name
}

// Recognise compares a known form with one that arrives. It runs within a transaction of the journal.
type Recognise func(form []byte, contentType, transport string, files []File) Likeness

// Likeness is what the mapping of today says of a known form and one that arrives.
type Likeness struct {
	Exact   bool   // all bytes are equal
	Same    bool   // all that it compares is equal
	Named   bool   // and both have one name by it
	Differs string // in what they differ although they are the same, without content
}

// Acceptance is what became of an Arrival. It is durable when Accept returns.
type Acceptance struct {
	ID      ID
	Verdict connectors.Verdict // Taken, Repeat or Conflict
	State   State
	On      string // for Conflict: "reference", "idempotency-key" or "route"
	Again   bool   // Taken, and it was accepted before, in the time that a restored journal does not know
}

// Stored is a submission as the flow needs it to go on.
type Stored struct {
	ID          ID
	Route       string `col:"word"`
	Office      string `col:"word"`
	Plan        connectors.Digest
	Digest      connectors.Digest // of the submission as it came
	Reference   string
	ContentType string
	Attachments []File    `col:"json"`
	At          time.Time // when the in-basket got it
	Accepted    time.Time
	Progress    Progress                    // of the delivery that was asked for
	Batch       int64                       // of that delivery; 0: none
	Attempts    int                         // of that delivery
	Form        []byte                      `col:"-"`
	Returned    map[string]connectors.Value `col:"-"` // by all its deliveries so far
	Numbers     map[string]int64            `col:"-"` // of its mapping's sequences; nil where nobody has asked for them
	Lost        error                       `col:"-"` // the form is not in the content store any more; Form is nil then
}

// Change moves one delivery. The journal derives the submission's state and its events from it, in
// the same transaction.
type Change struct {
	ID       ID
	Target   string
	To       Progress
	Order    *string                     // for Held and Waiting: its order key, which stops later ones; nil: not known
	Needs    Needs                       // for Waiting
	Reason   *Reason                     // for Held and Unclear, and for a failed attempt that stays Pending
	By       string                      // for Done: the person on whose word; Reason says why
	Returned map[string]connectors.Value // for Done
	MatchKey string                      // for Done: by which a result finds the submission; empty: none
	Keys     []Key                       // for Done: by which people do
	Changed  string                      // for Done and Skipped: what the mapping changed in values on the way, or left out; it holds no content
	Attempt  bool                        // count and remember an attempt
	Final    bool                        // for Done and Skipped: no decision is expected, delivered is the last word
	Stands   Progress                    // where Apply has left the delivery; empty: nothing was applied
}

// Key is a value by which people find a submission.
type Key struct {
	Name, Value string
	Keep        string // plain, hashed or encrypted
	Exact       bool   // capitals, blanks and hyphens count too
	Failed      string // why the form has no value: a code
}

// Turn is what a commit made of a delivery that its lane did not ask for, or does not know: by a returned value or a person's word.
type Turn struct {
	Target string
	ID     ID
	Ended  bool // nothing is to be delivered; else it has the values that it waited for
}

// Batch is a sealed batch file.
type Batch struct {
	Seq      int64  // gap-free per target, from 1
	Target   string `col:"word"`
	Name     string
	Digest   connectors.Digest
	Size     int64
	Control  string    // name of the control file, empty: none
	Progress Progress  // Batched, Staged, Unclear, Done, Held, Dropped (voided)
	Why      string    // what closed it: count, size, age, time, order, operator
	SealedAt time.Time `col:"-"`
	Members  []ID      `col:"-"` // in order

	Untouched bool `col:"-"` // it is Held, and surely nothing of it was put in place
}

// Outcome is a result of the back office, as journaled.
type Outcome struct {
	N         int64    `json:"n,omitempty"` // number in this journal, when read from it
	Source    string   `col:"word"`         // configured name of the source
	ResultID  string   // the result's own identity within its source
	Also      []string `json:"-" col:"-"` // other spellings of it, by which it may be on record
	Plan      string   `col:"word"`       // mapping name the result was read by; match keys are per mapping name
	MatchKey  string
	ID        ID     // known submission (a person's decision); else found by MatchKey
	Outcome   string // approved, refused, …; empty with Park
	Status    string // the legacy system's own word
	CaseNo    string
	Reason    string
	Documents []File `col:"json"`
	By        string // a person's decision: who
	At        time.Time
	Park      *Reason           // unknown status and the like: kept, parked
	Bare      bool              `json:"-" col:"-"` // it says nothing of documents: without them it is no other result
	Said      connectors.Digest `json:"-" col:"-"` // of what no mapping could read; zero: of the fields here
}

// Event is one entry of a submission's history as its front office reads it.
type Event struct {
	Seq       int64 // position in the stream; gap-free is not promised, never skipped is
	ID        ID
	Office    string `col:"word"`
	Reference string
	Type      string `col:"-"` // accepted, delivered, decided, rejected, overdue
	Final     bool
	At        time.Time
	Data      map[string]any `col:"json"`
}

// Filter selects submissions for List.
type Filter struct {
	State     State
	Route     string
	Target    string // with Progress: deliveries to this target
	Progress  Progress
	Office    string
	Reference string
	Key       string // name of a key, which has this value
	Value     string
	Since     time.Time
	Until     time.Time
	After     ID
	Limit     int // 0: 100
}

// Entry is one line of List.
type Entry struct {
	ID        ID        `json:"id"`
	State     State     `json:"state"`
	Route     string    `json:"route" col:"word"`
	Office    string    `json:"office,omitempty" col:"word"`
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Changed   time.Time `json:"changed"`
	Code      string    `json:"code,omitempty"` // why it is parked or rejected
}

// Moment is one line of a submission's timeline.
type Moment struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"` // accepted, repeat, attempt, delivered, parked, decided, pushed, operator …
	Target string    `json:"target,omitempty"`
	Code   string    `json:"code,omitempty"`
	Text   string    `json:"text,omitempty"`
	By     string    `json:"by,omitempty"`
	Raw    string    `json:"-"`
}

// DeliveryView is one delivery as show prints it.
type DeliveryView struct {
	Target   string                      `json:"target" col:"-"`
	Progress Progress                    `json:"progress"`
	Batch    int64                       `json:"batch,omitempty"`
	Attempts int                         `json:"attempts"`
	At       time.Time                   `json:"at"` // last change
	Reason   *Reason                     `json:"reason,omitempty"`
	Returned map[string]connectors.Value `json:"-" col:"-"`
}

// View is everything about one submission, without what the citizen wrote.
type View struct {
	Entry
	Plan        string         `json:"mapping"` // name and version
	Digest      string         `json:"digest"`
	Attachments []File         `json:"attachments,omitempty"`
	Deliveries  []DeliveryView `json:"deliveries"`
	Keys        []Key          `json:"-"`
	Results     []Outcome      `json:"results,omitempty"`
	Reason      *Reason        `json:"reason,omitempty"` // why it is parked or rejected
	Errors      []FieldError   `json:"errors,omitempty"`
	Timeline    []Moment       `json:"timeline"`
}

// Summary is what status prints.
type Summary struct {
	States        map[State]int64 `json:"states"`
	Targets       []TargetSummary `json:"targets"`
	Routes        []RouteSummary  `json:"routes"`
	Orphans       int64           `json:"orphans"`
	ParkedResults int64           `json:"parkedResults"`
	ParkedLate    int64           `json:"parkedLate"` // submissions that are delivered or decided, of which something is parked
	Epoch         int64           `json:"epoch"`
	Purged        int64           `json:"purged"` // submissions of which a tombstone is left
}

// TargetSummary is one target's backlog.
type TargetSummary struct {
	Target  string    `json:"target"`
	Open    int64     `json:"open"`
	Parked  int64     `json:"parked"`
	Oldest  time.Time `json:"oldest"` // acceptance of the oldest open delivery; zero: none
	Paused  bool      `json:"paused"`
	LastSeq int64     `json:"lastSeq,omitempty"`
}

// RouteSummary is one route's submissions by state.
type RouteSummary struct {
	Route  string          `json:"route"`
	States map[State]int64 `json:"states"`
	Oldest time.Time       `json:"oldest"`
}
