package dialect

import (
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Surroundings names the folder of a database file, certificates, and the server where the discrete fields say
// that the connection is encrypted; what a DSN says only its driver knows.
func (c *Config) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	var s connectors.Surroundings
	if file := c.File(); file != "" {
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
	if c.kind != nil && c.kind.Greet != nil {
		s.Peers = append(s.Peers, connectors.Peer{Address: net.JoinHostPort(c.Host, strconv.Itoa(cmp.Or(c.Port, c.kind.Port))), Name: c.Host, Greet: c.kind.Greet})
	}
	return s
}

// File returns the path of a SQLite database, also out of a DSN; empty for everything else.
func (c *Config) File() string {
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
