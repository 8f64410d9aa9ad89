package frontoffice

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/inbasket/inbasket/agent/journal"
)

// Problem is every error answer, as RFC 9457 has it. It never holds what a form or request said, but the name of a parameter that is not known.
type Problem struct {
	Type   string       `json:"type" doc:"urn:inbasket:problem: and the code" example:"urn:inbasket:problem:submit.reference-used"`
	Title  string       `json:"title" doc:"the status in words" example:"Conflict"`
	Status int          `json:"status" doc:"the HTTP status" example:"409"`
	Detail string       `json:"detail,omitempty" doc:"what happened and what to do"`
	Code   string       `json:"code" doc:"stable, for programs" example:"submit.reference-used"`
	Errors []FieldError `json:"errors,omitempty" nullable:"false" doc:"everything that is wrong, each at its place"`

	header http.Header
}

// FieldError is one thing that is wrong in the body or in a parameter.
type FieldError struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON Pointer into the form or body" example:"/applicant/familyName"`
	Parameter string `json:"parameter,omitempty" doc:"name of a query, path or header parameter" example:"limit"`
	Code      string `json:"code" doc:"stable, for programs" example:"required"`
	Message   string `json:"message" doc:"for people; never holds what was sent"`
}

func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "urn:inbasket:problem:" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// internal is for what is nobody's fault but the agent's.
func internal() *Problem {
	return problem(http.StatusInternalServerError, CodeInternal, "the agent failed; repeat the request later")
}

// Error returns code and detail.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns further headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType names the media type of a problem.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// with sets a header of the answer.
func (p *Problem) with(key, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(key, value)
	return p
}

// Later sets Retry-After, in whole seconds, at least one.
func (p *Problem) Later(d time.Duration) *Problem {
	return p.with("Retry-After", strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10))
}

// write sends the problem outside of huma.
func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// Refuse makes a problem that a Submitter tells a front office; nothing in it is of the form.
func Refuse(status int, code, detail string, errs ...journal.FieldError) *Problem {
	p := problem(status, code, "%s", detail)
	p.Errors = fieldErrors(errs)
	return p
}

// RouteNeeded refuses a submission whose route is missing, unknown or not the front office's; routes
// are those that it may use.
func RouteNeeded(routes []string) *Problem {
	if len(routes) == 0 {
		return problem(http.StatusBadRequest, CodeRoute, "no route takes forms from you; the agency must add one")
	}
	return problem(http.StatusBadRequest, CodeRoute, "say with the query parameter route where the form belongs; yours are: %s", strings.Join(routes, ", "))
}

// Malformed refuses a form that cannot be read at all.
func Malformed(errs ...journal.FieldError) *Problem {
	return Refuse(http.StatusBadRequest, CodeForm, "the form cannot be read", errs...)
}

// Unavailable refuses everything for now, such as when the disk is full.
func Unavailable(after time.Duration) *Problem {
	return Later(CodeUnavailable, "nothing can be accepted now", after)
}

// Later refuses what the agency must mend first.
func Later(code, detail string, after time.Duration) *Problem {
	return notNow(http.StatusServiceUnavailable, code, detail, after)
}

// notNow refuses what may be accepted later.
func notNow(status int, code, detail string, after time.Duration) *Problem {
	return problem(status, code, "%s; repeat later with the same Idempotency-Key or reference", detail).Later(after)
}

func fieldErrors(errs []journal.FieldError) []FieldError {
	var out []FieldError
	for _, e := range errs {
		out = append(out, FieldError{Pointer: e.Pointer, Code: e.Code, Message: e.Message})
	}
	return out
}

// transform is huma's last step before an answer is written: its own errors become problems.
func transform(_ huma.Context, _ string, v any) (any, error) {
	var m *huma.ErrorModel
	if err, ok := v.(error); !ok || !errors.As(err, &m) {
		return v, nil
	}
	code, detail := CodeInvalid, "the request does not fit the API description at /v1/openapi.json"
	if m.Status >= http.StatusInternalServerError {
		code, detail = CodeInternal, "the agent failed; repeat the request later"
	}
	p := problem(m.Status, code, "%s", detail)
	for _, d := range m.Errors {
		p.Errors = append(p.Errors, detailOf(d))
	}
	return p, nil
}

// detailOf keeps the place of a huma error, and its words where they cannot repeat what was sent.
func detailOf(d *huma.ErrorDetail) FieldError {
	f := FieldError{Code: "invalid", Message: "does not fit the API description"}
	if strings.HasPrefix(d.Message, "expected ") || strings.HasPrefix(d.Message, "required ") {
		f.Message = d.Message // speaks of the description; others may quote what was sent
	}
	where, name, _ := strings.Cut(d.Location, ".")
	switch where {
	case "body":
		if name != "" {
			f.Pointer = "/" + strings.ReplaceAll(name, ".", "/")
		}
	case "query", "path", "header":
		f.Parameter = name
	}
	return f
}
