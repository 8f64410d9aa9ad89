package frontoffice

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// lookEvery is how often the files of a certificate are looked at, when there are handshakes at all.
const lookEvery = 5 * time.Second

// certificates gives the certificate that its files hold now. A renewed one is taken without a restart; a
// half-written or wrong one is not, and the old one stays in force.
type certificates struct {
	config ListenConfig
	clock  connectors.Clock
	notify func(connectors.Notice)

	mu     sync.Mutex
	cert   *tls.Certificate
	stamp  [2]stamp
	looked time.Time
	failed [2]stamp // told already
}

type stamp struct {
	size int64
	at   time.Time
}

// load reads both files.
func (c *certificates) load() error {
	s, err := c.stamps()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.config.Certificate, c.config.Key)
	if err != nil {
		return err
	}
	c.cert, c.stamp, c.looked = &pair, s, c.clock.Now()
	return nil
}

func (c *certificates) stamps() (s [2]stamp, err error) {
	for i, name := range []string{c.config.Certificate, c.config.Key} {
		st, err := os.Stat(name)
		if err != nil {
			return s, err
		}
		s[i] = stamp{st.Size(), st.ModTime()}
	}
	return s, nil
}

// get is called by each handshake.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if since := now.Sub(c.looked); since < 0 || since >= lookEvery {
		c.looked = now
		if s, err := c.stamps(); err != nil || s != c.stamp {
			if err := c.load(); err != nil && (s != c.failed || s == [2]stamp{}) {
				c.failed = s
				c.notify(connectors.Notice{Code: CodeCertificate, Text: "the new certificate or key cannot be used; the old one stays in force"})
			}
		}
	}
	return c.cert, nil
}

// until tells how long the certificate of the files is valid, also when nobody has connected for a while.
func (c *certificates) until() time.Time {
	cert, err := c.get(nil)
	if err != nil || cert == nil || cert.Leaf == nil {
		return time.Time{}
	}
	return cert.Leaf.NotAfter
}
