package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"
)

func (f *fake) Backup(_ context.Context, r BackupRequest, w io.Writer) error {
	if _, err := w.Write(f.stream); err != nil {
		return err
	}
	return f.keep(r)
}

func (f *fake) BackedUp(_ context.Context, r BackedUpRequest) error { return f.keep(r) }

func (f *fake) Restored(_ context.Context, r RestoredRequest) (Restored, error) {
	return Restored{File: "x.tar", Targets: []RestoredTarget{{Name: "register", Lost: 3}}}, f.keep(r)
}

func (f *fake) EndHold(_ context.Context, r EndHoldRequest) (Restored, error) {
	return Restored{By: r.By}, f.keep(r)
}

func TestRestoreOrders(t *testing.T) {
	op := &fake{stream: []byte("a backup")}
	c, _ := serve(t, op)
	ctx := context.Background()
	var b bytes.Buffer
	if err := c.Backup(ctx, &b); err != nil || b.String() != "a backup" {
		t.Fatal(b.String(), err)
	}
	made := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	if err := c.BackedUp(ctx, BackedUpRequest{Made: made}); err != nil {
		t.Fatal(err)
	}
	if x, err := c.Restored(ctx, RestoredRequest{Again: true}); err != nil || x.File != "x.tar" || x.Targets[0].Lost != 3 {
		t.Fatal(x, err)
	}
	said := EndHoldRequest{Seqs: map[string]int64{"mainframe": 7}, TrustAbsent: []string{"drop"}, AcceptSeq: []string{"a"}, WithoutEvidence: []string{"b"}}
	if x, err := c.EndHold(ctx, said); err != nil || x.By == "" {
		t.Fatal(x, err)
	}
	last := op.got[len(op.got)-1].(EndHoldRequest)
	if last.By == "" || op.got[0].(BackupRequest).By == "" || !op.got[1].(BackedUpRequest).Made.Equal(made) {
		t.Fatalf("%+v", op.got)
	}
	if last.By = ""; !reflect.DeepEqual(last, said) {
		t.Fatalf("%+v", last)
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
