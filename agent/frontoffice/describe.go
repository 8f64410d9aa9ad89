package frontoffice

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// description returns the head of the OpenAPI description.
func description(version string) *huma.OpenAPI {
	if version == "" {
		version = "dev"
	}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Inbasket front office API", Version: version,
			License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			Description: "Submit forms, follow what becomes of them, fetch decisions and their documents. Errors are application/problem+json with a stable code."},
		Servers: []*huma.Server{{URL: "/", Description: "The agent that this description came from"}},
		Components: &huma.Components{
			SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer",
				Description: "Made by the agency with \"inbasket token new OFFICE\"; two are valid at a time, so that one can be replaced."}},
		},
		Security: []map[string][]string{{"token": {}}},
	}
}

// operation returns an operation with all its error answers described as problems.
func operation(problems *huma.Schema, id, method, path, summary string, status int, errs []int) huma.Operation {
	o := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
		MaxBodyBytes: 4 << 10, Responses: map[string]*huma.Response{}}
	for _, s := range append(errs, http.StatusUnauthorized, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		o.Responses[strconv.Itoa(s)] = &huma.Response{Description: http.StatusText(s),
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problems}}}
	}
	if id == "status" {
		o.Responses["304"] = &huma.Response{Description: "Nothing changed since the given ETag"}
	}
	return o
}

// formBody describes what a form may look like on the wire.
func formBody() *huma.RequestBody {
	object := &huma.Schema{Type: "object", AdditionalProperties: true}
	text := &huma.Schema{Type: "string"}
	file := &huma.Schema{Type: "string", Format: "binary"}
	return &huma.RequestBody{
		Required:    true,
		Description: "The form as the mapping of its route reads it. With attachments: multipart/form-data with the form in the part named form, and every other part a file.",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: object, Example: map[string]any{
				"meta": map[string]any{"reference": "BP-2026-00017"}, "applicant": map[string]any{"familyName": "Müller"}}},
			"application/xml":                   {Schema: text, Example: "<form><reference>DL-2026-4</reference></form>"},
			"application/x-www-form-urlencoded": {Schema: object},
			"text/csv":                          {Schema: text},
			"multipart/form-data": {
				Schema:   &huma.Schema{Type: "object", Required: []string{"form"}, Properties: map[string]*huma.Schema{"form": text, "plan.pdf": file}},
				Encoding: map[string]*huma.Encoding{"form": {ContentType: "application/json"}},
			},
		},
	}
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func asError[T error](err error, into *T) bool { return errors.As(err, into) }
