package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// pipeline begins one. What a large transaction was sent from is not kept.
func (s *Session) pipeline(ctx context.Context) *pgconn.Pipeline {
	if cap(s.wire.kept) > maxKeptWire {
		s.wire.kept = nil
	}
	return s.Conn.StartPipeline(ctx)
}

// makeRoom has what is sent gather in a buffer that is kept from one transaction to the next: pgx begins each with a small
// one, and lets it grow by quarters.
func (s *Session) makeRoom(sql int, args [][]byte) {
	n := sql + 256
	for _, a := range args {
		n += len(a) + 4
	}
	s.wire.more = n
	s.Conn.Frontend().Send(&s.wire)
}

// maxKeptWire bounds what a connection keeps for the next transaction.
const maxKeptWire = 1 << 20

// wire is no message: it gives pgx a buffer with room for the next one.
type wire struct {
	kept []byte
	more int
}

// Frontend makes it one that a client sends.
func (w *wire) Frontend() {}

// Decode is for what comes.
func (w *wire) Decode([]byte) error { return errors.New("this is never received") }

// Encode returns what was to be sent in a buffer that has room for more.
func (w *wire) Encode(b []byte) ([]byte, error) {
	need := len(b) + w.more
	if need <= cap(b) {
		return b, nil
	}
	if need > cap(w.kept) {
		w.kept = make([]byte, 0, max(need, 2*cap(w.kept)))
	}
	return append(w.kept[:0], b...), nil
}
