// Package frontoffice is the agent's HTTP API: front offices submit forms, ask for their state, follow
// events, fetch documents and acknowledge. A second, separate listener serves health and metrics.
// The OpenAPI description is generated from the types here. Nothing that a citizen wrote appears in an
// error answer.
package frontoffice

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Options are what an API needs. Submitter, Journal, Content, Clock and Epoch are required.
type Options struct {
	Submitter       Submitter
	Journal         Journal
	Content         Content
	Clock           connectors.Clock
	Epoch           func() int64 // of the journal
	Limits          Limits       // zero: DefaultLimits
	Version         string       // of the agent, for the description
	Notify          func(connectors.Notice)
	Count           func(operation string, status int) // of each answer; for metrics
	Proxies         httpserver.Proxies                 // whose X-Forwarded-For is believed
	Space           func(bytes int64) bool             // whether the disk can take a form of that size and keep its reserve; nil: always
	Unauthenticated Unauthenticated
	OverQuota       func(office, what string) // of each answer that a quota refused; for metrics
}

// Unauthenticated is told of who has no token; nil functions are not called.
type Unauthenticated struct {
	Token func()                      // a wrong token came; for metrics
	Tell  func(address string, n int) // so many came from an address since it was told last; once a minute
}

// API answers front offices.
type API struct {
	submitter Submitter
	journal   Journal
	content   Content
	clock     connectors.Clock
	epoch     func() int64
	limits    Limits
	notify    func(connectors.Notice)
	answered  func(string, int)
	proxies   httpserver.Proxies
	room      func(int64) bool
	over      func(office, what string)

	strangers  wire.Unauthenticated
	wrongToken func()

	offices  atomic.Pointer[offices]
	posts    places
	reads    places
	polls    slots
	memory   memory
	inflight inflight
	stopping chan struct{}
	stop     sync.Once
	handler  http.Handler
}

// New returns an API that knows no front office yet.
func New(o Options) *API {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	a := &API{submitter: o.Submitter, journal: o.Journal, content: o.Content, clock: o.Clock, epoch: o.Epoch,
		limits: o.Limits, notify: o.Notify, answered: o.Count, proxies: o.Proxies, room: o.Space, over: o.OverQuota,
		strangers: wire.Unauthenticated{Tell: o.Unauthenticated.Tell}, wrongToken: o.Unauthenticated.Token, stopping: make(chan struct{})}
	if a.notify == nil {
		a.notify = func(connectors.Notice) {}
	}
	if a.answered == nil {
		a.answered = func(string, int) {}
	}
	if a.over == nil {
		a.over = func(string, string) {}
	}
	if a.wrongToken == nil {
		a.wrongToken = func() {}
	}
	a.offices.Store(&offices{})
	a.posts = places{slots: slots{max: int64(o.Limits.Requests)}, of: func(x *account) *atomic.Int64 { return &x.writing }}
	a.reads = places{slots: slots{max: int64(o.Limits.Requests)}, of: func(x *account) *atomic.Int64 { return &x.reading }}
	a.polls.max = int64(o.Limits.Polls)
	a.memory.limit = o.Limits.Memory
	mux := http.NewServeMux()
	a.register(mux, o.Version)
	a.handler = a.middleware(mux)
	return a
}

// Handler returns the API as one handler.
func (a *API) Handler() http.Handler { return a.handler }

// SetOffices replaces all front offices and their tokens at once; on an error the old ones stay.
func (a *API) SetOffices(list []Office) error {
	o, err := newOffices(list, a.offices.Load())
	if err != nil {
		return err
	}
	a.offices.Store(o)
	return nil
}

// Sweep tells of wrong tokens that were not told yet, and forgets old ones. It is called every few seconds.
func (a *API) Sweep() { a.strangers.Sweep(a.clock.Now()) }

// Stop ends all long polls, so that a server can shut down; new requests are refused.
func (a *API) Stop() { a.stop.Do(func() { close(a.stopping) }) }

// report tells the operator of an error that the front office only sees as a code.
func (a *API) report(err error) {
	n := connectors.Notice{Code: CodeInternal, Text: "the HTTP API could not answer"}
	var e *connectors.Error
	if asError(err, &e) {
		n = connectors.Notice{Code: e.Code, Text: e.Safe()}
	}
	a.notify(n)
}

// register adds all operations and returns their description.
func (a *API) register(mux *http.ServeMux, version string) *huma.OpenAPI {
	c := huma.Config{
		OpenAPI:       description(version),
		OpenAPIPath:   "/v1/openapi",
		DefaultFormat: "application/json",
		Formats:       map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		Transformers:  []huma.Transformer{transform},
	}
	api := humago.New(mux, c)
	problems := api.OpenAPI().Components.Schemas.Schema(typeOf[Problem](), true, "Problem")
	op := func(id, method, path, summary string, status int, others ...int) huma.Operation {
		return operation(problems, id, method, path, summary, status, others)
	}
	post := op("submit", http.MethodPost, "/v1/submissions", "Submit a form", http.StatusAccepted, 408, 409, 413, 415, 422)
	huma.Register(api, post, a.submit)
	// Described only afterwards: otherwise huma would read the body itself, into memory.
	api.OpenAPI().Paths[post.Path].Post.RequestBody = formBody()
	huma.Register(api, op("status", http.MethodGet, "/v1/submissions/{id}", "Ask where a form stands", http.StatusOK, 304, 404, 410, 422), a.status)
	huma.Register(api, op("history", http.MethodGet, "/v1/submissions/{id}/events", "Read the events of a form", http.StatusOK, 404, 410, 422), a.history)
	doc := op("document", http.MethodGet, "/v1/submissions/{id}/documents/{n}", "Fetch a document of a decision", http.StatusOK, 206, 304, 404, 410, 412, 416, 422)
	file := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	doc.Responses["200"] = &huma.Response{Description: "The document; Repr-Digest has its SHA-256, Range is honoured.", Content: map[string]*huma.MediaType{"application/octet-stream": file}}
	doc.Responses["206"].Content = map[string]*huma.MediaType{"application/octet-stream": file, "multipart/byteranges": file}
	huma.Register(api, doc, a.document)
	huma.Register(api, op("events", http.MethodGet, "/v1/events", "Follow all events", http.StatusOK, 410, 422), a.events)
	huma.Register(api, op("ack", http.MethodPut, "/v1/cursors/{name}", "Acknowledge events", http.StatusOK, 408, 410, 413, 415, 422), a.ack)
	huma.Register(api, op("cursor", http.MethodGet, "/v1/cursors/{name}", "Ask what is acknowledged", http.StatusOK, 422), a.cursor)
	delete(api.OpenAPI().Components.Schemas.Map(), "ErrorModel") // ours is Problem
	delete(api.OpenAPI().Components.Schemas.Map(), "ErrorDetail")
	return api.OpenAPI()
}

// OpenAPI returns the description in JSON, for tools that want it without a running agent.
func OpenAPI(version string) ([]byte, error) {
	return json.Marshal(New(Options{}).register(http.NewServeMux(), version))
}

func jsonFormat() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			return e.Encode(v)
		},
		Unmarshal: func(b []byte, v any) error {
			if _, err := decode.JSON(b, decode.Limits{}); err != nil { // a name that stands twice has two meanings
				return err
			}
			return json.Unmarshal(b, v)
		},
	}
}
