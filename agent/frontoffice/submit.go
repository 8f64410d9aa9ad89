package frontoffice

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/connectors"
)

// pollAfter is what Retry-After of an accepted form says: when it is worth asking for its status.
const pollAfter = "5"

type submitInput struct {
	Route          string `query:"route" maxLength:"200" doc:"which of the front office's routes the form is for; needed when there are several and the form does not tell" example:"building-permit"`
	IdempotencyKey string `header:"Idempotency-Key" doc:"makes repeats safe: a quoted string of 1 to 128 visible characters" example:"\"8e03978e-40d5-43dd-bc93-6894a57f9324\""`
}

type submitOutput struct {
	Location   string `header:"Location" doc:"where the submission's status is"`
	RetryAfter string `header:"Retry-After" doc:"seconds after which it is worth asking"`
	Replayed   string `header:"Idempotent-Replayed" doc:"true when the form was known from before"`
	Body       Accepted
}

// Accepted is the answer to a form.
type Accepted struct {
	ID        string `json:"id" doc:"the submission's ID, for life" example:"0A1B2C3D4E5F6"`
	State     string `json:"state" enum:"accepted,delivered,decided,closed,rejected,parked" doc:"where it stands now"`
	Reference string `json:"reference,omitempty" doc:"the sender's own reference, if the form has one" example:"BP-2026-00017"`
}

// submit is POST /v1/submissions.
func (a *API) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	q := callOf(ctx)
	key, p := idempotencyKey(q.r.Header.Values("Idempotency-Key"))
	if p != nil {
		return nil, p
	}
	end, ok := a.inflight.begin(q.office, key)
	if !ok {
		return nil, problem(http.StatusConflict, CodeInProgress, "a request with this Idempotency-Key is being worked on").Later(time.Second)
	}
	defer end()
	count, err := a.begin(ctx, q.account, q.r.ContentLength)
	if err != nil {
		return nil, a.submitProblem(err)
	}
	got, p := a.readBody(ctx, q, count)
	known := false
	defer func() { count.end(got.size, got.kept, known) }()
	defer got.release()
	if p != nil {
		return nil, p
	}
	q.patient(a.limits.Wait, a.clock) // the disk may be slow; the client's own patience ends it
	receipt, err := a.submitter.Submit(ctx, q.office, Incoming{Route: in.Route, ContentType: got.contentType,
		Form: got.form, Attachments: got.attachments, IdempotencyKey: key, Over: count.over})
	if err != nil {
		return nil, a.submitProblem(err)
	}
	known = receipt.Verdict == connectors.Repeat
	return answer(receipt)
}

// readBody reads form and attachments under all limits. Its release is never nil.
func (a *API) readBody(ctx context.Context, q *call, count *post) (got parts, p *Problem) {
	got.release = func() {}
	if encoded(q.r.Header.Get("Content-Encoding")) {
		return got, problem(http.StatusUnsupportedMediaType, CodeEncoding, "send the body as it is, without Content-Encoding")
	}
	header := q.r.Header.Get("Content-Type")
	t, ok := mediaType(header)
	if !ok {
		return got, unsupported("Content-Type must be that of a form")
	}
	what, limit := "a request", a.limits.Request
	if t != "multipart/form-data" {
		what, limit = "a form", a.limits.Form
	}
	if q.r.ContentLength > limit {
		return got, a.bodyProblem(&wire.TooLarge{What: what, Most: limit})
	}
	q.body.came = func(n, total int64) error { return a.came(count, n, total) }
	defer func() { got.size = q.body.n }()
	if t == "multipart/form-data" {
		_, params, _ := mime.ParseMediaType(header)
		got, p = a.readMultipart(ctx, q.account, q.body, params["boundary"], func() bool { return count.over == nil })
		if p != nil && q.body.ended != nil {
			p = a.bodyProblem(q.body.ended)
		}
	} else {
		b, release, err := a.readForm(q.account, q.body, q.r.ContentLength)
		if err != nil {
			return got, a.bodyProblem(err)
		}
		got = parts{contentType: header, form: b, release: release}
	}
	if p == nil && len(got.form) == 0 {
		p = problem(http.StatusBadRequest, CodeEmpty, "there is no form in the request")
	}
	return got, p
}

// answer turns a receipt into 202, or a conflict into the status that the draft names.
func answer(r Receipt) (*submitOutput, error) {
	switch {
	case r.Verdict == connectors.Conflict && r.On == "idempotency-key":
		return nil, problem(http.StatusUnprocessableEntity, CodeKeyReused, "the Idempotency-Key was used with another form; the attempt is recorded")
	case r.Verdict == connectors.Conflict && r.On == "route":
		return nil, problem(http.StatusConflict, CodeOtherRoute, "a form with this Idempotency-Key or reference was accepted on another of your routes; the attempt is recorded")
	case r.Verdict == connectors.Conflict:
		return nil, problem(http.StatusConflict, CodeReferenceUsed, "the form's reference was used with other bytes; the attempt is recorded")
	case r.Verdict != connectors.Taken && r.Verdict != connectors.Repeat:
		return nil, problem(http.StatusServiceUnavailable, CodeUnavailable, "nothing was accepted; repeat later").Later(5 * time.Second)
	}
	out := &submitOutput{Location: "/v1/submissions/" + r.ID.String(), RetryAfter: pollAfter,
		Body: Accepted{ID: r.ID.String(), State: string(r.State), Reference: r.Reference}}
	if r.Verdict == connectors.Repeat {
		out.Replayed = "true"
	}
	return out, nil
}

// submitProblem tells about an error of the agent: a refusal as it is, anything else as a reason to repeat.
func (a *API) submitProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return a.storeProblem(err)
}

// storeProblem is for what cannot be written now: the front office is to repeat.
func (a *API) storeProblem(err error) *Problem {
	var large *wire.TooLarge
	var broken brokenBody
	if errors.As(err, &large) || errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) { // the last by a reader of parts
		return a.bodyProblem(err)
	}
	a.report(err)
	return problem(http.StatusServiceUnavailable, CodeUnavailable,
		"it is not known whether the form was accepted; repeat it later with the same Idempotency-Key or reference").Later(10 * time.Second)
}

var _ huma.StatusError = (*Problem)(nil)

// keyLimit is how long an Idempotency-Key may be, in bytes.
const keyLimit = 128

// idempotencyKey reads the Idempotency-Key header, which is a quoted string by the IETF draft
// draft-ietf-httpapi-idempotency-key-header; one without quotes is taken too, as many clients send it.
// Both forms of a key are the same key. No header is the empty key.
func idempotencyKey(values []string) (string, *Problem) {
	bad := problem(http.StatusBadRequest, CodeKey, "Idempotency-Key must be one string of 1 to %d visible ASCII characters, with blanks only between them", keyLimit)
	if len(values) == 0 {
		return "", nil
	}
	key, ok := unquote(strings.Trim(values[0], " \t"))
	if !ok || key == "" || len(key) > keyLimit || strings.TrimSpace(key) != key {
		return "", bad
	}
	return key, nil
}

// unquote reads a string of RFC 9651, or a bare word.
func unquote(s string) (string, bool) {
	if !strings.HasPrefix(s, `"`) {
		for _, c := range []byte(s) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte(`",;\`, c) >= 0 {
				return "", false
			}
		}
		return s, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			rest := strings.TrimLeft(s[i+1:], " ")
			return b.String(), rest == "" || rest[0] == ';' // parameters are allowed and mean nothing
		case c == '\\':
			i++
			if i >= len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", false
			}
			b.WriteByte(s[i])
		case c < ' ' || c >= 0x7f:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// inflight knows which keys are being worked on, so that a second request with one is told to wait
// instead of racing the first.
type inflight struct {
	mu   sync.Mutex
	keys map[[2]string]struct{}
}

// begin reserves a key of an office; end gives it back. ok is false while another request has it.
func (f *inflight) begin(office, key string) (end func(), ok bool) {
	if key == "" {
		return func() {}, true
	}
	k := [2]string{office, key}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.keys[k]; taken {
		return nil, false
	}
	if f.keys == nil {
		f.keys = map[[2]string]struct{}{}
	}
	f.keys[k] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, k)
	}, true
}
