package frontoffice

import (
	"net/http"
	"strings"
	"sync"
)

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
