package frontoffice

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// singles are the headers that are no lists (RFC 9110, 5.3), of a request and of a part of it, as far as they mean something here.
// Those that say how long a request is are httpserver's.
var singles = []string{"Authorization", "Content-Disposition", "Content-Encoding", "Content-Transfer-Encoding", "Content-Type", "Idempotency-Key",
	"If-Modified-Since", "If-Range", "If-Unmodified-Since", "Range"}

// twice returns the header that says again what can be said once; empty: none does.
func twice(headers map[string][]string) string {
	for _, name := range singles {
		if len(headers[name]) > 1 {
			return name
		}
	}
	return ""
}

// ambiguous refuses a request that two programs could read in two ways, or of which a part would be passed over.
func ambiguous(r *http.Request, operation string) *Problem {
	if name := twice(r.Header); name != "" {
		return problem(http.StatusBadRequest, CodeInvalid, "the header %s is there more than once", name)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	broken := err != nil
	unknown := false
	for name, values := range query {
		unknown = unknown || !slices.Contains(parameters(operation), name)
		if len(values) > 1 {
			return problem(http.StatusBadRequest, CodeInvalid, "a parameter of the query is there more than once")
		}
		broken = broken || !utf8.ValidString(name) || !utf8.ValidString(values[0])
	}
	if broken {
		return problem(http.StatusBadRequest, CodeInvalid, "the query of the address cannot be read: & stands between parameters, %% before two hexadecimal digits, and what they spell is UTF-8")
	}
	if unknown {
		return unknownParameters(query, parameters(operation))
	}
	return nil
}

// parameters are those of the query that an operation knows.
func parameters(operation string) []string {
	switch operation {
	case "submit":
		return []string{"route"}
	case "events":
		return []string{"after", "limit"}
	}
	return nil
}

// unknownParameters refuses parameters that would be passed over. A name that looks like one is told; any other may be content.
func unknownParameters(query url.Values, known []string) *Problem {
	knows := "none"
	if len(known) > 0 {
		knows = strings.Join(known, " and ")
	}
	p := problem(http.StatusBadRequest, CodeInvalid, "the query has a parameter that is not known here; this operation knows %s", knows)
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if slices.Contains(known, name) {
			continue
		}
		if !parameterName.MatchString(name) {
			name = ""
		}
		if p.Errors = append(p.Errors, FieldError{Parameter: name, Code: "unknown", Message: "no such parameter"}); len(p.Errors) == 10 {
			break
		}
	}
	return p
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,39}$`)
