package control

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

func TestFormsAreStreamed(t *testing.T) {
	op := &fake{}
	c, _ := serve(t, op)
	for _, name := range []string{"", "Bauplan größer.pdf"} {
		var got Form
		var b bytes.Buffer
		err := c.Form(t.Context(), FormRequest{ID: 7, Attachment: name}, func(f Form) (io.Writer, error) { got = f; return &b, nil })
		if err != nil || b.String() != "what a citizen wrote" || got.Name != name || got.ContentType != "text/plain" || got.Blob.Size != int64(b.Len()) {
			t.Fatalf("%+v %q %v", got, b.String(), err)
		}
		r, ok := op.got[len(op.got)-1].(FormRequest)
		if !ok || r.By == "" || r.ID != 7 {
			t.Fatalf("%+v", op.got)
		}
	}
	op.err = &journal.PurgedError{Tombstone: journal.Tombstone{ID: 7, Was: journal.Closed, Purged: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}}
	err := c.Form(t.Context(), FormRequest{ID: 7}, func(Form) (io.Writer, error) { t.Error("asked for a place to write"); return nil, nil })
	var e *Error
	if !errors.As(err, &e) || e.Code != journal.CodePurged || !strings.Contains(e.Message, "was purged on 2026-11-22") {
		t.Fatalf("%v", err)
	}
}
