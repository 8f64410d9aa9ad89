package frontoffice

import (
	"net/http"
	"net/url"
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
func ambiguous(r *http.Request) *Problem {
	if name := twice(r.Header); name != "" {
		return problem(http.StatusBadRequest, CodeInvalid, "the header %s is there more than once", name)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	broken := err != nil
	for name, values := range query {
		if len(values) > 1 {
			return problem(http.StatusBadRequest, CodeInvalid, "a parameter of the query is there more than once")
		}
		broken = broken || !utf8.ValidString(name) || !utf8.ValidString(values[0])
	}
	if broken {
		return problem(http.StatusBadRequest, CodeInvalid, "the query of the address cannot be read: & stands between parameters, %% before two hexadecimal digits, and what they spell is UTF-8")
	}
	return nil
}
