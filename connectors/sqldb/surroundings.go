package sqldb

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Surroundings names the folder of a database file, certificates, and the server where the discrete fields say
// that the connection is encrypted; what a DSN says only its driver knows.
func (c *Config) Surroundings(e connectors.Env, typ string) connectors.Surroundings {
	var s connectors.Surroundings
	if file := c.file(); file != "" {
		// SQLite makes its own journal beside the file, so the folder must be writable as well.
		s.Folders = append(s.Folders, connectors.WorkFolder{Path: filepath.Dir(e.Path(file)), Use: "database", Write: true, Holds: e.Path(c.Path)})
	}
	if filepath.IsAbs(c.Host) {
		s.Folders = append(s.Folders, connectors.WorkFolder{Path: c.Host, Use: "socket"})
	}
	s.Certificates = c.TLS.Surroundings(e)
	if c.Host == "" || filepath.IsAbs(c.Host) || c.TLS.Mode == "" || c.TLS.Mode == "disable" {
		return s
	}
	if port, greet := c.greeting(typ); port > 0 {
		s.Peers = append(s.Peers, connectors.Peer{Address: net.JoinHostPort(c.Host, strconv.Itoa(port)), Name: c.Host, Greet: greet})
	}
	return s
}

// file returns the path of a SQLite database, also out of a DSN; empty for everything else.
func (c *Config) file() string {
	if c.Path != "" || c.DSN == "" {
		return c.Path
	}
	name, isFile := strings.CutPrefix(c.DSN, "file:")
	if !isFile {
		return ""
	}
	name, _, _ = strings.Cut(name, "?")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if rest, ok := strings.CutPrefix(name, "//"); ok { // an authority: empty or localhost
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			name = rest[i:]
		}
	}
	if name == ":memory:" {
		return ""
	}
	return name
}

// greeting returns the server's port and how encryption is asked for.
func (c *Config) greeting(typ string) (port int, greet func(net.Conn) error) {
	switch typ {
	case "postgres":
		port, greet = 5432, greetPostgres
	case "mariadb", "mysql":
		port, greet = 3306, greetMariaDB
	default:
		return 0, nil
	}
	if c.Port > 0 {
		port = c.Port
	}
	return port, greet
}

// greetPostgres asks for encryption (SSLRequest).
func greetPostgres(conn net.Conn) error {
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return errors.New("the server does not encrypt")
	}
	return nil
}

// maxGreeting bounds what a MariaDB server says first, in bytes.
const maxGreeting = 4 << 10

// greetMariaDB reads the server's greeting and asks for encryption.
func greetMariaDB(conn net.Conn) error {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if size > maxGreeting {
		return errors.New("the server's greeting is too long")
	}
	if _, err := io.CopyN(io.Discard, conn, int64(size)); err != nil {
		return err
	}
	const clientSSL, protocol41, secureConnection = 0x800, 0x200, 0x8000
	packet := make([]byte, 4+32)
	packet[0], packet[3] = 32, head[3]+1
	binary.LittleEndian.PutUint32(packet[4:], clientSSL|protocol41|secureConnection)
	binary.LittleEndian.PutUint32(packet[8:], 1<<24)
	packet[12] = 45 // utf8mb4
	_, err := conn.Write(packet)
	return err
}
