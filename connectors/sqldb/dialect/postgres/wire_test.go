package postgres

import (
	"bytes"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What is sent to PostgreSQL gathers in one buffer from one transaction to the next, and arrives as it was.
func TestWireIsKept(t *testing.T) {
	var w wire
	value := bytes.Repeat([]byte("x"), 10_000)
	send := func(to io.Writer) {
		f := pgproto3.NewFrontend(nil, to)
		for range 20 {
			w.more = len(value) + 256
			f.Send(&w)
			f.SendBind(&pgproto3.Bind{Parameters: [][]byte{value}})
		}
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	var plain, kept bytes.Buffer
	f := pgproto3.NewFrontend(nil, &plain)
	for range 20 {
		f.SendBind(&pgproto3.Bind{Parameters: [][]byte{value}})
	}
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if send(&kept); !bytes.Equal(plain.Bytes(), kept.Bytes()) {
		t.Fatal("other bytes were sent")
	}
	before := cap(w.kept)
	if send(io.Discard); cap(w.kept) != before {
		t.Errorf("the buffer grew from %d to %d bytes for the same", before, cap(w.kept))
	}
}
