package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// jsonPath is a dotted path into a JSON form; a step with each walks all entries of a list.
type jsonPath []step

type step struct {
	key  string
	each bool
}

// parsePath parses a path such as attachments[].file; the empty path has no steps.
func parsePath(p string) (jsonPath, error) {
	if p == "" {
		return nil, nil
	}
	var path jsonPath
	for part := range strings.SplitSeq(p, ".") {
		key, each := strings.CutSuffix(part, "[]")
		if key == "" || strings.ContainsAny(key, "[]") {
			return nil, fmt.Errorf("%q is not a path such as attachments[].file", p)
		}
		path = append(path, step{key, each})
	}
	return path, nil
}

var errNoJSON = errors.New("form is not JSON")

// texts returns the non-empty texts that the path leads to; other things are passed over.
func (p jsonPath) texts(form []byte) ([]string, error) {
	var v any
	if err := json.Unmarshal(bytes.TrimPrefix(form, []byte("\xef\xbb\xbf")), &v); err != nil {
		return nil, errNoJSON
	}
	var out []string
	p.walk(v, &out)
	return out, nil
}

func (p jsonPath) walk(v any, out *[]string) {
	if len(p) == 0 {
		if s, ok := v.(string); ok && s != "" {
			*out = append(*out, s)
		}
		return
	}
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	next := m[p[0].key]
	if !p[0].each {
		p[1:].walk(next, out)
		return
	}
	list, _ := next.([]any)
	for _, e := range list {
		p[1:].walk(e, out)
	}
}
