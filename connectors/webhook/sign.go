package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// secretPrefix marks a symmetric secret of Standard Webhooks.
const secretPrefix = "whsec_"

var errSecret = errors.New("a webhook secret is whsec_ and the base64 of 24 to 64 random bytes")

// NewSecret returns a fresh secret of 32 random bytes, as the front office and the agent both keep it.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: the runtime ends the process instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// parseSecret returns the key in a secret.
func parseSecret(s string) ([]byte, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), secretPrefix)
	if !ok {
		return nil, errSecret
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil || len(b) < 24 || len(b) > 64 {
		return nil, errSecret
	}
	return b, nil
}

// Sign returns the webhook-signature header: one signature a key, over id, seconds since 1970 and body.
func Sign(keys [][]byte, id string, at int64, body []byte) string {
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(' ')
		}
		m := hmac.New(sha256.New, k)
		m.Write([]byte(id + "." + strconv.FormatInt(at, 10) + "."))
		m.Write(body)
		b.WriteString("v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
	return b.String()
}

// message is the thin payload.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      struct {
		ID        string `json:"id"`
		Reference string `json:"reference,omitempty"`
		State     string `json:"state,omitempty"`
		Seq       int64  `json:"seq"`
	} `json:"data"`
}

// payload returns the body for an event: what happened to which submission, nothing of its content.
func payload(e connectors.Event) ([]byte, error) {
	var m message
	m.Type = "submission." + e.Type
	m.Timestamp = e.At.UTC().Format(time.RFC3339Nano)
	m.Data.ID, m.Data.Reference, m.Data.Seq = e.Submission, e.Reference, e.Seq
	m.Data.State, _ = e.Data["state"].(string)
	return json.Marshal(m)
}

// validID reports whether id can stand in the signed text: a full stop in it would make two texts alike.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
