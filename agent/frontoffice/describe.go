package frontoffice

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/inbasket/inbasket/mapping/decode"
)

// description returns the head of the OpenAPI description.
func description(version string) *huma.OpenAPI {
	if version == "" {
		version = "dev"
	}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Inbasket front office API", Version: version,
			Contact:     &huma.Contact{Name: "Inbasket", URL: "https://github.com/inbasket/inbasket"},
			License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			Description: "Submit forms, follow what becomes of them, fetch decisions and their documents. Errors are application/problem+json with a stable code. HEAD is known wherever GET is; JSON answers of 1 KiB and more are compressed where Accept-Encoding has gzip."},
		Tags:    []*huma.Tag{{Name: tagSubmissions, Description: "Forms: sent, asked for, decided"}, {Name: tagEvents, Description: "What happened to all forms, in order"}},
		Servers: []*huma.Server{{URL: "/", Description: "The agent that this description came from"}},
		Components: &huma.Components{
			SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer",
				Description: "Made by the agency with \"inbasket token new OFFICE\"; two are valid at a time, so that one can be replaced."}},
		},
		Security: []map[string][]string{{"token": {}}},
	}
}

// The parts of the API, as tools show them.
const (
	tagSubmissions = "submissions"
	tagEvents      = "events"
)

// operation returns an operation with everything that it answers besides its usual status: errors as problems, and what has no body
// or one of its own. A test compares that with what is really answered.
func operation(problems *huma.Schema, id, method, path, summary string, status int, others []int) huma.Operation {
	tag := tagSubmissions
	if !strings.HasPrefix(path, "/v1/submissions") {
		tag = tagEvents
	}
	o := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: descriptions()[id], Tags: []string{tag}, DefaultStatus: status,
		MaxBodyBytes: 2 * smallBody, Responses: map[string]*huma.Response{}}
	for _, s := range append(others, http.StatusBadRequest, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		r := &huma.Response{Description: http.StatusText(s)}
		if s >= http.StatusBadRequest {
			r.Content = map[string]*huma.MediaType{"application/problem+json": {Schema: problems}}
		}
		o.Responses[strconv.Itoa(s)] = r
	}
	return o
}

// descriptions say of each operation what its summary cannot.
func descriptions() map[string]string {
	return map[string]string{
		"submit":   "The answer comes after the form is durably accepted. Whether the form is right is told later, by state and events.",
		"status":   "With If-None-Match the answer is 304 while nothing changed; with Prefer: wait=N it waits up to N seconds for a change.",
		"history":  "All events of one form, in order, with those that were read before.",
		"document": "Documents are numbered from 1, as the form's status lists them. Range is honoured; Repr-Digest has the SHA-256 of the whole.",
		"events":   "Reading consumes nothing: ask again with next of the last page as after. A cursor never skips an event.",
		"ack":      "Everything up to the cursor has been dealt with. A cursor never moves back; forms whose last word it has passed are closed.",
		"cursor":   "A cursor that was never set stands at the start.",
	}
}

// formBody describes what a form may look like on the wire.
func formBody() *huma.RequestBody {
	object := &huma.Schema{Type: "object", AdditionalProperties: true}
	text := &huma.Schema{Type: "string"}
	file := &huma.Schema{Type: "string", Format: "binary"}
	content := map[string]*huma.MediaType{
		"multipart/form-data": {
			Schema:   &huma.Schema{Type: "object", Required: []string{"form"}, Properties: map[string]*huma.Schema{"form": text, "plan.pdf": file}},
			Encoding: map[string]*huma.Encoding{"form": {ContentType: "application/json"}},
		},
	}
	for _, f := range decode.Formats() {
		if len(f.Media) == 0 {
			continue
		}
		content[f.Media[0]] = &huma.MediaType{Schema: object, Example: f.Sample}
		if f.Text {
			content[f.Media[0]].Schema = text
		}
	}
	return &huma.RequestBody{
		Required:    true,
		Description: "The form as the mapping of its route reads it. With attachments: multipart/form-data with the form in the part named form, and every other part a file. Without a part named form, the parts that are no files are the fields of a urlencoded form.",
		Content:     content,
	}
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func asError[T error](err error, into *T) bool { return errors.As(err, into) }
