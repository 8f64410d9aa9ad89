//go:build !linux

package servers

import "os/exec"

// process stands in for systems where no servers are started.
type process struct{}

func (*process) start() error { return ErrMissing }
func (*process) stop()        {}
func (*process) kill()        {}
func (*process) exited() bool { return true }
func (*process) tail() string { return "" }

func (*FTP) greets() error { return ErrMissing }

func alive(int) bool { return true }

// StartPostgreSQL works on Linux only.
func StartPostgreSQL(Options) (*Database, error) { return nil, missing() }

// StartMariaDB works on Linux only.
func StartMariaDB(Options) (*Database, error) { return nil, missing() }

// StartPgBouncer works on Linux only.
func StartPgBouncer(string, PgBouncerOptions) (*PgBouncer, error) { return nil, missing() }

// Close ends it and removes its folder.
func (*PgBouncer) Close() {}

// StartVSFTPD works on Linux only.
func StartVSFTPD(FTPOptions) (*FTP, error) { return nil, missing() }

// StartPostfix works on Linux only.
func StartPostfix() (*Mail, error) { return nil, missing() }

// Close ends it and removes its folder.
func (*Mail) Close() {}

// Received works on Linux only.
func (*Mail) Received() ([]string, error) { return nil, missing() }

func missing() error { return &exec.Error{Name: "server", Err: ErrMissing} }
