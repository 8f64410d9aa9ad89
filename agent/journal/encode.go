package journal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// Verdict is why a submission is parked or rejected, as its row keeps it. Raw is apart, because the
// JSON of a Reason leaves it out.
type Verdict struct {
	Reason *Reason      `json:"reason,omitempty"`
	Raw    string       `json:"raw,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
}

// EncodeReason keeps why something waits or was refused.
func EncodeReason(r *Reason) engine.Optional {
	if r == nil {
		return ""
	}
	return EncodeVerdict(Verdict{Reason: r})
}

// EncodeVerdict keeps nothing apart from what a verdict says.
func EncodeVerdict(v Verdict) engine.Optional {
	if v.Reason != nil {
		v.Raw = v.Reason.Raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "" // impossible: texts only
	}
	return engine.Optional(b)
}

// DecodeVerdict reads what EncodeVerdict wrote; nothing where it cannot.
func DecodeVerdict(s string) (v Verdict) {
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

// EncodeReturned keeps what a target returned.
func EncodeReturned(m map[string]connectors.Value) (engine.Optional, error) {
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
	content, err := io.ReadAll(io.LimitReader(r, maxReturned+1))
	if err = errors.Join(err, r.Close()); err == nil && len(content) > maxReturned {
		err = fmt.Errorf("larger than %d bytes", maxReturned)
	}
	return content, err
}

// DecodeReturned adds to what other targets returned what this one did.
func DecodeReturned(s string, into map[string]connectors.Value) (map[string]connectors.Value, error) {
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

// EncodeFiles keeps nothing for no files.
func EncodeFiles(files []File) (engine.Optional, error) {
	if len(files) == 0 {
		return "", nil
	}
	b, err := json.Marshal(files)
	return engine.Optional(b), err
}

// EncodeIDs keeps the members of a batch as differences: a few bytes each.
func EncodeIDs(ids []ID) []byte {
	b := make([]byte, 0, 5*len(ids))
	var last ID
	for _, id := range ids {
		b = binary.AppendVarint(b, int64(id-last))
		last = id
	}
	return b
}

// DecodeIDs reads what EncodeIDs wrote.
func DecodeIDs(b []byte) (ids []ID, err error) {
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
