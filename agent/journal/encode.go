package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// verdict is why a submission is parked or rejected, as its row keeps it. Raw is apart, because the
// JSON of a Reason leaves it out.
type verdict struct {
	Reason *Reason      `json:"reason,omitempty"`
	Raw    string       `json:"raw,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
}

func encodeReason(r *Reason) engine.Optional {
	if r == nil {
		return ""
	}
	return encodeVerdict(verdict{Reason: r})
}

func encodeVerdict(v verdict) engine.Optional {
	if v.Reason != nil {
		v.Raw = v.Reason.Raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "" // impossible: texts only
	}
	return engine.Optional(b)
}

func decodeVerdict(s string) (v verdict) {
	if s != "" {
		_ = json.Unmarshal([]byte(s), &v) // our own text; a reason that cannot be read is better than no row
	}
	if v.Reason != nil {
		v.Reason.Raw = v.Raw
	}
	return v
}

// returned is a connectors.Value in the journal.
type returned struct {
	Kind connectors.Kind `json:"k"`
	Str  string          `json:"s,omitempty"`
	Int  int64           `json:"i,omitempty"`
	Blob []byte          `json:"b,omitempty"`
}

const maxReturned = 64 << 10 // bytes of a binary value that a target returns

func encodeReturned(m map[string]connectors.Value) (engine.Optional, error) {
	if len(m) == 0 {
		return "", nil
	}
	out := make(map[string]returned, len(m))
	for name, v := range m {
		r := returned{Kind: v.Kind, Str: v.Str, Int: v.Int}
		if v.Blob != nil && v.Blob.Open != nil {
			b, err := readBlob(v.Blob)
			if err != nil {
				return "", fmt.Errorf("returned value %s: %w", name, err)
			}
			r.Blob = b
		}
		out[name] = r
	}
	b, err := json.Marshal(out)
	return engine.Optional(b), err
}

func readBlob(b *connectors.Blob) ([]byte, error) {
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(r, maxReturned+1))
	if e := r.Close(); err == nil {
		err = e
	}
	if err == nil && n > maxReturned {
		err = fmt.Errorf("larger than %d bytes", maxReturned)
	}
	return buf.Bytes(), err
}

func decodeReturned(s string, into map[string]connectors.Value) (map[string]connectors.Value, error) {
	if s == "" {
		return into, nil
	}
	var m map[string]returned
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		return into, fmt.Errorf("returned values: %w", err)
	}
	if into == nil {
		into = make(map[string]connectors.Value, len(m))
	}
	for name, r := range m {
		v := connectors.Value{Kind: r.Kind, Str: r.Str, Int: r.Int}
		if r.Kind == connectors.Binary {
			blob := connectors.BytesBlob(r.Blob)
			v.Blob = &blob
		}
		into[name] = v
	}
	return into, nil
}

// encodeFiles keeps nothing for no files.
func encodeFiles(files []File) (engine.Optional, error) {
	if len(files) == 0 {
		return "", nil
	}
	b, err := json.Marshal(files)
	return engine.Optional(b), err
}

// encodeIDs keeps the members of a batch as differences: a few bytes each.
func encodeIDs(ids []ID) []byte {
	b := make([]byte, 0, 5*len(ids))
	var last ID
	for _, id := range ids {
		b = binary.AppendVarint(b, int64(id-last))
		last = id
	}
	return b
}

func decodeIDs(b []byte) (ids []ID, err error) {
	var last ID
	for len(b) > 0 {
		d, n := binary.Varint(b)
		if n <= 0 {
			return nil, fmt.Errorf("members of a batch: %w", io.ErrUnexpectedEOF)
		}
		last += ID(d)
		ids, b = append(ids, last), b[n:]
	}
	return ids, nil
}
