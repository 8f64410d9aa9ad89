package wire

import (
	"bytes"
	"errors"
	"io"
)

// Gate lets only so many bytes through while the head of a part is read; the reader of a part itself is
// bounded on its own.
type Gate struct {
	R    io.Reader
	Left int64 // -1: open
}

// Read reads what is left.
func (g *Gate) Read(b []byte) (int, error) {
	if g.Left < 0 {
		return g.R.Read(b)
	}
	if g.Left == 0 {
		return 0, ErrHead
	}
	if int64(len(b)) > g.Left {
		b = b[:g.Left]
	}
	n, err := g.R.Read(b)
	g.Left -= int64(n)
	return n, err
}

// ErrHead is what a Gate fails with.
var ErrHead = errors.New("head of a part is too long")

// Edges looks for what stands before the first boundary of a multipart body or after the last one: readers pass over it,
// and whoever has sent a part there would never know.
type Edges struct {
	R           io.Reader
	First, Last []byte // the boundaries: how the body begins, and what ends it
	tail        []byte // of what has come, as much as may be the beginning of one
	begun, over bool
	Stray       bool
}

// Read looks at what is read.
func (e *Edges) Read(b []byte) (int, error) {
	n, err := e.R.Read(b)
	e.look(b[:n])
	return n, err
}

func (e *Edges) look(b []byte) {
	if e.over {
		e.blank(b)
		return
	}
	e.tail = append(e.tail, b...)
	if !e.begun {
		text := bytes.TrimLeft(e.tail, " \t\r\n")
		if len(text) < len(e.First) {
			return
		}
		e.begun = true
		e.Stray = !bytes.HasPrefix(text, e.First)
	}
	if at := bytes.Index(e.tail, e.Last); at >= 0 {
		e.over = true
		e.blank(e.tail[at+len(e.Last):])
		return
	}
	keep := min(len(e.tail), len(e.Last)-1)
	e.tail = append(e.tail[:0], e.tail[len(e.tail)-keep:]...)
}

func (e *Edges) blank(b []byte) { e.Stray = e.Stray || len(bytes.TrimSpace(b)) > 0 }
