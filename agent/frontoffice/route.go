package frontoffice

import (
	"net/http"
	"net/url"
	"strings"
)

// route returns the operation's name for counting, and the methods a path knows; no name for a path that
// is not ours. It is strict: what http.ServeMux would tidy up and redirect, such as // and .., and what
// hides a slash in %2F, is not found.
func route(u *url.URL) (operation string, methods []string) {
	if u.RawPath != "" || !strings.HasPrefix(u.Path, "/v1/") {
		return "", nil
	}
	get, post, put := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead, http.MethodPut}
	s := strings.Split(u.Path[len("/v1/"):], "/")
	for _, e := range s {
		if e == "" || e == "." || e == ".." {
			return "", nil
		}
	}
	switch {
	case len(s) == 1 && s[0] == "openapi.json":
		return "openapi", get
	case len(s) == 1 && s[0] == "submissions":
		return "submit", post
	case len(s) == 1 && s[0] == "events":
		return "events", get
	case len(s) == 2 && s[0] == "submissions":
		return "status", get
	case len(s) == 2 && s[0] == "cursors":
		return "cursor", put
	case len(s) == 3 && s[0] == "submissions" && s[2] == "events":
		return "history", get
	case len(s) == 4 && s[0] == "submissions" && s[2] == "documents":
		return "document", get
	}
	return "", nil
}
