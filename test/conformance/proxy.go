package conformance

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a connector and a server and cuts the line where a test says. It reads what the
// connector sends, so it is of no use over TLS.
type Proxy struct {
	Addr string

	server string
	l      net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	down  bool
	cut   *cut
	conns map[net.Conn]bool
}

// cut says where the line is cut once.
type cut struct {
	word  []byte // in lower case
	after bool   // only when the server has done and answered it
	fired bool
}

// NewProxy returns a proxy before the server's address; it is closed with the test.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), server: server, l: l, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		p.l.Close()
		p.Down()
		p.wg.Wait()
	})
	return p
}

// CutBefore cuts the connection on which the word is sent next, before the server gets it.
func (p *Proxy) CutBefore(word string) { p.set(&cut{word: []byte(strings.ToLower(word))}) }

// CutAfter cuts the connection on which the word is sent next, when the server has answered but before
// the answer gets through.
func (p *Proxy) CutAfter(word string) {
	p.set(&cut{word: []byte(strings.ToLower(word)), after: true})
}

func (p *Proxy) set(c *cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = c
}

// Fired tells whether the cut that was asked for has happened.
func (p *Proxy) Fired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut != nil && p.cut.fired
}

// Down cuts every connection and lets no new one through.
func (p *Proxy) Down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.conns {
		c.Close()
	}
}

// Up lets connections through again.
func (p *Proxy) Up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

func (p *Proxy) accept() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

// hold registers an open connection; it returns false when the line is down.
func (p *Proxy) hold(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	if !p.hold(client) {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer p.drop(server)
	if !p.hold(server) {
		return
	}
	muted := make(chan struct{})
	var mute sync.Once
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer client.Close()
		back(client, server, muted)
	}()
	p.forth(client, server, func() { mute.Do(func() { close(muted) }) })
	server.Close()
	client.Close()
	<-done
}

// forth carries what the client sends and looks for the word to cut at.
func (p *Proxy) forth(client, server net.Conn, mute func()) {
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if n > 0 {
			c := p.hit(buf[:n])
			if c != nil && !c.after {
				return
			}
			if c != nil {
				mute()
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
			if c != nil {
				// The server gets the time to do it; nothing tells a proxy when that is over.
				time.Sleep(150 * time.Millisecond)
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) hit(b []byte) *cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil || p.cut.fired || !bytes.Contains(bytes.ToLower(b), p.cut.word) {
		return nil
	}
	p.cut.fired = true
	return p.cut
}

// back carries what the server answers; once muted, answers are swallowed.
func back(client io.Writer, server io.Reader, muted <-chan struct{}) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-muted:
			continue
		default:
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
