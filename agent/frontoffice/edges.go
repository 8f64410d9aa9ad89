package frontoffice

import (
	"bytes"
	"io"
)

// edges looks for what stands before the first boundary of a multipart body or after the last one: readers pass over it,
// and whoever has sent a part there would never know.
type edges struct {
	r           io.Reader
	first, last []byte // the boundaries: how the body begins, and what ends it
	tail        []byte // of what has come, as much as may be the beginning of one
	begun, over bool
	stray       bool
}

func (e *edges) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.look(b[:n])
	return n, err
}

func (e *edges) look(b []byte) {
	if e.over {
		e.blank(b)
		return
	}
	e.tail = append(e.tail, b...)
	if !e.begun {
		text := bytes.TrimLeft(e.tail, " \t\r\n")
		if len(text) < len(e.first) {
			return
		}
		e.begun = true
		e.stray = !bytes.HasPrefix(text, e.first)
	}
	if at := bytes.Index(e.tail, e.last); at >= 0 {
		e.over = true
		e.blank(e.tail[at+len(e.last):])
		return
	}
	keep := min(len(e.tail), len(e.last)-1)
	e.tail = append(e.tail[:0], e.tail[len(e.tail)-keep:]...)
}

func (e *edges) blank(b []byte) { e.stray = e.stray || len(bytes.TrimSpace(b)) > 0 }
