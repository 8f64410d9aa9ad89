package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// receiver takes webhooks as Standard Webhooks describes them: it verifies signature and age, and drops
// repeats by their ID.
type receiver struct {
	*screen
	key []byte

	mu      sync.Mutex
	lost    bool              // the answer to the first one has been lost
	seen    map[string]string // type by webhook-id
	repeats int
	wrong   []string // what was wrong with those that were refused
}

const tolerance = 5 * time.Minute

func newReceiver(s *screen, secret string) (*receiver, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	return &receiver{screen: s, key: key, seen: map[string]string{}}, err
}

// ServeHTTP takes one webhook. The very first one is processed, but the answer says that it failed, as
// when a connection is cut: the agent repeats it, and the repeat is known by its ID.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 64<<10))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = r.verify(req.Header, body, time.Now())
	}
	var m struct {
		Type string `json:"type"`
		Data struct {
			ID        string `json:"id"`
			Reference string `json:"reference"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		r.wrong = append(r.wrong, err.Error())
		http.Error(w, "refused", http.StatusBadRequest)
		return
	}
	id := req.Header.Get("webhook-id")
	if _, known := r.seen[id]; known {
		r.repeats++
		r.say("webhook", "%s %s came again with ID %s: dropped", m.Type, m.Data.Reference, id)
		return
	}
	r.seen[id] = m.Type
	if !r.lost {
		r.lost = true
		r.say("webhook", "%s %s, signature right; the answer gets lost, so the agent will repeat it", m.Type, m.Data.Reference)
		http.Error(w, "the answer got lost", http.StatusInternalServerError)
	}
}

// verify checks the signature over ID, time and body, and that the time is now.
func (r *receiver) verify(h http.Header, body []byte, now time.Time) error {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return fmt.Errorf("webhook %s is too old or has no time", id)
	}
	m := hmac.New(sha256.New, r.key)
	fmt.Fprintf(m, "%s.%s.%s", id, at, body)
	want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	for _, got := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return fmt.Errorf("webhook %s has no right signature", id)
}

// snapshot returns the types of all webhooks by ID, how many repeats were dropped, and what was wrong.
func (r *receiver) snapshot() (seen map[string]string, repeats int, wrong []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen = map[string]string{}
	for k, v := range r.seen {
		seen[k] = v
	}
	return seen, r.repeats, append([]string(nil), r.wrong...)
}
