package system

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// codeLogClosed is on record when the log goes on in a file.
const codeLogClosed = "agent.log-closed" // nobody reads the log on standard error any more; it goes on in log/inbasket.log of the state folder; set log.file, or start it under a service manager

// pipeLog is the log on standard error. Whoever reads it may go away, as in inbasket run 2>&1 | head: that must not
// end the agent. The log then goes on in a file of the state folder, whose first line says so.
type pipeLog struct {
	out  io.Writer
	file string // where it goes on
	mu   sync.Mutex
	next *logFile
}

// NewPipeLog makes the log on standard error of an agent with a state folder.
func NewPipeLog(out io.Writer, state string) io.WriteCloser {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a write then fails instead of killing the process
	return &pipeLog{out: out, file: filepath.Join(state, "log", "inbasket.log")}
}

// Write writes one entry; what nobody takes any more goes to the file, and never comes back as an error.
func (p *pipeLog) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		n, err := p.out.Write(b)
		if err == nil {
			return n, nil
		}
		next, err := openFile(p.file)
		if err != nil {
			return len(b), nil // there is no place left to say so
		}
		p.next = next
		_, _ = fmt.Fprintf(next, "{\"level\":\"warn\",\"code\":%q,\"time\":%q,\"message\":\"nobody reads the log on standard error any more; it goes on in this file\"}\n",
			codeLogClosed, time.Now().Format(time.RFC3339))
	}
	_, _ = p.next.Write(b)
	return len(b), nil
}

// Close closes the file, if the log goes on in one.
func (p *pipeLog) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		return nil
	}
	return p.next.Close()
}
