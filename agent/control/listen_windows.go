package control

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// keyName is the file in the state folder that names port and key. Who can read it may give orders: the
// installer closes the state folder to all but the service and administrators.
const keyName = "control.key"

// Listen listens on a free loopback port and writes port and key beside the journal. Windows has Unix
// sockets, but no rights on them that Go can set; group is not used.
func Listen(state, group string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, listenError(err)
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, errors.Join(listenError(err), l.Close())
	}
	out := &Server{listener: l, key: hex.EncodeToString(b[:]), path: filepath.Join(state, keyName)}
	if err := os.WriteFile(out.path, []byte(l.Addr().String()+"\n"+out.key+"\n"), 0o600); err != nil {
		return nil, errors.Join(listenError(err), l.Close())
	}
	return out, nil
}

// Addr returns where the server listens, for people.
func (s *Server) Addr() string { return s.listener.Addr().String() }

func dial(ctx context.Context, state string) (net.Conn, error) {
	address, _, err := readFile(state)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

func readKey(state string) (string, error) {
	_, key, err := readFile(state)
	return key, err
}

func readFile(state string) (address, key string, err error) {
	b, err := os.ReadFile(filepath.Join(state, keyName))
	if err != nil {
		return "", "", err
	}
	address, key, _ = strings.Cut(strings.TrimSpace(string(b)), "\n")
	return strings.TrimSpace(address), strings.TrimSpace(key), nil
}
