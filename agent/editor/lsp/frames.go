package lsp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"
)

// maxMessage bounds what an editor may send at once: what says more is no editor.
const maxMessage = 64 << 20

var errFrame = errors.New("this is no message of an editor: Content-Length is missing or wrong")

// frames are messages, each behind a head with its length.
type frames struct {
	in  *bufio.Reader
	out io.Writer
	mu  sync.Mutex // of out
}

// Recv reads one message.
func (f *frames) Recv() ([]byte, error) {
	head, err := textproto.NewReader(f.in).ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(head.Get("Content-Length"))
	if err != nil || n < 0 || n > maxMessage {
		return nil, errFrame
	}
	message := make([]byte, n)
	_, err = io.ReadFull(f.in, message)
	return message, err
}

// Send writes one message.
func (f *frames) Send(message []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := fmt.Fprintf(f.out, "Content-Length: %d\r\n\r\n", len(message)); err != nil {
		return err
	}
	_, err := f.out.Write(message)
	return err
}

// Close does nothing: input and output are the process's.
func (*frames) Close() error { return nil }
