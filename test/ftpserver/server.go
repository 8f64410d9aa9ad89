// Package ftpserver is a small FTP server (a subset of RFC 959, 2428 and 4217) over a local folder, for
// tests and the demo. Faults can be switched on: a transfer cut in the middle, an answer lost after a
// rename, a full disk. It serves one user and no symbolic links, and is not fit for anything else.
package ftpserver

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// Config says what to serve.
type Config struct {
	Root     string      // local folder that is the server's root
	User     string      // the only user
	Password string      //
	TLS      *tls.Config // nil: AUTH is refused; else it is demanded before login
	Addr     string      // address to listen on; empty: a free port of the loopback
	Habits   Habits      // how it speaks, where it does not speak like vsftpd
}

// Faults are switched on while a server runs. Counters are consumed as they strike.
type Faults struct {
	CutStore        int64  // cut control and data connection after so many bytes of the next STOR; 0: never
	TruncateStore   int64  // keep only so many bytes of the next STOR and say that all is well; 0: never
	CorruptStore    bool   // change a byte of every STOR and say that all is well
	FullStore       bool   // answer every STOR with 452
	LoseRename      int    // so many renames happen but are not answered: the connection is cut
	CutBeforeRename int    // so many renames do not happen and are not answered
	LieRename       bool   // RNTO is answered as if it had worked, and nothing happens
	RefuseRename    string // RNTO to a name that ends so is a 550
	RefuseOverwrite bool   // RNTO over an existing file is a 550, as ProFTPD does; else it overwrites, as vsftpd does
	NoSize          bool   // SIZE is not known
	RefuseLogin     bool   // every login fails
	Silent          bool   // no command is answered any more
	NoEnd           string // the verb whose transfers end without an answer
	RefuseReturn    int    // so many CWD back into the folder of the first login are a 550
	TakeAfterRename bool   // a renamed file disappears at once, as if the host had fetched it
}

// Server is a running server.
type Server struct {
	cfg Config
	l   net.Listener
	wg  sync.WaitGroup

	mu     sync.Mutex
	faults Faults
	log    []string
	conns  map[net.Conn]struct{}
	closed bool
}

// Start listens and serves until Close.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if err := os.MkdirAll(cfg.Root, 0o770); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, l: l, conns: map[net.Conn]struct{}{}}
	s.wg.Go(s.accept)
	return s, nil
}

// Addr returns host:port.
func (s *Server) Addr() string { return s.l.Addr().String() }

// Root returns the local folder that is served.
func (s *Server) Root() string { return s.cfg.Root }

// SetFaults replaces the faults.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Commands returns the commands received so far, passwords left out.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// Close stops listening, cuts all connections and waits for them. It may be called twice.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	err := s.l.Close()
	s.cut()
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// Cut cuts all open connections; new ones are accepted.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut()
}

func (s *Server) cut() {
	for c := range s.conns {
		_ = c.Close()
	}
}

func (s *Server) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		if !s.track(c) {
			return
		}
		s.wg.Go(func() {
			defer s.untrack(c)
			(&session{s: s, conn: c, dir: "/"}).serve()
		})
	}
}

func (s *Server) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) untrack(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// fault reads and changes the faults under the lock.
func (s *Server) fault(f func(*Faults) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.faults)
}

func (s *Server) note(command string) {
	if strings.HasPrefix(command, "PASS") {
		command = "PASS"
	}
	s.mu.Lock()
	s.log = append(s.log, command)
	s.mu.Unlock()
}

// local turns a server path into one below the root; it cannot leave it.
func (s *Server) local(dir, p string) (string, string) {
	if !path.IsAbs(p) {
		p = path.Join(dir, p)
	}
	p = path.Clean("/" + p)
	if s.cfg.Habits.Upper && path.Dir(p) != "/" {
		p = path.Join(path.Dir(p), strings.ToUpper(path.Base(p)))
	}
	return p, filepath.Join(s.cfg.Root, filepath.FromSlash(p))
}
