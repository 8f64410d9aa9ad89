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

	"github.com/inbasket/inbasket/connectors"
)

// keyName is the file in the state folder that names port and key. Who can read it may give orders: the
// installer closes the state folder to all but the service and administrators.
const keyName = "control.key"

// Listener accepts orders.
type Listener struct {
	net.Listener
	key  string
	path string
}

// Listen listens on a free loopback port and writes port and key beside the journal. Windows has Unix
// sockets, but no rights on them that Go can set; group is not used.
func Listen(state, group string) (*Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, listenError(err)
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, errors.Join(listenError(err), l.Close())
	}
	out := &Listener{Listener: l, key: hex.EncodeToString(b[:]), path: filepath.Join(state, keyName)}
	if err := os.WriteFile(out.path, []byte(l.Addr().String()+"\n"+out.key+"\n"), 0o600); err != nil {
		return nil, errors.Join(listenError(err), l.Close())
	}
	return out, nil
}

// Address returns where the listener listens, for people.
func (l *Listener) Address() string { return l.Addr().String() }

// Close stops listening and removes the key. Closing twice is fine.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return errors.Join(err, os.Remove(l.path))
}

func listenError(err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen for orders", Hint: "look at the rights of the state folder", Err: err}
}

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
