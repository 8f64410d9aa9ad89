package servers

import (
	"os"
)

// FTPOptions say how vsftpd is started.
type FTPOptions struct {
	TLS      bool     // explicit TLS demanded for commands and data, with session reuse as vsftpd's default is
	Settings []string // further lines of vsftpd.conf, such as max_clients=1
}

// FTP is a running vsftpd.
type FTP struct {
	Addr     string // 127.0.0.1:PORT, the same after Stop and Start
	User     string
	Password string // another one is refused
	Dir      string // the folder that clients may write into, /IN; vsftpd refuses a writable /
	Root     string // the local folder that clients see as Dir
	CAFile   string // PEM of the CA that signed the server's certificate; empty without TLS

	dir  string
	proc *process
}

// Start starts the server again after Stop or Kill and waits until it greets.
func (f *FTP) Start() error {
	if err := f.proc.start(); err != nil {
		return err
	}
	return until(f.proc, f.greets)
}

// Stop ends the server; sessions that are open are cut.
func (f *FTP) Stop() { f.proc.kill() }

// Kill is Stop: vsftpd knows no way to end in order.
func (f *FTP) Kill() { f.proc.kill() }

// Close ends the server and removes its folder with the root.
func (f *FTP) Close() {
	f.proc.kill()
	os.RemoveAll(f.dir)
}
