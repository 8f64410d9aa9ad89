package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
)

func TestBackupIsStreamed(t *testing.T) {
	f := &fake{stream: []byte("a backup")}
	c, _ := serve(t, f)
	var b bytes.Buffer
	if err := c.Backup(t.Context(), &b); err != nil || b.String() != "a backup" {
		t.Fatal(b.String(), err)
	}
	if f.got[0].(BackupRequest).By == "" {
		t.Fatalf("%+v", f.got)
	}
}

// TestBackupBreaksOff tells why a backup ended, before its first byte and after it.
func TestBackupBreaksOff(t *testing.T) {
	for _, stream := range []string{"", "half of a backup"} {
		c, _ := serve(t, &fake{stream: []byte(stream), err: &Error{Code: "backup.state", Message: "no", Status: 500}})
		err := c.Backup(context.Background(), io.Discard)
		var e *Error
		if !errors.As(err, &e) || e.Code != "backup.state" {
			t.Fatal(stream, err)
		}
	}
}
