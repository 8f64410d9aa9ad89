package frontoffice

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/inbasket/inbasket/agent/journal"
)

// Submission is where a form stands.
type Submission struct {
	ID        string       `json:"id" doc:"the submission's ID" example:"0A1B2C3D4E5F6"`
	Reference string       `json:"reference,omitempty" doc:"the sender's own reference"`
	Route     string       `json:"route,omitempty" doc:"where the form belongs"`
	State     string       `json:"state" enum:"accepted,delivered,decided,closed,rejected,parked" doc:"accepted: we have it; delivered: the legacy system has it; decided: the office has ruled; closed: you know the last word; rejected: the form is wrong, see errors; parked: a person at the agency looks into it"`
	Received  time.Time    `json:"received" doc:"when it was accepted"`
	Changed   time.Time    `json:"changed" doc:"when it last moved"`
	Decision  *Decision    `json:"decision,omitempty" doc:"the decision that was told last"`
	Errors    []FieldError `json:"errors,omitempty" nullable:"false" doc:"of a rejected form: everything that is wrong"`
	Documents []Document   `json:"documents,omitempty" nullable:"false" doc:"documents of all decisions; revision says of which"`
}

// Decision is what the office has ruled.
type Decision struct {
	Outcome    string    `json:"outcome" doc:"as the mapping names it" example:"approved"`
	CaseNumber string    `json:"caseNumber,omitempty" doc:"of the legacy system"`
	Reason     string    `json:"reason,omitempty" doc:"in the office's words"`
	At         time.Time `json:"at" doc:"when the agent learned of it"`
	Revision   int       `json:"revision" doc:"its number among the decisions on this form, from 1"`
}

// Document is one document of a decision.
type Document struct {
	N           int    `json:"n" doc:"its number, from 1"`
	Name        string `json:"name" example:"permit.pdf"`
	ContentType string `json:"contentType,omitempty" example:"application/pdf"`
	Size        int64  `json:"size" doc:"bytes"`
	Digest      string `json:"digest" doc:"sha-256 in base64, as in Repr-Digest"`
	Location    string `json:"location" doc:"where it can be fetched"`
	Revision    int    `json:"revision" doc:"number of the decision that it belongs to"`
}

type statusInput struct {
	ID          string `path:"id" maxLength:"40" doc:"the submission's ID"`
	IfNoneMatch string `header:"If-None-Match" doc:"the ETag of the last answer"`
	Prefer      string `header:"Prefer" doc:"wait=N waits up to N seconds for a change" example:"wait=30"`
}

type statusOutput struct {
	ETag    string `header:"ETag"`
	Applied string `header:"Preference-Applied"`
	Body    Submission
}

// status is GET /v1/submissions/{id}.
func (a *API) status(ctx context.Context, in *statusInput) (*statusOutput, error) {
	q := callOf(ctx)
	id, p := parseID(in.ID)
	if p != nil {
		return nil, p
	}
	var out statusOutput
	known := q.r.Header.Values("If-None-Match")
	first := ""
	applied, err := a.poll(ctx, q, id, func() (bool, error) {
		s, err := a.describe(ctx, q.office, id)
		if err != nil {
			return false, err
		}
		out.Body, out.ETag = s, etag(s)
		if len(known) > 0 {
			return !matches(known, out.ETag), nil
		}
		changed := first != "" && first != out.ETag
		first = out.ETag
		return changed, nil
	})
	if err != nil {
		return nil, a.readProblem(err)
	}
	if applied != "" {
		out.Applied = applied
	}
	if matches(known, out.ETag) {
		h := http.Header{"Etag": {out.ETag}}
		if applied != "" {
			h.Set("Preference-Applied", applied)
		}
		return nil, huma.ErrorWithHeaders(huma.Status304NotModified(), h)
	}
	return &out, nil
}

// own returns a submission if it belongs to the office; another's is as unknown as none.
func (a *API) own(ctx context.Context, office string, id journal.ID) (journal.View, error) {
	v, err := a.journal.Standing(ctx, id)
	if err != nil {
		return v, err
	}
	if v.Office != office {
		return journal.View{}, journal.ErrNotFound
	}
	if v.State == journal.Purged {
		return journal.View{}, problem(http.StatusGone, CodePurged, "the form ended as %s and was purged on %s: nothing of it is kept here, but that it is known", v.Code, v.Changed.UTC().Format(time.DateOnly))
	}
	return v, nil
}

func (a *API) describe(ctx context.Context, office string, id journal.ID) (Submission, error) {
	v, err := a.own(ctx, office, id)
	if err != nil {
		return Submission{}, err
	}
	s := Submission{ID: id.String(), Reference: v.Reference, Route: v.Route, State: string(v.State),
		Received: v.At.UTC(), Changed: v.Changed.UTC(), Errors: fieldErrors(v.Errors)}
	for i, r := range v.Results { // as they were told, whatever time they are of
		s.Decision = &Decision{Outcome: r.Outcome, CaseNumber: r.CaseNo, Reason: r.Reason, At: r.At.UTC(), Revision: i + 1}
		for _, f := range r.Documents {
			n := len(s.Documents) + 1
			s.Documents = append(s.Documents, Document{N: n, Name: f.Name, ContentType: f.ContentType, Size: f.Size,
				Digest: base64.StdEncoding.EncodeToString(f.Digest[:]), Location: documentPath(id, n), Revision: i + 1})
		}
	}
	return s, nil
}

// etag is a digest of the answer, so that it changes exactly when the answer does.
func etag(v any) string {
	b, _ := json.Marshal(v)
	h := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(h[:16]) + `"`
}

// matches reports whether an If-None-Match header names the tag, compared weakly.
func matches(headers []string, tag string) bool {
	for _, h := range headers {
		for _, t := range strings.Split(h, ",") {
			t = strings.TrimSpace(t)
			if t == "*" || strings.TrimPrefix(t, "W/") == tag {
				return true
			}
		}
	}
	return false
}

func parseID(s string) (journal.ID, *Problem) {
	id, err := journal.ParseID(s)
	if err != nil {
		return 0, notFound()
	}
	return id, nil
}

func notFound() *Problem { return problem(http.StatusNotFound, CodeNotFound, "there is nothing here") }

// readProblem tells about an error of reading the journal.
func (a *API) readProblem(err error) error {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, journal.ErrNotFound):
		return notFound()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, CodeStopping, "the request ended early").Later(time.Second)
	}
	a.report(err)
	return internal()
}
