//go:build !windows

package control

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/inbasket/inbasket/connectors"
)

// SocketName is the name of the socket in the state folder.
const SocketName = "control.sock"

// Listen makes the socket in the state folder: for the agent's account only, or also for a group. The
// caller must hold the journal: a socket that lies there is taken for one that a killed agent left behind.
func Listen(state, group string) (*Server, error) {
	path := filepath.Join(state, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, listenError(err)
	}
	l, err := throughFolder(state, func(short string) (net.Listener, error) {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		if err != nil {
			return nil, err
		}
		l.SetUnlinkOnClose(false) // by the short name; Close removes it by the real one
		return l, nil
	})
	if err != nil {
		return nil, listenError(err)
	}
	if err := permit(path, group); err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(path))
	}
	return &Server{listener: l, path: path}, nil
}

// Addr returns where the server listens, for people.
func (s *Server) Addr() string { return s.path }

// permit sets owner rights, or also those of a group.
func permit(path, group string) error {
	if group == "" {
		if err := os.Chmod(path, 0o600); err != nil {
			return listenError(err)
		}
		return nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeGroup, Op: "let the group " + group + " give orders", Hint: "make the group, or correct control.group", Err: err}
	}
	id, err := strconv.Atoi(g.Gid)
	if err == nil {
		err = os.Chown(path, -1, id)
	}
	if err == nil {
		err = os.Chmod(path, 0o660)
	}
	if err != nil {
		return listenError(err)
	}
	return nil
}

func dial(ctx context.Context, state string) (net.Conn, error) {
	return throughFolder(state, func(short string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", short)
	})
}

// maxSocketPath is what fits into sockaddr_un everywhere, in bytes.
const maxSocketPath = 100

// throughFolder calls f with a path of the socket that is short enough for the system: a deep state
// folder is reached through its open descriptor, which Linux shows under /proc.
func throughFolder[T any](state string, f func(path string) (T, error)) (T, error) {
	path := filepath.Join(state, SocketName)
	if len(path) <= maxSocketPath {
		return f(path)
	}
	dir, err := os.Open(state)
	if err != nil {
		var zero T
		return zero, err
	}
	defer dir.Close()
	return f("/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + SocketName)
}

func readKey(string) (string, error) { return "", nil }
